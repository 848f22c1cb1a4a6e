"""Answers for people: the status line and the start of the body."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus

from ringspec.harness import Exchange, Finding
from ringspec.reports.printable import counted, decoded, shown
from ringspec.spec import Json, Rule, is_shallow, patched, steps
from ringspec.strategies import Case, Expect, Status, Want, What

# Bytes that are looked at, so that megabytes cost nothing.
_BYTES = 4096
_KNOWN = frozenset(HTTPStatus)


def status_line(exchange: Exchange) -> str:
    """Write `HTTP 201 Created`, or how the transport failed."""
    if exchange.response is None:
        trouble = f"{exchange.failure.trouble}: " if exchange.failure else ""
        return f"no answer, {trouble}{shown(exchange.summary, 300)}"
    status = exchange.response.status
    phrase = HTTPStatus(status).phrase if status in _KNOWN else ""
    return f"HTTP {status} {phrase}".rstrip()


def step_lines(exchange: Exchange) -> list[str]:
    """Write what was sent before, and how it was answered, a request a line."""
    earlier = exchange.played.earlier if exchange.played else ()
    return [
        f"{each.request.method} {shown(each.request.path, 200)}: {each.summary}"
        for each in earlier
    ]


def body_start(exchange: Exchange, limit: int = 300) -> str:
    """Write the first characters of the body on one line, made visible."""
    if exchange.response is None:
        return ""
    body = exchange.response.body
    text = shown(decoded(body[:_BYTES])[:limit], limit)
    if len(body) <= _BYTES and len(decoded(body).strip()) <= limit:
        return text
    return f"{text}… ({counted(len(body), 'byte')} in all)"


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


_DUE_VALUE = 80


def due(finding: Finding, rule: Rule) -> str:
    """Say what a conforming target does, where this one did not.

    Where a check of the answer fails, that is what its rule says; a target that broke
    down is told what the case asks for besides.
    """
    case, response = finding.case, finding.exchange.response
    if finding.rule in (case.rule, *case.broken):
        return _sentence(expectation(case))
    if finding.rule == "error.status":
        return _sentence(_status(case.status))
    if response is None or response.status >= 500:
        return f"{rule.sentence} Here: {expectation(case)}."
    return rule.sentence


def expectation(case: Case) -> str:
    """Say what a case expects, as a phrase."""
    if case.steps:
        last = case.steps[-1]
        wanted = "; ".join((_status(last.status), *_wants(last.wants)))
        return f"after what was sent before, {wanted}" if case.steps[1:] else wanted
    status = _status(case.status)
    match case.expect:
        case Expect.ACCEPT:
            return f"the body is valid, so that it is accepted with {status}"
        case Expect.REJECT if case.broken:
            return f"the body is invalid, so that it is refused with {status}"
        case Expect.REJECT:
            return f"the request is refused with {status}"
        case Expect.SURVIVE:
            return f"an answer in time, with {status}"


def _status(status: Status) -> str:
    """Write `a 2xx status`, `status 400 or 422`."""
    *others, last = map(str, status or ("any",))
    words = f"{', '.join(others)} or {last}" if others else last
    if words.isdigit() or words[:3].isdigit():
        return f"status {words}"
    return f"{'an' if words.startswith('any') else 'a'} {words} status"


def _wants(wants: tuple[Want, ...]) -> Iterator[str]:
    for want in wants:
        value = _due_value(want)
        at = shown(want.at, _DUE_VALUE)
        match want.what:
            case What.ONE_OF:
                yield f"{at} is {value}"
            case What.IF_SHOWN:
                yield f"{at}, if it is there, is {value}"
            case What.DIFFERS:
                yield f"{at} is no longer {value}"
            case What.SHOWS:
                yield "the answer gives back what was sent"
            case What.HAS:
                yield f"the list has an item with {at} {value}"
            case What.LACKS:
                yield f"the list has no item with {at} {value}"
            case What.UNLIKE:
                yield f"the list has no new item with {value}"


def _due_value(want: Want) -> str:
    if not is_shallow(want.value):
        return "a deeply nested value"
    several = want.what in (What.ONE_OF, What.IF_SHOWN)
    values = want.value if several else [want.value]
    written = (json.dumps(each, ensure_ascii=False) for each in values)
    return " or ".join(shown(each, _DUE_VALUE) for each in written)


def _sentence(phrase: str) -> str:
    return f"{phrase[:1].upper()}{phrase[1:]}."
