"""Boundaries from inside: for an assertion, the settled bodies that stand on its edge.

In: an assertion of the contract. Out: labels and wishes, one for each edge, each value,
each branch. A body built from a wish serves the assertion's rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from ringspec.spec import ITEM, Assertion, Json, Location
from ringspec.strategies.bodies import Bodies
from ringspec.strategies.build import (
    Absent,
    Builder,
    Exactly,
    Narrowed,
    Present,
    Sized,
    Wish,
    within,
)
from ringspec.strategies.compile import compile_schema, negate
from ringspec.strategies.examples import matching, shown
from ringspec.strategies.items import classes
from ringspec.strategies.shape import Shape
from ringspec.strategies.text import LONGEST, MOST_ITEMS, fitted, of_length

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
