"""Faults for people: what one edit made of the accepted body."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ringspec.reports.text import shown
from ringspec.spec import Json, is_shallow, patched, steps
from ringspec.strategies import Case

_VALUE = 60


def fault_lines(case: Case, twin: Case | None) -> list[str]:
    """Write the edit that made a case of its twin, an operation a line."""
    if isinstance(case.fault, dict):
        return [f"{shown(k, _VALUE)}: {_value(v)}" for k, v in case.fault.items()]
    return list(_operations(case.fault or (), twin.body if twin else None))


def _operations(patch: tuple[Json, ...], body: Json) -> Iterator[str]:
    for number, operation in enumerate(patch):
        if number:
            body = _patched(body, patch[number - 1])
        yield _operation(operation, body)


def _operation(operation: dict[str, Json], body: Json) -> str:
    name, path = str(operation.get("op")), str(operation.get("path"))
    line = f"{name} {shown(path, 200) or 'the whole body'}"
    old = _old(body, path)
    match name:
        case "replace":
            before = f"{old} -> " if old else ""
            return f"{line}: {before}{_value(operation.get('value'))}"
        case "remove":
            return f"{line} (was {old})" if old else line
        case "move" | "copy":
            return f"{name} {shown(str(operation.get('from')), 200)} -> {path}"
        case _:
            return f"{line}: {_value(operation.get('value'))}"


def _old(body: Json, path: str) -> str:
    """Write the value at a pointer; empty where there is none."""
    for step in steps(path):
        try:
            body = body[int(step)] if isinstance(body, list) else body[step]
        except (LookupError, TypeError, ValueError):
            return ""
    return "" if body is None and not path else _value(body)


def _patched(body: Json, operation: Json) -> Json:
    """Apply an operation, so that the next one finds what it edits."""
    try:
        return patched(body, [operation])
    except (ValueError, TypeError):
        return body


def _value(value: Json) -> str:
    if not is_shallow(value):
        return "a deeply nested value"
    return shown(json.dumps(value, ensure_ascii=False), _VALUE)
