"""Checks of an answer: its JSON, its schema, and what it gives back.

Each check takes the answer's data and returns what is wrong with it, in words. What is
shared between request and answer, and what has a default, is read from the contract.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from ringspec.harness.judging.verdict import Verdict
from ringspec.harness.sending.exchange import MISSING, Played, Response, parse
from ringspec.spec import (
    Answer,
    Answers,
    Contract,
    Evidence,
    Json,
    Location,
    RuleId,
    at_pointer,
    pointer,
    same,
    short,
)
from ringspec.strategies import Want, What

# Characters of a value in an echo that are cited.
_WIDTH = 80
ENVELOPE = RuleId("error.envelope")
ANSWER_JSON = RuleId("answer.json")
ANSWER_SCHEMA = (RuleId("answer.members"), RuleId("answer.types"))
ECHO = RuleId("answer.echo")
DEFAULTS = RuleId("answer.defaults")

# Refusals that are not about what was asked. Source: product.md, Levels.
NO_JUDGEMENT = frozenset({401, 407, 408, 429})

Judgement: TypeAlias = tuple[RuleId, Verdict, str]


def envelope(answers: Answers, response: Response) -> Iterator[Judgement]:
    """Judge the answer to what was refused."""
    if answers.is_bare(response.status):
        return
    data, reason = parse(response)
    answer = answers.of(response.status)
    if not reason and answer is not None:
        reason = "; ".join(schema_faults(answer, data).values())
    yield ENVELOPE, Verdict.FAIL if reason else Verdict.PASS, reason


def form(answers: Answers, response: Response) -> Iterator[Judgement]:
    """Judge what any accepted answer has to be: JSON that keeps to its schema."""
    if answers.is_bare(response.status):
        return
    data, reason = parse(response)
    yield ANSWER_JSON, Verdict.FAIL if reason else Verdict.PASS, reason
    answer = answers.of(response.status)
    if reason or answer is None:
        return
    faults = schema_faults(answer, data)
    for rule in ANSWER_SCHEMA:
        yield told(rule, [faults[rule]] if rule in faults else [])


def content(contract: Contract, sent: Json, response: Response) -> Iterator[Judgement]:
    """Judge whether the answer to a create gives back what was sent."""
    answer = contract.answers.of(response.status)
    data, reason = parse(response)
    if reason or answer is None:
        return
    yield told(ECHO, echo_faults(contract, answer, sent, data))
    yield told(DEFAULTS, default_faults(contract, answer, sent, data))


def told(rule: RuleId, faults: list[str]) -> Judgement:
    """Return the verdict on a rule by the faults that were found."""
    if not faults:
        return rule, Verdict.PASS, ""
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return rule, Verdict.FAIL, faults[0] + more


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
            yield f"{pointer(place)} is missing; {short(sent, _WIDTH)} was sent"
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
        shown = short(got, _WIDTH)
        yield f"{pointer(place)} is {shown}; {short(sent, _WIDTH)} was sent"


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
        shown = "not shown" if got is None else short(got, _WIDTH)
        yield f"{pointer(place)} is {shown}; its default is {short(default, _WIDTH)}"


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


def capture(
    wanted: dict[str, str], data: Json, items: tuple[Json, ...] | None
) -> tuple[dict[str, Json], str]:
    """Return what stands at some pointers, of a list in each item; or what is not."""
    found: dict[str, Json] = {}
    for name, place in wanted.items():
        if items is not None:
            found[name] = [at_pointer(each, place) for each in items]
        else:
            found[name] = at_pointer(data, place)
            if not isinstance(found[name], str | int) or found[name] == "":
                return {}, place
    return found, ""


def unmet(wants: Iterable[Want], data: Json, played: Played) -> list[str]:
    """List the wants that are not met, in words; those of `SHOWS` are not looked at."""
    return [
        said
        for want in wants
        if want.what in _CHECKS
        and (said := _CHECKS[want.what](_filled(want, played), data, played))
    ]


def _filled(want: Want, played: Played) -> Want:
    """Put what was captured in place of `{name}`."""
    captured = {f"{{{name}}}": value for name, value in played.captured.items()}

    def filled(value: Json) -> Json:
        if isinstance(value, list):
            return [filled(each) for each in value]
        return captured.get(value, value) if isinstance(value, str) else value

    return Want(what=want.what, at=want.at, value=filled(want.value), known=want.known)


def _one_of(want: Want, data: Json, _played: Played) -> str:
    got = at_pointer(data, want.at)
    if any(same(got, each) for each in want.value):
        return ""
    shown = "not shown" if got is None else short(got)
    due = " or ".join(short(each) for each in want.value)
    return f"{want.at} is {shown}, not {due}"


def _if_shown(want: Want, data: Json, played: Played) -> str:
    return "" if at_pointer(data, want.at) is None else _one_of(want, data, played)


def _differs(want: Want, data: Json, _played: Played) -> str:
    if not same(at_pointer(data, want.at), want.value):
        return ""
    return f"{want.at} is {short(want.value)} again"


def _has(want: Want, _data: Json, played: Played) -> str:
    if not played.complete or _listed(want, played):
        return ""
    return f"no item of the list has {want.at} {short(want.value)}"


def _lacks(want: Want, _data: Json, played: Played) -> str:
    if not _listed(want, played):
        return ""
    return f"an item of the list still has {want.at} {short(want.value)}"


def _listed(want: Want, played: Played) -> bool:
    items = played.items or ()
    return any(same(at_pointer(each, want.at), want.value) for each in items)


def _unlike(want: Want, _data: Json, played: Played) -> str:
    known = played.captured.get(want.known, [])
    for item in played.items or ():
        new = at_pointer(item, want.at) not in known
        if new and all(
            same(item.get(name, MISSING), value) for name, value in want.value.items()
        ):
            return f"the list now has an item with {short(want.value)}"
    return ""


_CHECKS: dict[What, Callable[[Want, Json, Played], str]] = {
    What.ONE_OF: _one_of,
    What.IF_SHOWN: _if_shown,
    What.DIFFERS: _differs,
    What.HAS: _has,
    What.LACKS: _lacks,
    What.UNLIKE: _unlike,
}
