"""The valid bodies of the case list: plain, on every boundary, in every pair.

In: a contract. Out: sketches, each a valid body with the rule it serves and a label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ringspec.spec import ITEM, Assertion, Contract, Json, Location, RuleId
from ringspec.strategies.bodies.pairwise import rows
from ringspec.strategies.case import encode
from ringspec.strategies.shapes.bodies import Bodies
from ringspec.strategies.shapes.build import (
    Absent,
    Builder,
    Exactly,
    Narrowed,
    Present,
    Sized,
    Unfit,
    Wish,
    within,
)
from ringspec.strategies.shapes.compile import compile_schema, negate
from ringspec.strategies.shapes.shape import OTHERS, Shape, classes
from ringspec.strategies.shapes.text import (
    LONGEST,
    MOST_ITEMS,
    fitted,
    matching,
    of_length,
    shown,
)

# Longer arrays are not filled with a bound.
_SHOWN = 10

Edge: TypeAlias = "tuple[str, dict[Location, Wish]]"


def edges(bodies: Bodies, assertion: Assertion) -> Iterator[Edge]:
    """Yield each settled edge of an assertion, as a label and wishes."""
    if assertion.keyword in _EDGES:
        place = bodies.place(assertion.instance)
        for label, wish in _EDGES[assertion.keyword](bodies, assertion):
            if isinstance(wish, dict):
                yield label, wish
            else:
                yield label, {place: wish}


_Edges = Callable[
    [Bodies, Assertion], Iterator[tuple[str, "Wish | dict[Location, Wish]"]]
]


def _types(bodies: Bodies, assertion: Assertion) -> Iterator[tuple[str, Wish]]:
    kinds = assertion.value
    if isinstance(kinds, str):
        kinds = [kinds]
    if kinds == ["boolean"]:
        yield "true", Exactly(True)  # noqa: FBT003 - it is a JSON value
        yield "false", Exactly(False)  # noqa: FBT003 - likewise
    elif len(kinds) > 1:
        for kind in kinds:
            shapes = [
                each
                for each in bodies.shapes_at(assertion.instance)
                if each.kind == kind
            ]
            if shapes:
                yield kind, Narrowed(compile_schema({"type": kind}))
    yield from _examples(bodies, assertion)


def _examples(bodies: Bodies, assertion: Assertion) -> Iterator[tuple[str, Wish]]:
    """Show each example where there are several: they differ for a reason."""
    for shape in bodies.shapes_at(assertion.instance)[:1]:
        if len(shape.examples) > 1 and shape.kind not in {"array", "object"}:
            for example in shape.examples:
                if shape.admits(example):
                    yield str(example), Exactly(example)


def _values(bodies: Bodies, assertion: Assertion) -> Iterator[tuple[str, Json]]:
    listed = assertion.value if assertion.keyword == "enum" else [assertion.value]
    if ITEM in assertion.instance and len(listed) > 1:
        # An array that can hold them all shows them all at once.
        array = assertion.instance[: assertion.instance.index(ITEM)]
        if bodies.plain({bodies.place(array): Sized(len(listed))}) is not None:
            yield "all", {bodies.place(array): Sized(len(listed))}
            return
    for value in listed:
        yield str(value), Exactly(value)


def _least(
    bodies: Bodies, assertion: Assertion
) -> Iterator[tuple[str, Wish | dict[Location, Wish]]]:
    lows = [
        within(shape, shape.low, least=True)
        for shape in bodies.shapes_at(assertion.instance)
        if shape.low is not None
    ]
    if lows:
        yield str(min(lows)), Exactly(min(lows))
        yield from _all(bodies, assertion, min(lows))


def _greatest(
    bodies: Bodies, assertion: Assertion
) -> Iterator[tuple[str, Wish | dict[Location, Wish]]]:
    highs = [
        within(shape, shape.high, least=False)
        for shape in bodies.shapes_at(assertion.instance)
        if shape.high is not None
    ]
    if highs:
        yield str(max(highs)), Exactly(max(highs))
        yield from _all(bodies, assertion, max(highs))


def _all(
    bodies: Bodies, assertion: Assertion, value: Json
) -> Iterator[tuple[str, dict[Location, Wish]]]:
    """Put a bound in each item of an array: their sum has none, and they may repeat."""
    *around, last = assertion.instance
    if last != ITEM:
        return
    sizes = [shape.max_items for shape in bodies.shapes_at(tuple(around))]
    most = max((size for size in sizes if size is not None), default=0)
    if 1 < most <= _SHOWN:
        place = bodies.place(tuple(around))
        yield f"all-{value}", {(*place, i): Exactly(value) for i in range(most)}


def _shortest(bodies: Bodies, assertion: Assertion) -> Iterator[tuple[str, Wish]]:
    for shape in bodies.shapes_at(assertion.instance)[:1]:
        yield from _text(shape, shape.min_length)


def _longest(bodies: Bodies, assertion: Assertion) -> Iterator[tuple[str, Wish]]:
    for shape in bodies.shapes_at(assertion.instance)[:1]:
        if shape.max_length is not None:
            yield from _text(shape, shape.max_length)


def _text(shape: Shape, length: int) -> Iterator[tuple[str, Wish]]:
    if length > LONGEST:
        return
    examples = [each for each in shape.examples if isinstance(each, str)]
    tried = [fitted(each, length, length) for each in examples] or [of_length(length)]
    for text in tried:
        if shape.admits(text):
            yield f"{length}-characters", Exactly(text)
            return
    if shape.format is None and shape.own_patterns:
        text_of = matching(shape.own_patterns[0], length, length)
        if text_of is not None:
            yield f"{length}-characters", Exactly(text_of)


def _fewest(bodies: Bodies, assertion: Assertion) -> Iterator[tuple[str, Wish]]:
    fewest = [s.min_items for s in bodies.shapes_at(assertion.instance)]
    least = max(assertion.value, min(fewest, default=0))
    if least <= MOST_ITEMS:
        yield f"{least}-items", Sized(least)


def _most(_bodies: Bodies, assertion: Assertion) -> Iterator[tuple[str, Wish]]:
    if assertion.value <= MOST_ITEMS:
        yield f"{assertion.value}-items", Sized(assertion.value)


def _formats(bodies: Bodies, assertion: Assertion) -> Iterator[tuple[str, Wish]]:
    if assertion.value == "uuid":
        for shape in bodies.shapes_at(assertion.instance)[:1]:
            # RFC 9562, section 4: upper case is read as lower case.
            yield "upper-case", Exactly(str(Builder().scalar(shape, ())).upper())


def _branches(
    bodies: Bodies, assertion: Assertion
) -> Iterator[tuple[str, Wish | dict[Location, Wish]]]:
    """Take each branch, by itself where that can be."""
    asked = [
        branch.get("required", []) if isinstance(branch, dict) else []
        for branch in assertion.value
    ]
    place = bodies.place(assertion.instance)
    for index, (branch, names) in enumerate(zip(assertion.value, asked, strict=True)):
        label = "-".join(names) if names else f"branch-{index}"
        taken = Narrowed(compile_schema(shown(branch)))
        others = {name for each in asked for name in each if name not in names}
        alone: dict[Location, Wish] = {place: taken}
        alone.update({(*place, name): Absent() for name in sorted(others)})
        yield label, taken if bodies.plain(alone) is None else alone


def _counted(
    bodies: Bodies, assertion: Assertion
) -> Iterator[tuple[str, Wish | dict[Location, Wish]]]:
    """Take as many items as there are different ones, three, and one uncounted."""
    place = bodies.place(assertion.instance)
    uncounted = Narrowed(negate(assertion.value))
    yield "without", {place: Sized(1), (*place, 0): uncounted}
    for shape in bodies.shapes_at(assertion.instance)[:1]:
        room = [each.most for each in classes(shape)]
        if all(most is not None for most in room):
            everything = sum(most for most in room if most is not None)
            yield "3-items", Sized(min(3, everything))
            yield "all", Sized(everything)


def _given(
    bodies: Bodies, assertion: Assertion
) -> Iterator[tuple[str, dict[Location, Wish]]]:
    yield "given", {(*bodies.place(assertion.instance), assertion.value): Present()}


def _every_member(
    bodies: Bodies, assertion: Assertion
) -> Iterator[tuple[str, dict[Location, Wish]]]:
    place = bodies.place(assertion.instance)
    for shape in bodies.shapes_at(assertion.instance)[:1]:
        names = [name for name, below in shape.members.items() if below]
        yield "all", {(*place, name): Present() for name in names}


_EDGES: dict[str, Callable[[Bodies, Assertion], Iterator[tuple[str, Json]]]] = {
    "type": _types,
    "enum": _values,
    "const": _values,
    "minimum": _least,
    "exclusiveMinimum": _least,
    "maximum": _greatest,
    "exclusiveMaximum": _greatest,
    "minLength": _shortest,
    "maxLength": _longest,
    "minItems": _fewest,
    "maxItems": _most,
    "format": _formats,
    "anyOf": _branches,
    "oneOf": _branches,
    "contains": _counted,
    "required": _given,
    "additionalProperties": _every_member,
}


ACCEPTED = RuleId("body.accepted")
# A component that stands in more places than this is shown in all of them at once.
SHARED = 4
_STRAINED = frozenset({"format", "minLength", "maxLength"})


@dataclass(frozen=True, slots=True)
class Sketch:
    """A valid body, the rule it serves, and what is special in it."""

    rule: RuleId
    label: str
    body: Json
    # On the edge of what some targets take: not the first choice for a twin.
    strained: bool = False


def valid_sketches(bodies: Bodies, seed: int) -> list[Sketch]:
    """List the valid bodies, the plainest first, no two alike.

    Of two alike the one with the better attested rule is kept: it makes more twins.
    """
    found: dict[bytes, Sketch] = {}
    rules = bodies.contract.rules
    for sketch in _sketches(bodies, seed):
        # Texts of a form and lengths are only tried: what does not fit is left out.
        if not bodies.is_settled(sketch.body):
            continue
        known = found.setdefault(encode(sketch.body), sketch)
        if rules[sketch.rule].level.rank < rules[known.rule].level.rank:
            found[encode(sketch.body)] = sketch
    return list(found.values())


def _sketches(bodies: Bodies, seed: int) -> Iterator[Sketch]:
    yield Sketch(ACCEPTED, "plain", bodies.plain())
    yield from _boundaries(bodies)
    yield from _optional(bodies)
    yield from _texts(bodies)
    yield from _full(bodies, seed)
    yield from _rows(bodies, seed)


def _boundaries(bodies: Bodies) -> Iterator[Sketch]:
    shown: set[tuple[str, str]] = set()
    for assertion in bodies.contract.assertions:
        for label, wishes in edges(bodies, assertion):
            key = (assertion.rule, label)
            body = None if key in shown else bodies.plain(wishes)
            if body is not None:
                shown.add(key)
                strained = assertion.keyword in _STRAINED
                yield Sketch(assertion.rule, label, body, strained)


def _optional(bodies: Bodies) -> Iterator[Sketch]:
    """Show each optional member by itself, and all together that are well attested."""
    least = bodies.contract.level_of_use(bodies.plain())
    attested: dict[Location, Wish] = {}
    for place, members in optional_members(bodies.contract):
        for name in members:
            wishes: dict[Location, Wish] = {(*bodies.place(place), name): Present()}
            body = bodies.plain(wishes)
            if body is not None:
                label = ".".join((*place, name)).replace(".*", "")
                yield Sketch(ACCEPTED, f"with-{label}", body)
                if bodies.contract.level_of_use(body) == least:
                    attested |= wishes
    together = bodies.plain(attested)
    if together is not None and bodies.contract.level_of_use(together) == least:
        yield Sketch(ACCEPTED, "with-all-attested", together)


def optional_members(contract: Contract) -> list[tuple[tuple[str, ...], list[str]]]:
    """List optional members by the object they belong to, often shared ones aside."""
    origins = contract.request.origins
    standing: dict[str, int] = {}
    for place in origins.values():
        standing[place] = standing.get(place, 0) + 1
    found: list[tuple[tuple[str, ...], list[str]]] = []

    def walk(schema: Json, path: tuple[str, ...], instance: tuple[str, ...]) -> None:
        required = schema.get("required", ())
        members = schema.get("properties", {})
        optional = []
        for name, child in members.items():
            below = (*path, "properties", name)
            if standing.get(origins.get(below, ""), 0) > SHARED:
                continue
            if name not in required:
                optional.append(name)
            walk(child, below, (*instance, name))
        other = schema.get("additionalProperties")
        if isinstance(other, dict) and other:
            optional.append(OTHERS[0])
            walk(other, (*path, "additionalProperties"), (*instance, ITEM))
        if optional:
            found.append((instance, optional))
        if isinstance(schema.get("items"), dict):
            walk(schema["items"], (*path, "items"), (*instance, "*"))

    walk(contract.request.schema, (), ())
    return found


def _texts(bodies: Bodies) -> Iterator[Sketch]:
    """Show free text at the lengths that valid bodies keep to."""
    plain = bodies.plain()
    if not isinstance(plain, dict):
        return
    for name in plain:
        for length in (1, 100):
            free = [
                shape
                for shape in bodies.shapes_at((name,))
                if shape.kind == "string"
                and shape.choices() is None
                and shape.format is None
                and (shape.min_length, shape.max_length) == (1, 100)
            ]
            body = free and bodies.plain({(name,): Exactly(of_length(length))})
            if body:
                yield Sketch(ACCEPTED, f"{name}-of-{length}", body, strained=True)


def _rows(bodies: Bodies, seed: int) -> Iterator[Sketch]:
    """Show all pairs, with other texts and three items in each row."""
    for index, row in enumerate(rows(bodies.root, seed)):
        body = bodies.build(Builder(row, turn=index + 1 + seed, items=3))
        if body is not None:
            yield Sketch(ACCEPTED, f"pairs-{index + 1}", body)


def _full(bodies: Bodies, seed: int) -> Iterator[Sketch]:
    """Show every optional member at once, on the first path and on the last.

    Where a member has several branches, the last time another one than before.
    """
    first, last = bodies.root[0], bodies.root[-1]
    for label, shape, branch, items in (
        ("full", first, 0, 3),
        # Enough for a second item of each kind.
        ("full-last", last, 0, 6),
        ("full-other", last, 1, 3),
    ):
        try:
            builder = Builder(turn=seed + 1, items=items, full=True, branch=branch)
            body = builder.build((shape,))
        except Unfit:
            continue
        yield Sketch(ACCEPTED, label, body)
