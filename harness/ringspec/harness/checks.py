"""Checks of an accepted answer: what comes back, held against what was sent.

Each takes the answer's data and yields what is wrong with it, in words. What is shared
between request and answer, and what has a default, is read from the contract.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ringspec.harness.exchange import Response
from ringspec.spec import (
    Answer,
    Contract,
    Evidence,
    Json,
    Location,
    RuleId,
    pointer,
    same,
)

MISSING = object()


def parse(response: Response) -> tuple[Json, str]:
    """Return an answer's JSON, or MISSING and why it is none."""
    media = (response.header("content-type") or "").split(";")[0].strip().lower()
    if media != "application/json" and not media.endswith("+json"):
        return MISSING, f"the answer is labelled {media or 'nothing'}, not JSON"
    try:
        return json.loads(response.body, parse_constant=_no_json), ""
    except (ValueError, RecursionError) as error:
        return MISSING, f"the answer is no JSON: {error}"


def _no_json(name: str) -> Json:
    raise ValueError(f"{name} is no JSON")  # though Python reads it


def schema_faults(answer: Answer, data: Json) -> dict[RuleId, str]:
    """Return, by rule, what an answer breaks of its schema."""
    found: dict[RuleId, str] = {}
    for breach in answer.prover.breaches(data):
        assertion = breach.assertion
        where = pointer(breach.location) or "the whole answer"
        if assertion.keyword == "required":
            what = f"{where} lacks {assertion.value}"
        else:
            what = f"{where} breaks {assertion.keyword} {json.dumps(assertion.value)}"
        found.setdefault(assertion.rule, what)
    return found


def _members(schema: Json) -> dict[str, Any]:
    members = schema.get("properties", {}) if isinstance(schema, dict) else {}
    return dict(members)


def echo_faults(contract: Contract, answer: Answer, sent: Json, got: Json) -> list[str]:
    """List what was sent and does not come back as it was."""
    if not isinstance(sent, dict) or not isinstance(got, dict):
        return []
    shared = _members(answer.schema.schema)
    members = _members(contract.request.schema)
    found: list[str] = []
    for name, value in sent.items():
        if name in shared and name in members:
            found += _differences(members[name], value, got.get(name, MISSING), (name,))
    return found


def _differences(schema: Json, sent: Json, got: Json, place: Location) -> Iterator[str]:
    """Yield where an answer loses or changes something; it may add members."""
    if got is MISSING:
        if sent is not None:
            yield f"{pointer(place)} is missing; {_short(sent)} was sent"
    elif isinstance(sent, dict) and isinstance(got, dict):
        members = _members(schema)
        for name, value in sent.items():
            below = members.get(name, {})
            yield from _differences(
                below, value, got.get(name, MISSING), (*place, name)
            )
    elif isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        items = schema.get("items", {}) if isinstance(schema, dict) else {}
        for index, (left, right) in enumerate(zip(sent, got, strict=True)):
            yield from _differences(items, left, right, (*place, index))
    elif not _equal(schema, sent, got):
        yield f"{pointer(place)} is {_short(got)}; {_short(sent)} was sent"


def _equal(schema: Json, sent: Json, got: Json) -> bool:
    if isinstance(sent, str) and isinstance(got, str):
        uuid = isinstance(schema, dict) and schema.get("format") == "uuid"
        # RFC 9562: upper and lower case are one uuid.
        return sent.lower() == got.lower() if uuid else sent == got
    return same(sent, got)


def default_faults(
    contract: Contract, answer: Answer, sent: Json, got: Json
) -> list[str]:
    """List defaults that are wrong, or documented and not shown."""
    if not isinstance(sent, dict) or not isinstance(got, dict):
        return []
    shared = _members(answer.schema.schema)
    members = _members(contract.request.schema)
    found: list[str] = []
    for name, schema in members.items():
        if name not in shared:
            continue
        if name in sent:
            found += _inner_defaults(schema, sent[name], got.get(name), (name,))
        elif "default" in schema and _fits(contract, sent, name, schema["default"]):
            documented = schema.get("x-evidence", "documented") == Evidence.DOCUMENTED
            shown = got.get(name)
            found += _default(schema["default"], shown, (name,), due=documented)
    return found


def _fits(contract: Contract, sent: dict[str, Json], name: str, default: Json) -> bool:
    """Tell whether a default belongs there at all: the body with it must be valid."""
    return contract.settled_prover.is_valid({**sent, name: default})


def _default(
    default: Json, got: Json, place: Location, *, due: bool = False
) -> Iterator[str]:
    """Yield a default that is wrong, or not shown though it is due."""
    if (got is not None or due) and not same(default, got):
        shown = "not shown" if got is None else _short(got)
        yield f"{pointer(place)} is {shown}; its default is {_short(default)}"


def _inner_defaults(
    schema: Json, sent: Json, got: Json, place: Location
) -> Iterator[str]:
    """Yield wrong defaults below the top: they may be filled in, or not."""
    if isinstance(sent, dict) and isinstance(got, dict):
        for name, below in _members(schema).items():
            inner = (*place, name)
            if name in sent:
                yield from _inner_defaults(below, sent[name], got.get(name), inner)
            elif "default" in below:
                yield from _default(below["default"], got.get(name), inner)
    elif isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        items = schema.get("items", {})
        for index, (left, right) in enumerate(zip(sent, got, strict=True)):
            yield from _inner_defaults(items, left, right, (*place, index))


def _short(value: Json, limit: int = 80) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else f"{text[:limit]}…"
