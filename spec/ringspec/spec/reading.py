"""Reading files into plain data: YAML or JSON in, what json.loads could return out."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ringspec.spec.errors import SpecError
from ringspec.spec.values import Json, canonical


def read(path: Path) -> Json:
    """Read a YAML or JSON file; SpecError names file and line where it fails."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise SpecError(
            f"cannot read {path}: {error}", hint="give a readable file in UTF-8"
        ) from error
    return _json(path, text) if path.suffix == ".json" else _yaml(path, text)


def _json(path: Path, text: str) -> Json:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        line = (
            f" line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        )
        raise SpecError(
            f"{path}{line}: not readable as JSON: {error}",
            hint="YAML files end in .yaml",
        ) from error


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, _ in pairs if [n for n, _ in pairs].count(name) > 1)
        raise ValueError(f"the key {twice!r} stands twice")
    return found


def _yaml(path: Path, text: str) -> Json:
    import yaml  # noqa: PLC0415 - it takes a while, and --help reads nothing

    from ringspec.spec.loader import Loader  # noqa: PLC0415 - likewise

    try:
        # Safe: the loader is yaml's safe one, in C or in Python.
        found = yaml.load(text, Loader=Loader)  # noqa: S506
        _check_finite(found, frozenset(), set())
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or str(error)
        raise SpecError(
            f"{path}{line}: not readable as YAML: {what}",
            hint="mend that line; an editor that knows YAML helps",
        ) from error
    return found


def _check_finite(value: Json, inside: frozenset[int], done: set[int]) -> None:
    """Refuse an alias that stands inside its own anchor: no JSON is like that."""
    if not isinstance(value, (dict, list)) or id(value) in done:
        return
    if id(value) in inside:
        raise ValueError("an alias stands inside its own anchor")
    for child in value.values() if isinstance(value, dict) else value:
        _check_finite(child, inside | {id(value)}, done)
    done.add(id(value))


def digest(document: Json) -> str:
    """Return the sha256 of a document's content, whatever its spelling."""
    return hashlib.sha256(canonical(document).encode()).hexdigest()


def mapping(value: Json, place: str) -> dict[str, Json]:
    """Return an object as one; SpecError names the place of anything else."""
    if isinstance(value, dict):
        return value
    raise SpecError(f"{place} is not an object", hint=f"it is {short(value)}")


def sequence(value: Json, place: str) -> list[Json]:
    """Return a list as one; SpecError names the place of anything else."""
    if isinstance(value, list):
        return value
    raise SpecError(f"{place} is not a list", hint=f"it is {short(value)}")


def text(value: Json, place: str) -> str:
    """Return a text that is not empty; SpecError names the place of anything else."""
    if isinstance(value, str) and value:
        return value
    raise SpecError(f"{place} is not a text", hint=f"it is {short(value)}")


def short(value: Json) -> str:
    """Show a value in a message, cut where it is long."""
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= 60 else f"{shown[:60]}…"
