"""Checks of an accepted answer: what comes back, held against what was sent.

Each takes the answer's data and yields what is wrong with it, in words. What is shared
between request and answer, and what has a default, is read from the contract.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ringspec.harness.answering import MISSING
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


# Of one value, too: what holds as it stands, and what may.
_WHOLE = ("allOf",)
_PERHAPS = ("allOf", "anyOf", "oneOf")


def _members(schema: Json, branches: tuple[str, ...] = _WHOLE) -> dict[str, Any]:
    """Return the members that an object is said to have, put together of its parts."""
    if not isinstance(schema, dict):
        return {}
    found = dict(schema.get("properties", {}))
    parts = [part for keyword in branches for part in schema.get(keyword, ())]
    if branches is _PERHAPS:
        parts += [schema[name] for name in ("then", "else") if name in schema]
    for part in parts:
        for name, child in _members(part, branches).items():
            found[name] = _both(found[name], child) if name in found else child
    return {name: child for name, child in found.items() if isinstance(child, dict)}


def _both(one: Json, other: Json) -> Json:
    """Join two schemas of one value, so that both their parts are found."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return one or other
    return {**other, **one, "allOf": [one, other]}


def _items(schema: Json) -> Json:
    """Return what an array is said to hold; none where nothing is said."""
    if not isinstance(schema, dict):
        return {}
    if "items" in schema:
        return schema["items"]
    return next(filter(None, map(_items, schema.get("allOf", ()))), {})


def echo_faults(contract: Contract, answer: Answer, sent: Json, got: Json) -> list[str]:
    """List what was sent and does not come back as it was."""
    return list(_echo(contract.request.schema, answer.schema.schema, sent, got, ()))


def _echo(
    asked: Json, told: Json, sent: Json, got: Json, place: Location
) -> Iterator[str]:
    """Yield what differs of what both the request and the answer name."""
    if isinstance(sent, dict) and isinstance(got, dict):
        shared = _members(told, _PERHAPS)
        members = _members(asked, _PERHAPS)
        for name, value in sent.items():
            # What is only written is not read back. Source: JSON Schema, 9.4.
            if name in shared and name in members and not shared[name].get("writeOnly"):
                below = (*place, name)
                yield from _differences(
                    members[name], value, got.get(name, MISSING), below
                )
    elif isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        asked, told = _items(asked), _items(told)
        for index, (left, right) in enumerate(zip(sent, got, strict=True)):
            yield from _echo(asked, told, left, right, (*place, index))
    elif told and place:
        yield from _differences(asked, sent, got, place)


def _differences(schema: Json, sent: Json, got: Json, place: Location) -> Iterator[str]:
    """Yield where an answer loses or changes something; it may add members."""
    if got is MISSING:
        if sent is not None:
            yield f"{pointer(place)} is missing; {_short(sent)} was sent"
    elif isinstance(sent, dict) and isinstance(got, dict):
        members = _members(schema, _PERHAPS)
        for name, value in sent.items():
            below = members.get(name, {})
            if below.get("writeOnly"):
                continue
            yield from _differences(
                below, value, got.get(name, MISSING), (*place, name)
            )
    elif isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        items = _items(schema)
        for index, (left, right) in enumerate(zip(sent, got, strict=True)):
            yield from _differences(items, left, right, (*place, index))
    elif not _equal(schema, sent, got):
        yield f"{pointer(place)} is {_short(got)}; {_short(sent)} was sent"


def _equal(schema: Json, sent: Json, got: Json) -> bool:
    if isinstance(sent, str) and isinstance(got, str):
        uuid = isinstance(schema, dict) and schema.get("format") == "uuid"
        # RFC 9562: upper and lower case are one uuid.
        return sent.lower() == got.lower() if uuid else sent == got
    if all(isinstance(each, int | float) for each in (sent, got)):
        # JSON has one kind of numbers: 3.0 is 3. Only a boolean is none.
        return sent == got and isinstance(sent, bool) == isinstance(got, bool)
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
        if name not in shared or shared[name].get("writeOnly"):
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
    if (got is not None or due) and not _equal({}, default, got):
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
            elif "default" in below and not below.get("writeOnly"):
                yield from _default(below["default"], got.get(name), inner)
    elif isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        items = _items(schema)
        for index, (left, right) in enumerate(zip(sent, got, strict=True)):
            yield from _inner_defaults(items, left, right, (*place, index))


def _short(value: Json, limit: int = 80) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else f"{text[:limit]}…"
