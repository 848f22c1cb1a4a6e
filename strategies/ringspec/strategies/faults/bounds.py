"""Numbers, texts, arrays and objects out of bounds, by one and by far."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from math import ceil, floor

from ringspec.spec.plain import matching
from ringspec.spec.schemas import ITEM
from ringspec.spec.values import Json, edit
from ringspec.strategies.faults.fault import Fault, Spot
from ringspec.strategies.shapes.build import Builder, Unfit, another, json_number
from ringspec.strategies.shapes.compile import compile_schema, negate
from ringspec.strategies.shapes.shape import (
    ANYTHING,
    OTHERS,
    Alternatives,
    admitted,
    meet,
)
from ringspec.strategies.shapes.text import (
    ASTRAL,
    LONGEST,
    MOST_ITEMS,
    MOST_WIDE,
    fitted,
    sibling_id,
)

# Wrong numbers of items are tried one by one up to here.
_NEAR = 3


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
        name = "far-above" if is_most else "far-below"
        yield spot.put(name, json_number(sign * far))
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
    between = value + own / 2
    yield spot.put("between", json_number(between))
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
                try:
                    value[name] = Builder().build(shapes)
                except Unfit:
                    continue
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
