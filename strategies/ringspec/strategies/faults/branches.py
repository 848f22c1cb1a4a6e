"""Choices among branches: none taken, or more than one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, islice

from ringspec.spec import ITEM, Json, kind_of, pointer, same
from ringspec.strategies.faults.fault import Fault, Spot, drop, put
from ringspec.strategies.shapes.build import Builder, Unfit
from ringspec.strategies.shapes.compile import compile_schema, negate
from ringspec.strategies.shapes.shape import (
    ANYTHING,
    Alternatives,
    Shape,
    admitted,
    meet,
)
from ringspec.strategies.shapes.text import shown


def excluded(spot: Spot) -> Iterator[Fault]:
    """Break `not`: fit what must not be fitted."""
    if spot.assertion.value:
        yield from bent("excluded", spot, fitting(spot, spot.assertion.value))
    else:
        yield from _forbidden(spot)


def _forbidden(spot: Spot) -> Iterator[Fault]:
    """Put in a member that nothing fits; the spot is the object around it."""
    name = spot.assertion.instance[-1]
    shapes = tuple(spot.bodies.shapes_at(spot.assertion.instance))
    try:
        value = Builder().build(shapes)
    except Unfit:
        value = "text"  # it may stand nowhere
    path = pointer((*spot.location, name))
    operation = {"op": "add", "path": path, "value": value}
    yield Fault(name="given", patch=(operation,), everywhere=True)


# So many shapes are tried: choices of many branches can fail in very many ways.
_TRIED = 40
# And so many differences are shown.
_WAYS = 8


def fitting(spot: Spot, schema: Json) -> Alternatives:
    """Return the shapes of a schema, those of the twin's kind first."""
    return _sorted(spot, compile_schema(shown(schema)))


def _sorted(spot: Spot, shapes: Alternatives) -> Alternatives:
    kind = kind_of(spot.value)
    return tuple(sorted(shapes, key=lambda each: each.kind != kind))


def bent(name: str, spot: Spot, shapes: Alternatives) -> Iterator[Fault]:
    """Yield the faults that a value fits one of some shapes, by what they change."""
    found: set[str] = set()
    for shape in islice(_sorted(spot, shapes), _TRIED):
        try:
            value = _bend(spot, spot.value, shape)
        except Unfit:
            continue
        what = _difference(spot.value, value)
        if what and what not in found and len(found) < _WAYS:
            found.add(what)
            yield put(f"{name}-{what}", spot.location, value, everywhere=True)


def _difference(old: Json, new: Json) -> str:
    """Say in a word or two what is different; nothing where all is the same."""
    if isinstance(old, dict) and isinstance(new, dict):
        lost = [f"without-{name}" for name in old if name not in new]
        other = [
            name for name in new if name not in old or not same(old[name], new[name])
        ]
        return "-".join([*lost, *other])
    return "" if same(old, new) else kind_of(new)


def _bend(spot: Spot, value: Json, shape: Shape) -> Json:
    if shape.kind == "object" and shape.enum is None and isinstance(value, dict):
        return _object(spot, value, shape)
    if shape.kind == "array" and shape.items is None:
        # Of what the twin's array may hold, as many as are wanted.
        items = tuple(spot.bodies.shapes_at((*spot.assertion.instance, ITEM)))
        shape = replace(shape, items=items or None)
    return Builder().build((shape,))


def _object(spot: Spot, value: dict[str, Json], shape: Shape) -> Json:
    made = dict(value)
    for name, below in shape.members.items():
        if not below:
            made.pop(name, None)
        elif name in made and not admitted(below, made[name]):
            made[name] = _member(spot, name, below)
    for name in sorted(shape.required - made.keys()):
        made[name] = _member(spot, name, shape.members.get(name, ANYTHING))
    return made


def _member(spot: Spot, name: str, wanted: Alternatives) -> Json:
    """Build a member, of what the contract says elsewhere that it may be."""
    known = tuple(spot.bodies.shapes_at((*spot.assertion.instance, name)))
    try:
        return Builder().build(meet(known, wanted))
    except Unfit:
        return Builder().build(wanted)


def none_of(spot: Spot) -> Iterator[Fault]:
    """Break `anyOf`: take away every member that a branch asks for, or fit none."""
    if isinstance(spot.value, dict):
        named = _named(spot)
        present = [name for name in spot.value if name in named]
        if present:
            places = ((*spot.location, name) for name in present)
            yield drop("none", *places, everywhere=True)
    if not _is_about_members(spot):
        yield from bent("fits-none", spot, negate({"anyOf": spot.assertion.value}))


def not_one_of(spot: Spot) -> Iterator[Fault]:
    """Break `oneOf`: none of the branches, or two of them."""
    yield from none_of(spot)
    if isinstance(spot.value, dict):
        yield from _both(spot)
    if not _is_about_members(spot):
        for left, right in combinations(spot.assertion.value, 2):
            shapes = meet(fitting(spot, left), fitting(spot, right))
            yield from bent("fits-two", spot, shapes)


def _both(spot: Spot) -> Iterator[Fault]:
    for left, right in combinations(spot.assertion.value, 2):
        wanted = [*left.get("required", ()), *right.get("required", ())]
        lacking = [name for name in wanted if name not in spot.value]
        added = {name: _value(spot, name) for name in lacking}
        if added and None not in added.values():
            yield Fault(
                name="both" if len(spot.assertion.value) == 2 else "-and-".join(wanted),
                patch=tuple(
                    {
                        "op": "add",
                        "path": pointer((*spot.location, name)),
                        "value": value,
                    }
                    for name, value in added.items()
                ),
            )


def _is_about_members(spot: Spot) -> bool:
    """Tell whether the branches say only which members there are."""
    return all(
        isinstance(branch, dict)
        and {"required"} <= branch.keys() <= {"required", "type"}
        for branch in spot.assertion.value
    )


def _named(spot: Spot) -> set[str]:
    return {
        name
        for branch in spot.assertion.value
        if isinstance(branch, dict)
        for name in branch.get("required", ())
    }


def _value(spot: Spot, name: str) -> Json:
    """Return a plain value of a member that the twin lacks."""
    schema = spot.node.get("properties", {}).get(name)
    try:
        return Builder().build(compile_schema(schema)) if schema else None
    except Unfit:
        return None
