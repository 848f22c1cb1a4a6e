"""Choices among branches: none taken, or more than one; and forbidden values.

A value is changed as little as possible to fit other shapes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from ringspec.spec.assertions import constants
from ringspec.spec.forms import read_as
from ringspec.spec.schemas import ITEM
from ringspec.spec.values import Json, edit, kind_of, same
from ringspec.strategies.faults.fault import Fault, Spot
from ringspec.strategies.shapes.build import Builder, Unfit
from ringspec.strategies.shapes.compile import compile_schema, negate
from ringspec.strategies.shapes.shape import (
    ANYTHING,
    Alternatives,
    Shape,
    admitted,
    meet,
)
from ringspec.strategies.shapes.text import with_examples

# Most shapes tried: choices of many branches can fail in very many ways.
_TRIED = 40
# Most other branches of a choice that a value is made to fit.
_FEW = 8
# A value of each kind that a choice may not have.
_KINDS: tuple[Json, ...] = (7, "text", False, ["text"], {"value": "text"}, None)
# Most differences yielded.
_SHOWN = 8


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
    try:
        return Builder().build(shapes)
    except Unfit:
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
    try:
        return Builder().build(meet(spot.shapes(name), wanted))
    except Unfit:
        return Builder().build(wanted)
