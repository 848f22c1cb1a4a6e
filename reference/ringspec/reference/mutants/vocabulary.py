"""The words of rows about values: tests of them, and changes of them.

A test is a value that is equal, a list of such values, or an object all of whose
members hold: a word of `_TESTS` with its argument, or a dotted path with the test of
the value there (null if absent). A change is a name in `_PLAIN_CHANGES`, or an
object of one word of `_CHANGES` with its argument.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable
from html import escape
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from ringspec.reference.body_checks import LONGEST_DELAY_MIN, MEMBERS
from ringspec.reference.json_values import (
    FACTS,
    Change,
    Json,
    JsonObject,
    Test,
    as_object,
    is_uuid,
    number,
    rewritten,
    steps_of,
)


def test_of(written: Any) -> Test:
    """Return the test that a row describes."""
    if not isinstance(written, dict):
        # True is not 1.
        return lambda value: any(
            value == one and isinstance(value, bool) == isinstance(one, bool)
            for one in as_list(written)
        )
    tests = [
        _TESTS[word](argument) if word in _TESTS else _at_member(word, argument)
        for word, argument in written.items()
    ]
    return lambda value: all(test(value) for test in tests)


def change_of(written: Any) -> Change:
    """Return the change that a row describes; each has a memory of its own."""
    if isinstance(written, str):
        return _PLAIN_CHANGES[written]
    ((word, argument),) = written.items()
    return _CHANGES[word](argument)


def member_of(value: Json, path: str) -> Json:
    """Return the value at a dotted path of members, null if absent."""
    for name in path.split("."):
        value = as_object(value).get(name)
    return value


def _at_member(path: str, written: Any) -> Test:
    test = test_of(written)
    return lambda value: test(member_of(value, path))


def as_list(written: Any) -> list[Any]:
    """Return a list unchanged, any other value in a list."""
    return written if isinstance(written, list) else [written]


def _number(test: Callable[[float], bool]) -> Test:
    """Test a whole number; other values do not pass."""

    def passes(value: Json) -> bool:
        given = number(value)
        return given is not None and test(given)

    return passes


def _sized(test: Callable[[int], bool]) -> Test:
    return lambda value: isinstance(value, str | list) and test(len(value))


def _not(written: Any) -> Test:
    test = test_of(written)
    return lambda value: not test(value)


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _surplus(body: Json) -> float:
    """Return the number of delays minus retries; 0 if not countable."""
    delays, count = member_of(body, "retryDelays"), number(member_of(body, "retries"))
    if not isinstance(delays, list) or count is None:
        return 0
    return len(delays) - count


def _keys(choices: Json) -> list[Json]:
    return [member_of(choice, "key") for choice in _items(choices)]


def _lengths(delays: Json) -> list[float]:
    return [number(delay) or 0 for delay in _items(delays)]


_TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "list": list,
    "object": dict,
    "boolean": bool,
    "float": float,
}
_PLAIN_TESTS: dict[str, Test] = {
    "a number": lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool)
    ),
    "an integer": lambda value: number(value) is not None,
    "a uuid": is_uuid,
    "truthy": bool,
    "digits": lambda value: str(value).isdigit(),
    "not in lower case": lambda value: (
        isinstance(value, str) and value != value.lower()
    ),
    "unlike the members known": lambda value: (
        isinstance(value, dict) and not value.keys() <= {*MEMBERS}
    ),
    "with null for a member but the time": lambda value: any(
        below is None
        for name, below in as_object(value).items()
        if name != "scheduledAt"
    ),
    "with fewer delays than retries": lambda body: _surplus(body) < 0,
    "with more delays than retries": lambda body: _surplus(body) > 0,
    "with a delay for each retry": lambda body: _surplus(body) == 0,
    "out of order": lambda delays: _lengths(delays) != sorted(_lengths(delays)),
    "repetitive": lambda value: any(
        one in _items(value)[:index] for index, one in enumerate(_items(value))
    ),
    "longer together than the longest delay": lambda delays: (
        sum(_lengths(delays)) > LONGEST_DELAY_MIN
    ),
    "with the longest delay third": lambda delays: (
        _items(delays)[2:] == [LONGEST_DELAY_MIN]
    ),
    "without equal neighbours": lambda choices: all(
        one != other for one, other in pairwise(_keys(choices))
    ),
    "without the first key again": lambda choices: all(
        _keys(choices)[0] != other for other in _keys(choices)[1:]
    ),
}
_TESTS: dict[str, Callable[[Any], Test]] = {
    "is": lambda name: _PLAIN_TESTS[name],
    "is a": lambda name: lambda value: isinstance(value, _TYPES[name]),
    "not": _not,
    "matches": lambda pattern: (
        lambda value: isinstance(value, str) and bool(re.search(pattern, value))
    ),
    "length": lambda lengths: _sized(lambda given: given in as_list(lengths)),
    "longer than": lambda length: _sized(lambda given: given > length),
    "above": lambda bound: _number(lambda given: given > bound),
    "below": lambda bound: _number(lambda given: given < bound),
    "outside": lambda bounds: _number(
        lambda given: not bounds[0] <= given <= bounds[1]
    ),
    "beyond bits": lambda bits: _number(lambda given: abs(given) >= 2 ** (bits - 1)),
    "has": lambda names: (
        lambda value: isinstance(value, dict) and value.keys() >= {*as_list(names)}
    ),
    "has any": lambda names: lambda value: bool(as_object(value).keys() & {*names}),
    "members": lambda count: (
        lambda value: isinstance(value, dict) and len(value) == count
    ),
    "more members than": lambda count: lambda value: len(as_object(value)) > count,
}


def _of(kind: type, change: Callable[[Any], Json]) -> Change:
    """Change values of one type."""
    return lambda value: change(value) if isinstance(value, kind) else value


def _of_integer(change: Callable[[float], Json]) -> Change:
    def apply(value: Json) -> Json:
        given = number(value)
        return value if given is None else change(given)

    return apply


def _indexed(value: JsonObject) -> Json:
    is_list = [*value] == [str(index) for index in range(len(value))]
    return [*value.values()] if is_list else value


def _parsed(text: str) -> Json:
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)  # type: ignore[no-any-return]
    except ValueError:
        return text


def _deep(change: Change) -> Change:
    """Change every value that is neither object nor list, at any depth."""

    def apply(value: Json) -> Json:
        if isinstance(value, list):
            return [apply(item) for item in value]
        if isinstance(value, dict):
            return {name: apply(below) for name, below in value.items()}
        return change(value)

    return apply


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return (
        [_without_nulls(each) for each in value] if isinstance(value, list) else value
    )


def _swapped(body: JsonObject) -> Json:
    one, other = "retryOnNoInput", "retryOnFailed"
    return {**body, one: body.get(other), other: body.get(one)}


def _with_defaults_below(body: JsonObject) -> Json:
    flow = as_object(body.get("voiceFlow"))
    welcome = {"replay": 0, **as_object(flow.get("welcome"))}
    filled: JsonObject = {"machineDetection": False, **flow, "welcome": welcome}
    return {"includeUnsubscribed": False, **body, "voiceFlow": filled}


def _enveloped(body: JsonObject) -> Json:
    if "items" not in body:
        return {"data": body}
    items = [
        {"uuid" if name == "broadcastId" else name: it for name, it in each.items()}
        for each in map(as_object, _items(body["items"]))
    ]
    return {"items": [*items], "next": member_of(body, "pagination.next")}


def _numbered(items: list[Json]) -> Json:
    return [
        {**one, "broadcastId": f"broadcast-{index}"} if isinstance(one, dict) else one
        for index, one in enumerate(items)
    ]


_WORDS: dict[Json, Json] = {"true": True, "false": False}
_NULLS = {name: None for name in MEMBERS if name not in FACTS["required"]}
_PLAIN_CHANGES: dict[str, Change] = {
    # Values of one type read as another.
    "text of digits as number": _of(
        str, lambda text: int(text) if re.fullmatch("-?[0-9]{1,12}", text) else text
    ),
    "boolean as number": _of(bool, int),
    "number rounded down": _of(float, math.floor),
    "word as boolean": _of(str, lambda text: _WORDS.get(text, text)),
    "1 or 0 as boolean": lambda value: (
        bool(value) if isinstance(value, int) and value in (0, 1) else value
    ),
    "number as text": lambda value: (
        str(value)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else value
    ),
    "boolean as word": _of(bool, json.dumps),
    "list of one as its item": _of(
        list, lambda items: items[0] if len(items) == 1 else items
    ),
    "value as list of it": lambda value: value if isinstance(value, list) else [value],
    "object with indexes as list": _of(dict, _indexed),
    "text of JSON as value": _of(str, _parsed),
    "date as time": _of(
        str,
        lambda text: 1924992000 if re.match("[0-9]{4}(-[0-9]{2}){2}", text) else text,
    ),
    "text as object that says it": _of(str, lambda text: {"say": text}),
    "digits as number": _of(str, lambda text: int(text) if text.isdecimal() else text),
    "number or boolean as text": lambda value: (
        str(value) if isinstance(value, int | float) else value
    ),
    "boolean as 1 or 0": lambda value: int(bool(value)),
    "value as text of JSON": json.dumps,
    "value but a text as JSON": lambda value: (
        value if isinstance(value, str) else json.dumps(value)
    ),
    "value in list": lambda value: [value],
    "first item": _of(list, lambda items: items[0] if items else items),
    # Texts.
    "in lower case": _of(str, str.lower),
    "stripped": _of(str, str.strip),
    "in ASCII": _of(str, lambda text: text.encode("ascii", "replace").decode()),
    "in 16 bits": _of(str, lambda text: "".join(c for c in text if c <= "\uffff")),
    "UTF-8 as Latin-1": _of(
        str, lambda text: text.encode(errors="replace").decode("latin-1")
    ),
    "escaped for URLs": _of(str, quote),
    "escaped for HTML": _of(str, escape),
    "the text null as null": lambda value: None if value == "null" else value,
    "hidden but for its end": _of(str, lambda text: f"*******{text[-4:]}"),
    "with plus": _of(str, lambda text: f"+{text}"),
    "up to <": _of(str, lambda text: text.partition("<")[0]),
    "uuids in lower case": _of(
        str, lambda text: text.lower() if is_uuid(text) else text
    ),
    # Numbers and booleans.
    "null as 0": lambda value: value or 0,
    "negated": _of(bool, operator.not_),
    "in 32 bits": _of_integer(lambda given: (int(given) + 2**31) % 2**32 - 2**31),
    "thousandth": lambda value: int(number(value) or 0) // 1000,
    # Lists; a text has no place in the order of numbers.
    "sorted": _of(
        list, lambda items: sorted(items, key=lambda each: number(each) or 0)
    ),
    "reversed": _of(list, lambda items: items[::-1]),
    "once each": _of(
        list, lambda items: [one for i, one in enumerate(items) if one not in items[:i]]
    ),
    "first only": _of(list, lambda items: items[:1]),
    "numbered": _of(list, _numbered),
    # Objects.
    "in reversed order": _of(dict, lambda body: dict(reversed(body.items()))),
    "reasons to retry swapped": _of(dict, _swapped),
    "in an envelope": _of(dict, _enveloped),
    "id as id": _of(
        dict,
        lambda body: {"id" if k == "broadcastId" else k: v for k, v in body.items()},
    ),
    "without nulls": _without_nulls,
    "absent as null": _of(dict, lambda body: {**_NULLS, **body}),
    "with defaults below": _of(dict, _with_defaults_below),
    "the error alone": _of(dict, lambda body: body["error"]),
    "in a list of errors": _of(dict, lambda body: {"errors": [body["error"]]}),
    "problems as list": _of(
        dict, lambda details: [{"path": k, "message": v} for k, v in details.items()]
    ),
    "first problem": _of(dict, lambda details: dict([*details.items()][:1])),
}


def _losing(paths: Any) -> Change:
    def lose(value: Json) -> Json:
        for path in as_list(paths):
            *parents, (name,) = steps_of(path)
            value = rewritten(
                value,
                _of(dict, lambda one: {k: v for k, v in one.items() if k != name}),  # noqa: B023 - called at once
                parents,
            )
        return value

    return lose


def _remembering(which: str) -> Change:
    """Return the first value received, or the previous one."""
    met: list[Json] = []

    def recall(value: Json) -> Json:
        met.append(value)
        return met[0] if which == "the first" else met[-2:][0]

    return recall


_CHANGES: dict[str, Callable[[Any], Change]] = {
    "becomes": lambda fixed: lambda _value: fixed,
    "cut to": lambda n: lambda it: it[:n] if isinstance(it, str | list) else it,
    "drop": lambda part: _of(str, lambda text: text.replace(part, "")),
    "map": lambda pairs: _of(str, lambda text: pairs.get(text, text)),
    "times": lambda factor: _of_integer(lambda given: given * factor),
    "append": lambda part: lambda value: f"{value}{part}",
    "in every text": lambda written: _deep(change_of(written)),
    "put": lambda members: _of(dict, lambda one: {**one, **members}),
    "add": lambda members: _of(dict, lambda one: {**members, **one}),
    "below": lambda name: lambda value: {name: value},
    "lose": _losing,
    "remember": _remembering,
}
