"""Choices among branches: none taken, or more than one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ringspec.spec import Json, pointer
from ringspec.strategies.build import Builder, Unfit
from ringspec.strategies.compile import compile_schema, negate
from ringspec.strategies.faults.bending import bent, fitting
from ringspec.strategies.faults.fault import Fault, Spot, drop
from ringspec.strategies.shape import meet


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
