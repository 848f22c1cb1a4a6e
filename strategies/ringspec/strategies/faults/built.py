"""Faults whose values are built: out of bounds, and of choices; and forbidden values.

Bounds are missed by one and by far. Of a choice no branch is taken, or more than one: a
value is changed as little as possible to fit other shapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from math import ceil, floor

from ringspec.spec.assertions import constants
from ringspec.spec.forms import read_as
from ringspec.spec.plain import matching
from ringspec.spec.schemas import ITEM
from ringspec.spec.values import Json, edit, kind_of, same
from ringspec.strategies.faults.fault import Fault, Spot
from ringspec.strategies.shapes.build import (
    ASTRAL,
    LONGEST,
    MOST_ITEMS,
    MOST_WIDE,
    Builder,
    Unfit,
    another,
    fitted,
    json_number,
    sibling_id,
    with_examples,
)
from ringspec.strategies.shapes.compile import compile_schema, negate
from ringspec.strategies.shapes.shape import (
    ANYTHING,
    OTHERS,
    Alternatives,
    Shape,
    admitted,
    meet,
)

# Wrong numbers of items are tried one by one up to here.
_NEAR = 3
# Most shapes tried: choices of many branches can fail in very many ways.
_TRIED = 40
# Most other branches of a choice that a value is made to fit.
_FEW = 8
# A value of each kind that a choice may not have.
_KINDS: tuple[Json, ...] = (7, "text", False, ["text"], {"value": "text"}, None)
# Most differences yielded.
_SHOWN = 8


def out_of_range(spot: Spot) -> Iterator[Fault]:
    """Break a bound of numbers: by the next number, and by one far away."""
    keyword, value = spot.assertion.keyword, spot.assertion.value
    is_most = keyword in {"maximum", "exclusiveMaximum"}
    if abs(value) <= 1e300:  # beyond, JSON readers differ on numbers
        # Downwards as upwards, of the opposite numbers.
        sign = 1 if is_most else -1
        bound, kinds = sign * Fraction(str(value)), {e.kind for e in spot.shapes()}
        # Numbers between the steps break another rule too.
        whole = "integer" in kinds and "number" not in kinds
        step = Fraction(str(spot.node.get("multipleOf", int(whole))))
        if keyword.startswith("exclusive"):
            over = ceil(bound / step) * step if step else bound
        else:
            over = (floor(bound / step) + 1) * step if step else bound + 1
        near = json_number(sign * over)
        yield spot.put(str(near), near, everywhere=True)
        far = abs(bound) * 10 + 7 * (step or 1)
        if not is_most:
            far = bound + 1000 * (step or 1)
        far = far // step * step if step else far
        yield spot.put("far-above" if is_most else "far-below", json_number(sign * far))
    if not is_most and value > 1:
        # Often stands for "no limit".
        yield spot.put("zero", 0)


def multiples(spot: Spot) -> Iterator[Fault]:
    """Break `multipleOf`, also by what is a multiple of others there."""
    value, own = Fraction(str(spot.value)), Fraction(str(spot.assertion.value))
    for each in spot.bodies.contract.applicable:
        if each.keyword == "multipleOf" and each.instance == spot.assertion.instance:
            other = value + Fraction(str(each.value))
            if other % own:
                yield spot.put(f"next-of-{each.value}", json_number(other))
    yield spot.put("between", json_number(value + own / 2))
    yield spot.put("next", json_number(value + 1))


def too_short(spot: Spot) -> Iterator[Fault]:
    """Break `minLength`."""
    bound = spot.assertion.value
    if 0 < bound <= LONGEST:
        name = f"{bound - 1}-characters"
        for short in (spot.value[: bound - 1], *_formed(spot, bound - 1)):
            yield spot.put(name, short, everywhere=True)
        yield spot.put("empty", "")
        is_free = any(shape.is_free_text for shape in spot.shapes())
        is_ours = bool(spot.bodies.contract.catalogue.rules)
        if 1 < bound <= MOST_WIDE and is_free and not is_ours:
            # As many code units of UTF-16 as are asked for, or more.
            yield spot.put(f"{bound - 1}-wide-characters", ASTRAL * (bound - 1))


def too_long(spot: Spot) -> Iterator[Fault]:
    """Break `maxLength`."""
    near, far = spot.assertion.value + 1, spot.assertion.value * 10 + 7
    if near <= LONGEST:
        for long in (fitted(spot.value, near, near), *_formed(spot, near)):
            yield spot.put(f"{near}-characters", long, everywhere=True)
    if far <= LONGEST:
        yield spot.put("far-too-long", fitted(spot.value, far, far))


def _formed(spot: Spot, length: int) -> Iterator[str]:
    """Yield a text of a length that has the pattern, where cutting spoils it."""
    cut = fitted(spot.value, length, length)
    for shape in spot.shapes()[:1]:
        patterns = shape.own_patterns
        if (
            len(patterns) == 1
            and not re.search(patterns[0], cut)
            and (text := matching(patterns[0], length, length)) is not None
        ):
            yield text


def too_few(spot: Spot) -> Iterator[Fault]:
    """Break `minItems`."""
    size = len(spot.value)
    if size > MOST_ITEMS:
        return
    for wanted in range(spot.assertion.value - 1, -1, -1)[:_NEAR]:
        gone = range(size - 1, wanted - 1, -1)
        yield spot.drop(f"{wanted}-for-{min(size, _NEAR)}", *gone)


def too_many(spot: Spot) -> Iterator[Fault]:
    """Break `maxItems`."""
    size, most = len(spot.value), spot.assertion.value
    if most > MOST_ITEMS:
        return
    for wanted in range(most + 1, most + 1 + _NEAR):
        more: list[Json] = []
        for index in range(size, wanted):
            more.append(_another(spot, index, more))
        yield spot.add(f"{wanted}-for-{most}", *(("-", each) for each in more))
    if size == most > 0 and _another(spot, size, ()) != spot.value[-1]:
        # A value known to the target is repeated: only the count is wrong.
        yield spot.add("same-again", ("-", spot.value[-1]))


def _another(spot: Spot, index: int, more: Sequence[Json]) -> Json:
    """Return one more item, unlike the present ones if they have to differ."""
    shapes = spot.shapes(ITEM)
    if spot.node.get("uniqueItems"):
        present = [*spot.value, *more]
        listed = (v for each in shapes for v in each.choices() or ())
        new = [value for value in listed if value not in present]
        try:
            return new[0] if new else another(shapes, present[-1], present)
        except (Unfit, IndexError):
            return None
    if spot.value:
        last = spot.value[-1]
        if isinstance(last, str) and len(last) == 36:
            return sibling_id(last, index)
        return last
    examples = next((shape.examples for shape in shapes if shape.examples), (None,))
    return examples[index % len(examples)]


def too_few_members(spot: Spot) -> Iterator[Fault]:
    """Break `minProperties`."""
    wanted = spot.assertion.value - 1
    yield spot.drop(f"{wanted}-members", *list(spot.value)[wanted:])


def too_many_members(spot: Spot) -> Iterator[Fault]:
    """Break `maxProperties` by unknown members, and by described ones."""
    most = spot.assertion.value
    if most > MOST_ITEMS:
        return
    value = dict(spot.value)
    another = spot.value.get(OTHERS[0], "text")
    while len(value) <= most:
        value[f"member-{len(value)}"] = another
    yield spot.put(f"{len(value)}-members", value, everywhere=True)
    value = dict(spot.value)
    for shape in spot.shapes()[:1]:
        for name, shapes in shape.members.items():
            if name not in value and len(value) <= most:
                with suppress(Unfit):
                    value[name] = Builder().build(shapes)
    if len(value) > most:
        yield spot.put(f"{len(value)}-named-members", value)


def repeated(spot: Spot) -> Iterator[Fault]:
    """Break `contains`: one fitting item too many, or too few.

    The second one differs elsewhere, so that it is missed if whole items are compared.
    """
    fitting = compile_schema(spot.assertion.value)
    positions = {0: "first", len(spot.value) - 1: "last"} | {0: "first"}
    for index, item in enumerate(spot.value):
        if admitted(fitting, item):
            other = _differing(spot, item)
            name = f"again-at-the-end-{positions.get(index, 'middle')}"
            yield spot.add(name, ("-", other))
            yield spot.add("twice-in-a-row", (index, other))
            yield spot.add("same-again", ("-", item))
    yield from _lacking(spot, fitting)


def _lacking(spot: Spot, fitting: Alternatives) -> Iterator[Fault]:
    counted = [i for i, item in enumerate(spot.value) if admitted(fitting, item)]
    needed = spot.node.get("minContains", 1)
    gone = counted[: len(counted) - needed + 1]
    if len(counted) < needed or needed == 0 or len(gone) > MOST_ITEMS:
        return
    # In place of some, one that is not counted: a present one, else a new one.
    others = [item for i, item in enumerate(spot.value) if i not in counted]
    with suppress(Unfit):
        if not others:
            shapes = spot.shapes(ITEM) or ANYTHING
            others = [Builder().build(meet(shapes, negate(spot.assertion.value)))]
        patch = [edit("replace", (*spot.location, it), others[0]) for it in gone]
        yield Fault(name="too-few", patch=tuple(patch))
    yield spot.drop("fewer", *reversed(gone))


def _differing(spot: Spot, item: Json) -> Json:
    """Reverse a text of an item, if it may be any text; else leave the item."""
    for name, value in item.items() if isinstance(item, dict) else ():
        if isinstance(value, str) and len(value) >= 3:
            other = {**item, name: value[::-1]}
            if admitted(spot.shapes(ITEM), other):
                return other
    return item


def duplicated(spot: Spot) -> Iterator[Fault]:
    """Break `uniqueItems`."""
    if spot.value:
        yield spot.add("same-again", ("-", spot.value[0]))
    if len(spot.value) > 1:
        # If the array is full.
        last = (*spot.location, len(spot.value) - 1)
        patch = (edit("replace", last, spot.value[0]),)
        yield Fault(name="same-instead", patch=patch)


def none_of(spot: Spot) -> Iterator[Fault]:
    """Break `anyOf`: remove every member that a branch requires, or fit none."""
    if isinstance(spot.value, dict):
        named = {name for each in spot.assertion.value for name in _required(each)}
        present = [name for name in spot.value if name in named]
        if present:
            yield spot.drop("none", *present, everywhere=True)
    if spot.is_choice:
        for value in _KINDS:
            if kind_of(value) != kind_of(spot.value):
                yield spot.put(f"{kind_of(value)}-for-any", value)
        # The label of another branch.
        own = spot.value if isinstance(spot.value, dict) else {}
        for branch in spot.assertion.value[:_FEW]:
            for name, value in constants(branch).items():
                if own.get(name, value) != value:
                    patch = (edit("replace", (*spot.location, name), value),)
                    yield Fault(name=f"{name}-{value}", patch=patch)
    elif not _is_about_members(spot):
        yield from _bent("fits-none", spot, negate({"anyOf": spot.assertion.value}))


def not_one_of(spot: Spot) -> Iterator[Fault]:
    """Break `oneOf`: none of the branches, or two of them."""
    yield from none_of(spot)
    branches = spot.assertion.value
    if spot.is_choice:
        # What is chosen, beside some of the others: choices inside are taken first.
        own = spot.bodies.contract.chosen[spot.assertion.path]
        others = [each for n, each in enumerate(branches) if n != own][:_FEW]
        pairs = [(read_as(branches[own]), read_as(each)) for each in others]
    else:
        pairs = list(combinations(branches, 2))
    members = spot.node.get("properties", {})
    for left, right in pairs if isinstance(spot.value, dict) else ():
        wanted = [*_required(left), *_required(right)]
        added = {
            name: _built(compile_schema(members.get(name) or False))
            for name in wanted
            if name not in spot.value
        }
        if added and None not in added.values():
            name = "both" if len(pairs) == 1 else "-and-".join(wanted)
            yield spot.add(name, *added.items())
    for left, right in () if _is_about_members(spot) else pairs:
        shapes = (compile_schema(with_examples(each)) for each in (left, right))
        yield from _bent("fits-two", spot, meet(*shapes))


def excluded(spot: Spot) -> Iterator[Fault]:
    """Break `not`: fit it; or put in a member that must be absent.

    Then the spot is the object around the member.
    """
    if spot.assertion.value:
        shapes = compile_schema(with_examples(spot.assertion.value))
        yield from _bent("excluded", spot, shapes)
        return
    value = _built(spot.shapes(), "text")  # it may stand nowhere
    yield spot.add("given", (spot.assertion.instance[-1], value), everywhere=True)


def _required(branch: Json) -> list[str]:
    return list(branch.get("required", ())) if isinstance(branch, dict) else []


def _is_about_members(spot: Spot) -> bool:
    """Return whether the branches say only which members there are."""
    return all(
        isinstance(branch, dict)
        and {"required"} <= branch.keys() <= {"required", "type"}
        for branch in spot.assertion.value
    )


def _built(shapes: Alternatives, otherwise: Json = None) -> Json:
    with suppress(Unfit):
        return Builder().build(shapes)
    return otherwise


def _bent(name: str, spot: Spot, shapes: Alternatives) -> Iterator[Fault]:
    """Yield faults in which the value fits one of some shapes, by their difference."""
    found: set[str] = set()
    kind = kind_of(spot.value)
    for shape in sorted(shapes, key=lambda each: each.kind != kind)[:_TRIED]:
        try:
            value = _bend(spot, spot.value, shape)
        except Unfit:
            continue
        what = _difference(spot.value, value)
        if what and what not in found and len(found) < _SHOWN:
            found.add(what)
            yield spot.put(f"{name}-{what}", value, everywhere=True)


def _difference(old: Json, new: Json) -> str:
    """Name a difference in a word or two; empty if none."""
    if isinstance(old, dict) and isinstance(new, dict):
        lost = [f"without-{name}" for name in old if name not in new]
        other = [
            name for name in new if name not in old or not same(old[name], new[name])
        ]
        return "-".join([*lost, *other])
    return "" if same(old, new) else kind_of(new)


def _bend(spot: Spot, value: Json, shape: Shape) -> Json:
    if shape.kind == "object" and shape.enum is None and isinstance(value, dict):
        made = dict(value)
        for name, below in shape.members.items():
            if not below:
                made.pop(name, None)
            elif name in made and not admitted(below, made[name]):
                made[name] = _member(spot, name, below)
        for name in sorted(shape.required - made.keys()):
            made[name] = _member(spot, name, shape.members.get(name, ANYTHING))
        return made
    if shape.kind == "array" and shape.items is None:
        # Allowed items, as many as wanted.
        shape = replace(shape, items=spot.shapes(ITEM) or None)
    return Builder().build((shape,))


def _member(spot: Spot, name: str, wanted: Alternatives) -> Json:
    """Build a member by the contract's other schemas of it."""
    with suppress(Unfit):
        return Builder().build(meet(spot.shapes(name), wanted))
    return Builder().build(wanted)
