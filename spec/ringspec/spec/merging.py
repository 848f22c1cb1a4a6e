"""Merging: what an overlay's `update` and `copy` make of the value they meet.

Source: OpenAPI Overlay Specification, Action Object. The two versions differ: to 1.0 an
array takes one entry, whatever it is, and a primitive is no target; to 1.1 an array is
joined with an array, and a primitive is replaced by one.
"""

from __future__ import annotations

from ringspec.spec.errors import SpecError
from ringspec.spec.reading import short
from ringspec.spec.values import Json, Location, pointer


def unshared(value: Json) -> Json:
    """Return a copy in which no two places share a value, as aliases of YAML do."""
    if isinstance(value, dict):
        return {name: unshared(child) for name, child in value.items()}
    return [unshared(child) for child in value] if isinstance(value, list) else value


def sort_of(value: Json) -> str:
    """Say whether a value is an object, an array or a primitive; null is one, too."""
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else "primitive"


def merged(target: Json, update: Json, version: str, where: str) -> Json:
    """Return what an action's value makes of the value that it is applied to.

    Raises:
        SpecError: the two are of sorts that do not go together.
    """
    value = unshared(update)
    if isinstance(target, dict) and isinstance(value, dict):
        return _joined(target, value, where, ())
    if isinstance(target, list):
        together = isinstance(value, list) and version != "1.0"
        return [*target, *value] if together else [*target, value]
    if sort_of(target) == sort_of(value) == "primitive":
        return value
    raise _unlike(target, value, where, ())


def _joined(
    target: dict[str, Json], update: dict[str, Json], where: str, at: Location
) -> dict[str, Json]:
    fresh = {
        name: _met(target[name], value, where, (*at, name)) if name in target else value
        for name, value in update.items()
    }
    return {**target, **fresh}


def _met(target: Json, update: Json, where: str, at: Location) -> Json:
    """Merge a member that both have: with one of its own sort, and no other."""
    if isinstance(target, dict) and isinstance(update, dict):
        return _joined(target, update, where, at)
    if isinstance(target, list) and isinstance(update, list):
        return [*target, *update]
    if sort_of(target) == sort_of(update) == "primitive":
        return update
    raise _unlike(target, update, where, at)


def _unlike(target: Json, update: Json, where: str, at: Location) -> SpecError:
    below = f" at {pointer(at)}" if at else ""
    sort = sort_of(target)
    return SpecError(
        f"{where} updates an {sort} with {short(update)}{below}".replace("an p", "a p"),
        hint=f"{short(target)} stands there; remove it first if it is to be replaced",
    )
