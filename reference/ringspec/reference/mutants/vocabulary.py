"""The words of rows about values: tests of them, and changes of them.

A test is a value that is equal, a list of such values, or an object all of whose
members hold: a word with its argument, or a dotted path with the test of the value
there (null if absent). A change is a word, or an object of one word with its argument.
The words are expressions in `vocabulary.toml`, or else functions here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from html import escape
from itertools import groupby
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from jinja2 import Environment, Undefined

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
    table,
)

WORDS = table("mutants/vocabulary.toml")


def test_of(written: Any) -> Test:
    """Return the test that a row describes."""
    if not isinstance(written, dict):
        # True is not 1.
        return lambda value: any(
            value == one and isinstance(value, bool) == isinstance(one, bool)
            for one in as_list(written)
        )
    tests = [_test(word, argument) for word, argument in written.items()]
    return lambda value: all(test(value) for test in tests)


def _test(word: str, argument: Any) -> Test:
    if word == "not":
        test = test_of(argument)
        return lambda value: not test(value)
    if word == "is":
        passes = expression(WORDS["tests"][argument])
    elif word in WORDS["tests_with_argument"]:
        passes = expression(WORDS["tests_with_argument"][word])
    else:
        test = test_of(argument)
        return lambda value: test(member_of(value, word))
    return lambda value: bool(passes(value=value, argument=argument))


def change_of(written: Any) -> Change:
    """Return the change that a row describes; each has a memory of its own."""
    if isinstance(written, str):
        word, argument, known = written, None, WORDS["changes"]
    else:
        ((word, argument),) = written.items()
        known = WORDS["changes_with_argument"]
    if word in _CHANGES:
        return _CHANGES[word](argument)
    changes = expression(known[word])

    def change(value: Json) -> Any:
        changed = changes(value=value, argument=argument)
        return value if isinstance(changed, Undefined) else changed

    return change


@cache
def expression(text: str) -> Callable[..., Any]:
    """Return the function of an expression, which takes the values of its names."""
    return _environment().compile_expression(text, undefined_to_none=False)


def member_of(value: Json, path: str) -> Json:
    """Return the value at a dotted path of members, null if absent."""
    for name in path.split("."):
        value = as_object(value).get(name)
    return value


def as_list(written: Any) -> list[Any]:
    """Return a list unchanged, any other value in a list."""
    return written if isinstance(written, list) else [written]


def _items(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _surplus(body: Json) -> float:
    """Return the number of delays minus retries; 0 if not countable."""
    delays, count = member_of(body, "retryDelays"), number(member_of(body, "retries"))
    if not isinstance(delays, list) or count is None:
        return 0
    return len(delays) - count


def _parsed(text: str) -> Json:
    with suppress(ValueError):
        return json.loads(text)  # type: ignore[no-any-return]
    return text


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(it) for it in value] if isinstance(value, list) else value


def _with_defaults_below(body: JsonObject) -> Json:
    flow = as_object(body.get("voiceFlow"))
    welcome = {"replay": 0, **as_object(flow.get("welcome"))}
    filled: JsonObject = {"machineDetection": False, **flow, "welcome": welcome}
    return {"includeUnsubscribed": False, **body, "voiceFlow": filled}


def _closed(raw: bytes) -> Any:
    text = raw.decode().rstrip().rstrip(",")
    for closing in ("}", "}}", '"}', '"}}', '"}}}', "]}", "]}}"):
        try:
            return json.loads(text + closing)
        except ValueError:
            continue
    return json.loads(text)


def _with_id_as(name: str, body: Json) -> Json:
    members = as_object(body).items()
    return {name if known == "broadcastId" else known: it for known, it in members}


def _enveloped(body: JsonObject) -> Json:
    if "items" not in body:
        return {"data": body}
    items = [_with_id_as("uuid", each) for each in _items(body["items"])]
    return {"items": items, "next": member_of(body, "pagination.next")}


def _numbered(items: list[Json]) -> Json:
    return [
        {**one, "broadcastId": f"broadcast-{index}"} if isinstance(one, dict) else one
        for index, one in enumerate(items)
    ]


# What expressions may call.
_FUNCTIONS: tuple[Any, ...] = (
    *(json, re, set, float, groupby, quote, escape, is_uuid, number, as_list),
    *(_surplus, _parsed, _without_nulls, _with_defaults_below, _with_id_as),
    *(_enveloped, _numbered, _closed),
)


@cache
def _environment() -> Environment:
    made = Environment()  # noqa: S701 - no markup
    made.tests["list"] = lambda value: isinstance(value, list)
    made.globals |= {
        **{each.__name__.lstrip("_"): each for each in _FUNCTIONS},
        "members": set(MEMBERS),
        "nulls": dict.fromkeys(it for it in MEMBERS if it not in FACTS["required"]),
        "longest_delay": LONGEST_DELAY_MIN,
        "lengths": lambda delays: [number(it) or 0 for it in _items(delays)],
        "keys": lambda choices: [member_of(it, "key") for it in _items(choices)],
        "once": lambda items: [it for i, it in enumerate(items) if it not in items[:i]],
        "below": lambda places, name: [it for it in places if name in it[0]],
        "in_first_items": lambda places: [it for it in places if it[0][-2] == 0],
        "uuid_of": lambda text: str(uuid5(NAMESPACE_URL, text)),
        "problems": lambda it: [{"path": k, "message": v} for k, v in it.items()],
    }
    return made


def _in_every_text(written: Any) -> Change:
    """Change every value that is neither object nor list, at any depth."""
    change = change_of(written)

    def apply(value: Json) -> Json:
        if isinstance(value, list):
            return [apply(item) for item in value]
        if isinstance(value, dict):
            return {name: apply(below) for name, below in value.items()}
        return change(value)

    return apply


def _losing(paths: Any) -> Change:
    def lose(value: Json) -> Json:
        for path in as_list(paths):
            *parents, names = steps_of(path)
            value = rewritten(value, partial(_without, names), parents)
        return value

    return lose


def _without(names: tuple[str, ...], value: Json) -> Json:
    if not isinstance(value, dict):
        return value
    return {name: it for name, it in value.items() if name not in names}


def _remembering(which: str) -> Change:
    """Return the first value received, or the previous one."""
    met: list[Json] = []

    def recall(value: Json) -> Json:
        met.append(value)
        return met[0] if which == "the first" else met[-2:][0]

    return recall


_CHANGES: dict[str, Callable[[Any], Change]] = {
    "in every text": _in_every_text,
    "lose": _losing,
    "remember": _remembering,
}
