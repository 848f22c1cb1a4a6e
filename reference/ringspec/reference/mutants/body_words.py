"""The words of rows about bodies: how they are read, and by which rules judged.

In: the argument of a word, and the row that it stands in. Out: a defect, which turns a
behaviour into another one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

from ringspec.reference.behaviour import Behaviour, Defect
from ringspec.reference.body_checks import Check
from ringspec.reference.json_values import (
    FACTS,
    Change,
    Json,
    JsonObject,
    Select,
    Test,
    at,
    rewritten,
    steps_of,
    when,
)
from ringspec.reference.messages import (
    CrashError,
    RefusedError,
    demand_json,
    parse,
    refused,
)
from ringspec.reference.mutants.vocabulary import (
    WORDS,
    as_list,
    change_of,
    expression,
    test_of,
)

if TYPE_CHECKING:
    from ringspec.reference.mutants.rows import Variant


def together(defects: Iterable[Defect]) -> Defect:
    """Combine several changes into one defect."""
    found = tuple(defects)
    return lambda behaviour: reduce(lambda it, defect: defect(it), found, behaviour)


def forgets(patterns: Any, _row: Variant) -> Defect:
    """Drop the rules that match a pattern, except those that match one with !."""
    wanted = as_list(patterns)

    def is_forgotten(rule: str) -> bool:
        kept = any(each[0] == "!" and fnmatchcase(rule, each[1:]) for each in wanted)
        return not kept and any(fnmatchcase(rule, each) for each in wanted)

    def apply(behaviour: Behaviour) -> Behaviour:
        kept = tuple(one for one in behaviour.checks if not is_forgotten(one.rule))
        if len(kept) == len(behaviour.checks):
            raise LookupError(f"no check holds a rule of {wanted}")
        return replace(behaviour, checks=kept)

    return apply


def _changed(rule: str, change: Callable[[Check], Check]) -> Defect:
    def apply(behaviour: Behaviour) -> Behaviour:
        if all(check.rule != rule for check in behaviour.checks):
            raise LookupError(f"no check holds the rule {rule!r}")
        checks = [change(it) if it.rule == rule else it for it in behaviour.checks]
        return replace(behaviour, checks=tuple(checks))

    return apply


def _judged(rule: str, test: Callable[[Test], Test]) -> Defect:
    """Judge by another test, which is given the due one."""
    return _changed(rule, lambda check: replace(check, holds=test(check.holds)))


def _selected(rule: str, select: Callable[[Select], Select]) -> Defect:
    """Check values of another selection, which is given the due one."""
    return _changed(rule, lambda check: replace(check, select=select(check.select)))


def accepts(written: Any, row: Variant) -> Defect:
    """Accept values that the rule of the row forbids."""
    excuses = test_of(written)
    return _judged(row.rule, lambda due: lambda value: due(value) or excuses(value))


def refuses(written: Any, row: Variant) -> Defect:
    """Refuse values: by the rule of the row, or at the path of the row by no rule."""
    forbidden = test_of(written)
    if row.at is not None:
        name = "unheard-of" if row.rule else "unsettled"
        why = "is not taken here"
        check = Check(name, at(row.at), lambda value: not forbidden(value), why)
        return lambda behaviour: replace(behaviour, checks=(*behaviour.checks, check))
    return _judged(
        row.rule, lambda due: lambda value: due(value) and not forbidden(value)
    )


def judges(tests: Mapping[str, Any], _row: Variant) -> Defect:
    """Replace the tests of rules."""
    return together(
        _changed(rule, partial(replace, holds=test_of(written)))
        for rule, written in tests.items()
    )


def checks_only(written: str, row: Variant) -> Defect:
    """Check the rule of the row at fewer places: an expression of `places`."""
    keep = expression(written)
    return _selected(row.rule, lambda due: lambda body: keep(places=list(due(body))))


def checks_only_where(written: Any, row: Variant) -> Defect:
    """Check the rule of the row only in bodies that pass a test."""
    test = test_of(written)
    return _selected(row.rule, lambda due: when(test, due))


def reads(written: Any, row: Variant) -> Defect:
    """Replace values before they are judged."""
    return _reading({row.at or "": change_of(written)})


def reads_all(changes: Mapping[str, Any], _row: Variant) -> Defect:
    """Replace values before they are judged, by path."""
    return _reading({path: change_of(written) for path, written in changes.items()})


def _reading(changes: Mapping[str, Change]) -> Defect:
    def read(body: Json) -> Json:
        for path, change in changes.items():
            body = rewritten(body, change, steps_of(path))
        return body

    return lambda behaviour: replace(behaviour, read=read)


def crashes_on(written: Any, row: Variant) -> Defect:
    """Crash at some values."""
    fatal = test_of(written)

    def change(value: Json) -> Json:
        if fatal(value):
            raise CrashError
        return value

    return _reading({row.at or "": change})


def fills_in_required(others: JsonObject, _row: Variant) -> Defect:
    """Take the default, or another value, for an absent or null member that has one."""

    def given(body: JsonObject) -> JsonObject:
        sent = {name: value for name, value in body.items() if value is not None}
        return {**body, **FACTS["required"], **others, **sent}

    def read(body: Json) -> Json:
        return given(body) if isinstance(body, dict) else body

    return lambda behaviour: replace(behaviour, read=read, keep=given)


def parses(name: str, _row: Variant) -> Defect:
    """Read the bytes of a body by another parser."""
    return lambda behaviour: replace(behaviour, parse=_PARSERS[name])


def mends(name: str, _row: Variant) -> Defect:
    """Read some bytes that are not JSON. Source: RFC 8259, section 9."""
    mend: Callable[..., Json] = expression(WORDS["mends"][name])

    def read(raw: bytes) -> Json:
        try:
            return parse(raw)
        except RefusedError:
            with suppress(ValueError, RecursionError):
                return mend(raw=raw)
            raise

    return lambda behaviour: replace(behaviour, parse=read)


def _unrepeated(raw: bytes) -> Json:
    """Read JSON in which no member stands twice. Source: RFC 8259, 4."""

    def once(pairs: list[tuple[str, Json]]) -> JsonObject:
        members = dict(pairs)
        if len(members) < len(pairs):
            raise refused(400, "A member must not stand twice.")
        return members

    body = parse(raw)
    json.loads(raw, object_pairs_hook=once)
    return body


def _short(raw: bytes) -> Json:
    if len(raw) > 100_000:
        raise refused(413, "A body may have at most 100000 bytes.")
    return parse(raw)


_PARSERS: dict[str, Callable[[bytes], Json]] = {
    # Source: RFC 8259, 8.1.
    "after a byte order mark": lambda raw: parse(raw.removeprefix(b"\xef\xbb\xbf")),
    "without repeated members": _unrepeated,
    "up to 100000 bytes": _short,
}


def crashes_on_bytes(pattern: str, _row: Variant) -> Defect:
    """Crash at bytes before they are read as JSON: a pattern, or a word for them."""
    needed: dict[str, Callable[[bytes], Any]] = {
        "no JSON": json.loads,
        "no UTF-8": bytes.decode,
    }

    def read(raw: bytes) -> Json:
        try:
            needed.get(pattern, bytes)(raw)
        except (ValueError, RecursionError) as error:
            raise CrashError from error
        if pattern not in needed and re.search(pattern.encode("latin-1"), raw):
            raise CrashError
        return parse(raw)

    return lambda behaviour: replace(behaviour, parse=read)


def takes_label(pattern: str, _row: Variant) -> Defect:
    """Accept another Content-Type than JSON's."""

    def label(content_type: str) -> None:
        if not re.search(pattern, content_type.strip().lower()):
            demand_json(content_type)

    return lambda behaviour: replace(behaviour, label=label)
