"""The form of an overlay: what a version of it may hold, and nothing else.

In: plain data. Out: the same, or a SpecError that names file, action and member.
Source: OpenAPI Overlay Specification 1.0.0 and 1.1.0, and their JSON Schemas; other
versions are refused rather than guessed at. Extensions (`x-…`) may stand anywhere, and
of ours each has its place: `x-rules` at the top, `x-rename` in an action.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ringspec.spec.errors import SpecError
from ringspec.spec.reading import mapping, short, text
from ringspec.spec.values import Json, canonical

RENAME = "x-rename"
RULES = "x-rules"

# Fields by the first version that has them.
_ROOT = {"overlay": "1.0", "info": "1.0", "extends": "1.0", "actions": "1.0"}
_INFO = {"title": "1.0", "version": "1.0", "description": "1.1"}
_ACTION = {
    **dict.fromkeys(("target", "description", "update", "remove"), "1.0"),
    "copy": "1.1",
}
_VERSION = re.compile(r"(1\.[01])\.\d+")
_DEEDS = ("update", "copy", RENAME)


def version_of(overlay: Json) -> str:
    """Return an overlay's feature set, such as `1.1`; empty where it names none."""
    stated = overlay.get("overlay", "1.1.0") if isinstance(overlay, dict) else None
    found = _VERSION.fullmatch(str(stated))
    return found[1] if found else ""


def check(overlay: Json, origin: str) -> dict[str, Json]:
    """Check the form of an overlay, by the version that it names.

    Raises:
        SpecError: it is of no known version, or something in it has no place there.
    """
    version = version_of(overlay)
    if not version or "overlay" not in overlay:
        raise SpecError(
            f"{origin}: not an OpenAPI Overlay 1.0 or 1.1",
            hint="it begins with `overlay: 1.1.0`",
        )
    _check_fields(overlay, _ROOT, version, origin)
    if RENAME in overlay:
        raise SpecError(
            f"{origin}: {RENAME} stands at the top",
            hint=f"it is an action's: a `target` that selects what `{RENAME}` renames",
        )
    _check_info(overlay.get("info"), version, f"{origin}: info")
    if "extends" in overlay:
        text(overlay["extends"], f"{origin}: extends")
    _check_actions(overlay.get("actions"), version, origin)
    return dict(overlay)


def _check_fields(
    node: dict[str, Json], known: dict[str, str], version: str, place: str
) -> None:
    for name in node:
        if name.startswith("x-") or known.get(name, "9") <= version:
            continue
        if name in known:
            raise SpecError(
                f"{place} has {name}, which overlays {version} have not",
                hint=f"say `overlay: {known[name]}.0`",
            )
        raise SpecError(f"{place} has {name}", hint=_there_are(known, version))


def _there_are(known: dict[str, str], version: str) -> str:
    names = sorted(name for name, since in known.items() if since <= version)
    return f"there are {', '.join(names)}, and extensions that begin with x-"


def _check_info(info: Json, version: str, place: str) -> None:
    given = mapping(info, place)
    for name in ("title", "version"):
        text(given.get(name), f"{place}: {name}")
    _check_fields(given, _INFO, version, place)
    _check_texts(given, ("description",), place)


def _check_texts(node: dict[str, Json], names: Iterable[str], place: str) -> None:
    for name in names:
        if not isinstance(node.get(name, ""), str):
            raise SpecError(
                f"{place}: {name} is not a text", hint=f"it is {short(node[name])}"
            )


def _check_actions(actions: Json, version: str, origin: str) -> None:
    if not isinstance(actions, list) or not actions:
        raise SpecError(
            f"{origin}: an overlay has a list of `actions`, and one at least",
            hint="one that changes nothing is {target: $, update: {}}",
        )
    known: dict[str, int] = {}
    for index, given in enumerate(actions):
        place = f"{origin}: action {index}"
        action = mapping(given, place)
        text(action.get("target"), f"{place}: target")
        _check_action(action, version, f"{place} ({action['target']})")
        first = known.setdefault(canonical(action), index)
        if first != index:
            raise SpecError(
                f"{place} ({action['target']}) says what action {first} says",
                hint="no two actions may be alike: keep one of them",
            )


def _check_action(action: dict[str, Json], version: str, place: str) -> None:
    _check_fields(action, _ACTION, version, place)
    _check_texts(action, ("description", "copy"), place)
    if RULES in action:
        raise SpecError(
            f"{place}: {RULES} stands in an action",
            hint="it stands at the overlay's top: rules have no place in the contract",
        )
    if not isinstance(action.get("remove", False), bool):
        raise SpecError(
            f"{place}: remove is neither true nor false", hint="remove: true"
        )
    if RENAME in action:
        text(action[RENAME], f"{place}: {RENAME}")
    _check_deeds(action, place)


def _check_deeds(action: dict[str, Json], place: str) -> None:
    """See to it that an action does something, and not two things that exclude."""
    deeds = [name for name in _DEEDS if name in action]
    if len(deeds) > 1:
        raise SpecError(
            f"{place} has both {deeds[0]} and {deeds[1]}",
            hint="make two actions of it; they follow one another",
        )
    if RENAME in deeds and action.get("remove"):
        raise SpecError(
            f"{place} removes what it renames", hint="make two actions of it"
        )
    if not deeds and not action.get("remove"):
        raise SpecError(
            f"{place} changes nothing",
            hint=f"give it `update`, `remove: true`, `copy` or `{RENAME}`",
        )
