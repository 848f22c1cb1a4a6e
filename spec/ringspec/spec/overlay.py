"""Dialects: OpenAPI Overlays that adapt the contract to a provider's spelling.

Source: OpenAPI Overlay Specification 1.0.0 and 1.1.0; targets are RFC 9535 JSONPath.
Ours is the strictness that a target has to match something, and two extensions, which
other tools pass over: `x-rename` in an action (`renaming.py`) gives a member or a path
another name wherever it is named, `x-rules` at the top (`amending.py`) changes rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from ringspec.spec import reading
from ringspec.spec.actions import RENAME, check, version_of
from ringspec.spec.errors import SpecError, UsageError
from ringspec.spec.merging import merged, sort_of, unshared
from ringspec.spec.renaming import rename
from ringspec.spec.values import Json, Location, at

if TYPE_CHECKING:
    import jsonpath

SHIPPED = Path(__file__).parent / "dialects"


def names() -> list[str]:
    """List the dialects that come with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def find(name_or_file: str) -> Path:
    """Find a dialect by its shipped name, or as a file."""
    shipped = SHIPPED / f"{name_or_file}.yaml"
    if name_or_file in names():
        return shipped
    path = Path(name_or_file)
    if path.is_file():
        return path
    raise UsageError(
        f"no dialect {name_or_file!r}",
        hint=f"shipped ones: {', '.join(names())}; or give a file",
    )


def load(path: Path, contract: Path | None = None) -> dict[str, Json]:
    """Read an overlay and check its form; SpecError says what is amiss.

    Args:
        path: the overlay's file.
        contract: the contract that it has to extend, if it says what it extends.
    """
    overlay = check(reading.read(path), str(path))
    if contract is not None and "extends" in overlay:
        _check_extends(overlay["extends"], path, contract)
    return overlay


def _check_extends(extends: str, path: Path, contract: Path) -> None:
    """See to it that what an overlay extends is the contract, or a copy of it."""
    parts = urlsplit(extends)
    if parts.scheme in {"", "file"} and not parts.query:
        named = path.parent / unquote(parts.path)
        if not named.exists():
            # Whoever installed us knows the contract's name, and not where it is.
            named = contract if named.name == contract.name else named
        if named.is_file() and _is_same(named, contract):
            return
    raise SpecError(
        f"{path}: extends {extends!r} is not the contract, {contract.name}",
        hint="leave `extends` out, or name the contract that it adapts",
    )


def _is_same(one: Path, other: Path) -> bool:
    if one.resolve() == other.resolve():
        return True
    return reading.digest(reading.read(one)) == reading.digest(reading.read(other))


def apply(base: Json, overlay: Json, origin: str) -> Json:
    """Return the document as the overlay's actions leave it.

    Raises:
        SpecError: a target is not JSONPath, or matches nothing, or is of a sort that
            the action cannot be done to.

    """
    changed = unshared(base)
    version = version_of(overlay)
    for index, action in enumerate(overlay["actions"]):
        where = f"{origin}: action {index} ({action['target']})"
        changed = _done(changed, action, version, where)
    return changed


def _done(base: Json, action: dict[str, Json], version: str, where: str) -> Json:
    # Last first, so that removing an item does not move the others.
    places = sorted(_matches(base, action["target"], where), reverse=True)
    locations = [place.location for place in places]
    if RENAME in action:
        return rename(base, locations, action[RENAME], where)
    _check_sorts(base, locations, action, version, where)
    if action.get("remove"):
        for location in locations:
            _remove(base, location, where)
        return base
    value = _value(base, action, where)
    for location in locations:
        base = _put(base, location, merged(at(base, location), value, version, where))
    return base


def _check_sorts(
    base: Json,
    locations: list[Location],
    action: dict[str, Json],
    version: str,
    where: str,
) -> None:
    """See to it that a target selects what its version lets it select."""
    sorts = {sort_of(at(base, location)) for location in locations}
    if version == "1.0" and "primitive" in sorts:
        raise SpecError(
            f"{where} selects a primitive, and overlays 1.0 target objects and arrays",
            hint="say `overlay: 1.1.0`, or target the object around it",
        )
    if version != "1.0" and len(sorts) > 1 and not action.get("remove"):
        raise SpecError(
            f"{where} selects {' and '.join(f'{sort}s' for sort in sorted(sorts))}",
            hint="make an action for each sort",
        )


def _value(base: Json, action: dict[str, Json], where: str) -> Json:
    """Return what is merged: the update, or what a copy finds in the document."""
    if "copy" not in action:
        return action["update"]
    source = f"{where}: copy ({action['copy']})"
    found = _matches(base, action["copy"], source)
    if len(found) > 1:
        raise SpecError(
            f"{source} matches {len(found)} places", hint="what is copied is one value"
        )
    return at(base, next(iter(found)).location)


@dataclass(frozen=True, slots=True, order=True)
class _Match:
    """A place that a target selects; steps of one parent are of one kind."""

    order: tuple[tuple[bool, int, str], ...]
    location: Location


def _matches(base: Json, target: str, where: str) -> set[_Match]:
    import jsonpath  # noqa: PLC0415 - slow to import, and only dialects need it

    try:
        found = [match.parts for match in _environment().finditer(target, base)]
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise SpecError(
            f"{where}: not JSONPath: {error}", hint="write it as RFC 9535 has it"
        ) from error
    if not found:
        raise SpecError(
            f"{where} matches nothing",
            hint="compare the target with the contract's spelling",
        )
    return {_match(location) for location in found}


@cache
def _environment() -> jsonpath.JSONPathEnvironment:
    import jsonpath  # noqa: PLC0415 - as above

    return jsonpath.JSONPathEnvironment(strict=True)


def _match(location: Location) -> _Match:
    order = (
        (isinstance(step, str), step if isinstance(step, int) else 0, str(step))
        for step in location
    )
    return _Match(tuple(order), location)


def _remove(base: Json, location: Location, where: str) -> None:
    if not location:
        raise SpecError(f"{where} removes everything", hint="target what is below $")
    del at(base, location[:-1])[location[-1]]


def _put(base: Json, location: Location, value: Json) -> Json:
    """Put a value at a place, and return the document."""
    if not location:
        return value
    at(base, location[:-1])[location[-1]] = value
    return base
