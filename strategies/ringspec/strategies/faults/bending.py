"""Values bent to fit other shapes: as little is changed as has to be.

In: a value of a twin, and shapes that it does not fit. Out: values that fit one each,
near to what the twin has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from ringspec.spec import ITEM, Json, kind_of, same
from ringspec.strategies.build import Builder, Unfit
from ringspec.strategies.compile import compile_schema
from ringspec.strategies.examples import shown
from ringspec.strategies.faults.fault import Fault, Spot, put
from ringspec.strategies.shape import ANYTHING, Alternatives, Shape, admitted, meet

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
