"""Dialects: OpenAPI Overlays that adapt the contract to a provider's spelling.

Source: OpenAPI Overlay Specification 1.0.0 and 1.1.0; targets are RFC 9535 JSONPath.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ringspec.spec import reading
from ringspec.spec.errors import SpecError, UsageError
from ringspec.spec.values import Json, Location, at

if TYPE_CHECKING:
    import jsonpath

SHIPPED = Path(__file__).parent / "dialects"
_ACTION = frozenset({"target", "description", "update", "remove"})
_HINT_OF_ACTION = f"an action has {', '.join(sorted(_ACTION))}"
_VERSION = re.compile(r"1\.\d+(\.\d+)?$")


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


def load(path: Path) -> Json:
    """Read an overlay and check its form; SpecError says what is amiss."""
    overlay = reading.read(path)
    version = overlay.get("overlay") if isinstance(overlay, dict) else None
    if not _VERSION.match(str(version)):
        raise SpecError(
            f"{path}: not an OpenAPI Overlay 1.x",
            hint="it begins with `overlay: 1.0.0`",
        )
    actions = overlay.get("actions")
    if not isinstance(actions, list) or not actions:
        raise SpecError(
            f"{path}: an overlay has a list of `actions`", hint=_HINT_OF_ACTION
        )
    for index, action in enumerate(actions):
        _check_action(reading.mapping(action, f"{path}: action {index}"), path, index)
    return overlay


def _check_action(action: dict[str, Json], path: Path, index: int) -> None:
    place = f"{path}: action {index}"
    reading.text(action.get("target"), f"{place}: target")
    if unknown := set(action) - _ACTION:
        raise SpecError(
            f"{place} has {', '.join(sorted(unknown))}", hint=_HINT_OF_ACTION
        )
    if not isinstance(action.get("remove", False), bool):
        raise SpecError(
            f"{place}: remove is neither true nor false", hint="remove: true"
        )
    if "update" not in action and not action.get("remove"):
        raise SpecError(f"{place} changes nothing", hint="give it `update` or `remove`")


def apply(base: Json, overlay: Json, origin: str) -> Json:
    """Return the document as the overlay's actions leave it.

    Raises:
        SpecError: a target is not JSONPath, or matches nothing.

    """
    changed = copy.deepcopy(base)
    for index, action in enumerate(overlay["actions"]):
        where = f"{origin}: action {index} ({action['target']})"
        # Last first, so that removing an item does not move the others.
        for place in sorted(_matches(changed, action["target"], where), reverse=True):
            if action.get("remove"):
                _remove(changed, place.location, where)
            else:
                _update(changed, place.location, action["update"], where)
    return changed


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


def _update(base: Json, location: Location, update: Json, where: str) -> None:
    target = at(base, location)
    if isinstance(target, dict) and not isinstance(update, dict):
        raise SpecError(
            f"{where} updates an object with {reading.short(update)}",
            hint="an object is updated with an object",
        )
    merged = _merge(target, copy.deepcopy(update))
    if location:
        at(base, location[:-1])[location[-1]] = merged
    else:
        base.update(merged)


def _merge(target: Json, update: Json) -> Json:
    """Merge as Overlay 1.0 has it: objects by member, an array takes one item more."""
    if isinstance(target, dict) and isinstance(update, dict):
        return {
            **target,
            **{
                name: _merge(target[name], value) if name in target else value
                for name, value in update.items()
            },
        }
    if isinstance(target, list):
        return [*target, *(update if isinstance(update, list) else [update])]
    return update
