"""Overlays: the actions that adapt the contract to a provider's spelling.

Source: OpenAPI Overlay Specification 1.0.0 and 1.1.0, without the `copy` of 1.1;
targets are RFC 9535 JSONPath, and have to match something. Of extensions, which may
stand anywhere, ours are `x-rename` in an action (`renaming.py`) and `x-rules` at the
top (`rules.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ringspec.spec import reading
from ringspec.spec.errors import SpecError
from ringspec.spec.reading import check_form, short
from ringspec.spec.renaming import rename
from ringspec.spec.values import Json, Location, at, kind_of, pointer, unshared

SHIPPED = Path(__file__).parent / "dialects"
RENAME = "x-rename"


@dataclass(frozen=True, slots=True)
class Overlay:
    """A dialect: an overlay, its name, and its name in messages."""

    name: str
    origin: str
    content: dict[str, Json]


def dialect_names() -> list[str]:
    """List the dialects that come with the package."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def load(name_or_file: str, contract: Path | None = None) -> Overlay:
    """Read an overlay, a shipped one by its name, and check its form.

    If it names a contract that it extends, that is compared by its file name, since
    installed contracts lie anywhere.
    """
    path = reading.find("dialect", name_or_file, SHIPPED)
    content = reading.read(path)
    check_form(content, "overlay", f"{path}: #")
    extends = content.get("extends")
    if contract is not None and extends is not None:
        named = Path(unquote(urlsplit(extends).path))
        if named.name != contract.name:
            raise SpecError(
                f"{path}: extends {extends!r} is not the contract, {contract.name}",
                hint="leave `extends` out, or name the contract that it adapts",
            )
    return Overlay(path.stem, path.name, content)


def apply(base: Json, overlay: Overlay) -> Json:
    """Return a document as the overlay's actions leave it."""
    base = unshared(base)
    # To 1.0 an array takes one entry, whatever it is; to 1.1 it is joined with one.
    joins = not str(overlay.content.get("overlay")).startswith("1.0.")
    for index, action in enumerate(overlay.content["actions"]):
        where = f"{overlay.origin}: action {index} ({action['target']})"
        locations = _matches(base, action["target"], where)
        if RENAME in action:
            base = rename(base, locations, action[RENAME], where)
            continue
        for location in locations:
            if action.get("remove"):
                if not location:
                    raise SpecError(
                        f"{where} removes everything", hint="target a node below $"
                    )
                del at(base, location[:-1])[location[-1]]
                continue
            target, update = at(base, location), unshared(action["update"])
            if isinstance(target, list) and not (joins and isinstance(update, list)):
                update = [update]
            merged = _merged(target, update, where)
            if location:
                at(base, location[:-1])[location[-1]] = merged
            else:
                base = merged
    return base


def _matches(base: Json, target: str, where: str) -> list[Location]:
    import jsonpath  # noqa: PLC0415 - slow to import, and only dialects need it

    try:
        environment = jsonpath.JSONPathEnvironment(strict=True)
        found = {match.parts for match in environment.finditer(target, base)}
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise SpecError(
            f"{where}: not JSONPath: {error}", hint="write it as RFC 9535 has it"
        ) from error
    if not found:
        raise SpecError(
            f"{where} matches nothing",
            hint="compare the target with the contract's spelling",
        )
    # Last first, so that removing an item does not move the others.
    return sorted(found, key=lambda place: [f"{s:0>9}" for s in place], reverse=True)


def _merged(target: Json, update: Json, where: str, below: Location = ()) -> Json:
    if isinstance(target, dict) and isinstance(update, dict):
        return target | {
            name: _merged(target[name], value, where, (*below, name))
            if name in target
            else value
            for name, value in update.items()
        }
    if isinstance(target, list) and isinstance(update, list):
        return [*target, *update]
    if not isinstance(target, (dict, list)) and not isinstance(update, (dict, list)):
        return update
    kinds = {"object": "an object", "array": "an array"}
    sort = kinds.get(kind_of(target), "a primitive")
    place = f" at {pointer(below)}" if below else ""
    raise SpecError(
        f"{where} updates {sort} with {short(update)}{place}",
        hint=f"{short(target)} stands there; remove it first if it is to be replaced",
    )
