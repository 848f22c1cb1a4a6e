"""Dialects: OpenAPI Overlays that adapt the contract to a provider's spelling.

Source: OpenAPI Overlay Specification 1.0.0 and 1.1.0; targets are RFC 9535 JSONPath.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING

from ringspec.spec import document
from ringspec.spec.errors import SpecError, UsageError
from ringspec.spec.values import Json

if TYPE_CHECKING:
    import jsonpath

SHIPPED = Path(__file__).parent / "dialects"
_ACTION = frozenset({"target", "description", "update", "remove"})


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
    overlay = document.read(path)
    if not isinstance(overlay, dict) or not str(overlay.get("overlay", "")).startswith(
        "1."
    ):
        raise SpecError(f"{path}: not an OpenAPI Overlay 1.x (`overlay: 1.0.0`)")
    actions = overlay.get("actions")
    if not isinstance(actions, list) or not actions:
        raise SpecError(f"{path}: an overlay has a list of `actions`")
    for index, action in enumerate(actions):
        if not isinstance(action, dict) or "target" not in action:
            raise SpecError(f"{path}: action {index} has no `target`")
        if unknown := set(action) - _ACTION:
            raise SpecError(
                f"{path}: action {index} has {', '.join(sorted(unknown))}",
                hint=f"an action has {', '.join(sorted(_ACTION))}",
            )
    return overlay


def apply(base: Json, overlay: Json, origin: str) -> Json:
    """Return the document as the overlay's actions leave it.

    Raises:
        SpecError: a target is not JSONPath, or matches nothing.
    """
    import jsonpath  # noqa: PLC0415 - slow to import, and only dialects need it

    changed = copy.deepcopy(base)
    for index, action in enumerate(overlay["actions"]):
        where = f"{origin}: action {index} ({action['target']})"
        try:
            found = jsonpath.finditer(action["target"], changed)
            places = [match.pointer() for match in found]
        except jsonpath.JSONPathError as error:
            raise SpecError(f"{where}: not JSONPath: {error}") from error
        if not places:
            raise SpecError(
                f"{where} matches nothing",
                hint="compare the target with the contract's spelling",
            )
        # Last first, so that removing an item does not move the others.
        for place in reversed(places):
            if action.get("remove"):
                _remove(changed, place)
            else:
                _update(changed, place, action.get("update"))
    return changed


def _remove(base: Json, place: jsonpath.JSONPointer) -> None:
    parent, _ = place.resolve_parent(base)
    step = place.parts[-1]
    del parent[int(step) if isinstance(parent, list) else str(step)]


def _update(base: Json, place: jsonpath.JSONPointer, update: Json) -> None:
    parent, target = place.resolve_parent(base)
    merged = _merge(target, update)
    if parent is None:
        base.clear()
        base.update(merged)
        return
    step = place.parts[-1]
    parent[int(step) if isinstance(parent, list) else str(step)] = merged


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
