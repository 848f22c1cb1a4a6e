"""Checks of an answer: its JSON, its schema, and what it gives back, in words."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import Any, TypeAlias

from ringspec.harness.judging.verdict import TELLS_OF_ERROR, Verdict
from ringspec.harness.sending.exchange import (
    MISSING,
    UNREAD,
    Played,
    Response,
    named,
    parse,
    parsed,
)
from ringspec.spec import (
    CODE,
    Answer,
    Answers,
    Contract,
    Described,
    Evidence,
    Json,
    Location,
    Prover,
    RuleId,
    at,
    at_pointer,
    branches,
    is_json,
    kind_of,
    letters,
    pointer,
    same,
    short,
    steps,
)
from ringspec.strategies import Case, Want, What

# Characters of a value in an echo that are cited.
_WIDTH = 80
_WHOLE = "the whole answer"
# How ids are named, whatever they are of.
_ID = re.compile(r"^_?(?:id|uuid|guid)$|(?:[a-z0-9](?:Id|ID|Uuid)|[_-](?:id|uuid))$")
# How members are named that tell of an error, in letters alone, and by what value.
_ERRORS = re.compile(r"(?:is|has)?(?:errors?|fault|exception|failed|failure)")
_NO_ERROR = {"0", "none", "ok"}
_FLAGS = re.compile(r"(?:is)?(?:success|successful|succeeded|ok|valid)")
_STATES = re.compile(r"status|result|state|statuscode|code")
_WRONG = re.compile(r"error|fail|failed|failure|invalid|rejected|ko|nok|[45]\d\d")
_MASK = re.compile("[*\u2022]{3}")
ENVELOPE = RuleId("error.envelope")
ANSWER_JSON, ANSWER_STATUS = RuleId("answer.json"), RuleId("answer.status")
ANSWER_MEDIA, ANSWER_HEADERS = RuleId("answer.media"), RuleId("answer.headers")
ANSWER_SCHEMA = (RuleId("answer.members"), RuleId("answer.types"))
ECHO = RuleId("answer.echo")
DEFAULTS = RuleId("answer.defaults")

# Refusals that are not about the request's content. Source: product.md, Levels.
NO_JUDGEMENT = frozenset({401, 407, 408, 429})
# Answers that have no body, whatever is described. Source: RFC 9110, 15.
_BODILESS = frozenset({204, 205, 304})

Judgement: TypeAlias = tuple[RuleId, Verdict, str]


def judgement(rule: RuleId, *faults: str) -> Judgement:
    """Return the verdict on a rule by the faults found; empty ones are none."""
    found = sorted(filter(None, faults), key=lambda each: each.startswith(UNREAD))
    if not found:
        return rule, Verdict.PASS, ""
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    unread = found[0].startswith(UNREAD)
    return rule, Verdict.INCONCLUSIVE if unread else Verdict.FAIL, found[0] + more


def form(answers: Answers, response: Response) -> Iterator[Judgement]:
    """Judge what an answer has to be: by a catalogue, JSON that keeps to a schema."""
    if answers.bind:
        yield from _as_described(answers, response)
    elif not answers.is_bare(response.status):
        data, reason = parse(response)
        answer, accepts = answers.of(response.status), response.status // 100 == 2
        faults = schema_faults(answer, data) if answer and not reason else {}
        if accepts:
            yield judgement(ANSWER_JSON, reason)
        else:
            yield judgement(ENVELOPE, reason or "; ".join(faults.values()))
        for rule in ANSWER_SCHEMA if accepts and answer and not reason else ():
            fault = faults.get(rule, "")
            told = error_inside(answers, response) if fault.startswith(_WHOLE) else ""
            yield judgement(rule, f"{fault}{told.replace(', whose body', '; it')}")


def _as_described(answers: Answers, response: Response) -> Iterator[Judgement]:
    """Judge an answer by what is described for its status, and by nothing else."""
    status, label = response.status, response.media
    described, accepts = answers.description(status), status // 100 == 2
    if accepts and answers.successes:
        known = " or ".join(answers.successes)
        reason = f"accepted with HTTP {status}, where {known.lower()} is described"
        yield judgement(ANSWER_STATUS, reason * (described is None))
    data, reason = parse(response)
    media = described.media if described and status not in _BODILESS else {}
    closest = described.closest(label) if described and media else None
    if not media:
        if is_json(label) and response.body:
            yield judgement(ANSWER_JSON if accepts else ENVELOPE, reason)
    elif closest is None:
        said = f"is labelled {label}" if label else "has no Content-Type"
        what = f"an answer with HTTP {status} {said}"
        yield judgement(ANSWER_MEDIA, f"{what}; {' or '.join(media)} is described")
    else:
        yield judgement(ANSWER_MEDIA, reason * is_json(label))
        answer = media.get(closest)
        if answer and not reason:
            faults = schema_faults(answer, data)
            rules = dict.fromkeys(each.rule for each in answer.assertions)
            yield from (judgement(rule, faults.get(rule, "")) for rule in rules)
    if described and described.headers:
        yield judgement(ANSWER_HEADERS, *_header_faults(described, response))


def packs(
    contract: Contract, sent: Iterable[tuple[str, str]], response: Response, of: RuleId
) -> Iterator[Judgement]:
    """Judge what rule packs ask of an answer, or of a refusal, to a rule's case."""
    accepts, sent = response.status // 100 == 2, list(sent)
    for check in contract.checks:
        if check.rule.startswith("answer.") != accepts:
            continue
        given, back = named(sent, check.echo), response.header(check.echo)
        # Nobody has to repeat what is empty, or is itself at fault.
        is_about = of.lower().startswith(f"header.{check.echo}.".lower())
        if check.echo and any(given) and (accepts or not is_about):
            other = f"is {short(back, _WIDTH)}" if back else "is missing"
            reason = f"header {check.echo} {other}, where {short(given[0])} was sent"
            yield judgement(check.rule, reason * (back != given[0]))
        if (answer := check.of(response.status)) is not None:
            data, reason = parse(response)
            faults = schema_faults(answer, data).values() if not reason else [reason]
            yield judgement(check.rule, *faults)


def _header_faults(described: Described, response: Response) -> Iterator[str]:
    for name, (required, prover) in described.headers.items():
        given = named(response.headers, name)
        read = [it for each in (", ".join(given), *given) for it in _readings(each)]
        if not given and required:
            yield f"the answer has no header {name}"
        elif given and not any(map(prover.is_valid, read)):
            yield f"header {name} is {short(given[0], _WIDTH)}, which breaks its schema"


def _readings(text: str) -> Iterator[Json]:
    """Yield what a header may stand for. Source: OpenAPI 3.1, style `simple`."""
    for read in (str, _scalar):
        parts = [read(each.strip()) for each in text.split(",")]
        pairs = zip(map(str, parts[::2]), parts[1::2], strict=False)
        yield from (read(text), parts, dict(pairs))


def _scalar(text: str) -> Json:
    is_scalar = re.fullmatch(r"true|false|-?(0|[1-9]\d{0,99})(\.\d{1,99})?", text)
    return json.loads(text) if is_scalar else text


def content(contract: Contract, sent: Json, response: Response) -> Iterator[Judgement]:
    """Judge whether the answer to a create gives back what was sent."""
    answer = contract.answers.of(response.status)
    data, reason = parse(response)
    if not reason and answer is not None:
        yield judgement(ECHO, *echo_faults(contract, answer, sent, data))
        yield judgement(DEFAULTS, *default_faults(contract, answer, sent, data))


def schema_faults(answer: Answer, data: Json) -> dict[RuleId, str]:
    """Return, by rule, what an answer breaks of its schema."""
    found: dict[RuleId, str] = {}
    for breach in answer.prover.breaches(data):
        assertion = breach.assertion
        where = pointer(breach.location) or _WHOLE
        if assertion.keyword == "required":
            known = {} if breach.location else _members(answer.schema.schema)
            name, parent = assertion.value, at(data, breach.location)
            is_list = "items" in known.get(name, {})
            other = instead(parent, name, known, is_list=is_list)
            what = f"{where} lacks {name}{other}"
        else:
            what = f"{where} breaks {assertion.keyword} {json.dumps(assertion.value)}"
        found.setdefault(assertion.rule, what)
    return found


def instead(
    parent: Json, name: str, known: Collection[str] = (), *, is_list: bool = False
) -> str:
    """Say which member is there in place of a missing one; empty if none seems to be.

    It is spelt alike, or a list or an id as that is; or the same, one level below.
    """
    if not isinstance(parent, dict):
        return f"; it is {_written(parent)}" if isinstance(parent, list) else ""
    others = {key: value for key, value in parent.items() if key not in known}
    alike = [key for key in others if letters(key) == letters(name)]
    if is_list:
        alike += [key for key, value in others.items() if isinstance(value, list)]
    elif _ID.search(name):
        ids = [key for key in others if isinstance(others[key], str | int)]
        alike += sorted(filter(_ID.search, ids), key=len)
    for key in alike:
        return f"; it has `{key[:_WIDTH]}`, {_written(others[key])}"
    for key, value in others.items():
        if isinstance(value, dict) and name in value:
            return f"; it has `{key[:_WIDTH]}.{name}`, {_written(value[name])}"
    return ""


def absence(data: Json, place: str, sent: Json = None, *, is_list: bool = False) -> str:
    """Say that a list or an id, which was not sent, is missing, and what is there."""
    parent, _, name = place.rpartition("/")
    known = sent if isinstance(sent, dict) else ()
    other = instead(at_pointer(data, parent), name, known, is_list=is_list)
    return f"no {place}{other}"


def _written(value: Json) -> str:
    """Describe a value, in the same words for any id."""
    if isinstance(value, str):
        return f"a text of {len(value)} characters"
    if not isinstance(value, list):
        return f"of type {kind_of(value)}"
    kind = "objects" if all(isinstance(each, dict) for each in value) else "items"
    return f"a list of {len(value)} {kind[: None if len(value) != 1 else -1]}"


def error_inside(answers: Answers, response: Response, sent: Json = None) -> str:
    """Say, after a comma, which error a success tells of; empty if of none.

    Members that are described, or were sent and come back, may say something else.
    """
    known = sent if isinstance(sent, dict) else ()
    answer, (data, _) = answers.of(response.status), parsed(response.body)
    described = _members(answer.schema.schema, perhaps=True) if answer else {}
    found = _telling(data, {*described, *known})
    if response.media == "application/problem+json" and isinstance(data, dict):
        found = data
    told = f", {TELLS_OF_ERROR}, {short(found, _WIDTH)}"
    return f"{told}: send a 4xx status" if found else ""


def _telling(data: Json, known: Collection[str], depth: int = 2) -> Json:
    """Return the member that tells of an error, one level below at most."""
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    others = data if isinstance(data, dict) and depth else {}
    others = {name: value for name, value in others.items() if name not in known}
    for name, value in others.items():
        word, text = letters(name), str(value).lower()
        if (
            (_ERRORS.fullmatch(word) and value and text not in _NO_ERROR)
            or (_FLAGS.fullmatch(word) and value is False)
            or (_STATES.fullmatch(word) and _WRONG.fullmatch(text))
        ):
            return {name: value}
    inner = (_telling(value, known, depth - 1) for value in others.values())
    return next(filter(None, inner), None)


def _members(schema: Json, *, perhaps: bool = False) -> dict[str, Any]:
    """Return the members that always hold, or `perhaps` may, of merged subschemas."""
    if not isinstance(schema, dict):
        return {}
    found = dict(schema.get("properties", {}))
    keywords = ("allOf", "anyOf", "oneOf") if perhaps else ("allOf",)
    parts = [part for keyword in keywords for part in schema.get(keyword, ())]
    if perhaps:
        parts += [schema[name] for name in ("then", "else") if name in schema]
    for part in parts:
        for name, child in _members(part, perhaps=perhaps).items():
            known = found.get(name)
            if isinstance(known, dict):
                # So that the members of both are found.
                found[name] = {**child, **known, "allOf": [known, child]}
            else:
                found[name] = known or child
    return {name: child for name, child in found.items() if isinstance(child, dict)}


def _items(schema: Json) -> Json:
    """Return the schema of an array's items; empty if there is none."""
    if not isinstance(schema, dict):
        return {}
    if "items" in schema:
        return schema["items"]
    return next(filter(None, map(_items, schema.get("allOf", ()))), {})


def echo_faults(contract: Contract, answer: Answer, sent: Json, got: Json) -> list[str]:
    """List the members that were sent and do not come back as they were."""
    schema, got = _resource(answer, got)
    if answer.at and got is None:
        return [f"{answer.at} is missing, where what was sent is due"]
    if not contract.catalogue.rules:
        got = _unmasked(sent, got)
    faults = list(_differences(contract.request.schema, sent, got, (), schema))
    if faults and not contract.catalogue.rules and isinstance(got, dict):
        # What the answer's own schema does not let it show is not due.
        is_valid = Prover(schema, ()).is_valid
        if isinstance(sent, dict) and is_valid(got):
            due = {name: it for name, it in sent.items() if is_valid(got | {name: it})}
            return list(_differences(contract.request.schema, due, got, (), schema))
    return faults


def _resource(answer: Answer, data: Json) -> tuple[Json, Json]:
    """Return the schema of what was created, and what an answer shows of it."""
    schema = answer.schema.schema
    for step in steps(answer.at):
        schema = _members(schema, perhaps=True).get(step, {})
    return schema, at_pointer(data, answer.at)


def _unmasked(sent: Json, got: Json) -> Json:
    """Return an answer in which what is masked is what was sent."""
    if isinstance(sent, dict) and isinstance(got, dict):
        return {name: _unmasked(sent.get(name), it) for name, it in got.items()}
    if isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        return [_unmasked(*pair) for pair in zip(sent, got, strict=True)]
    return sent if isinstance(sent, str) and _is_masked(got) else got


def _is_masked(got: Json) -> bool:
    return isinstance(got, str) and bool(_MASK.search(got))


def _differences(
    schema: Json, sent: Json, got: Json, place: Location, answered: Json = None
) -> Iterator[str]:
    """Yield where an answer loses or changes something; it may add members.

    At the top, members are compared that both `schema`, of the request, and `answered`,
    of the answer, name; below them all are.
    """
    if got is MISSING:
        if sent is not None:
            yield f"{pointer(place)} is missing; {short(sent, _WIDTH)} was sent"
    elif isinstance(sent, dict) and isinstance(got, dict):
        members = _members(schema, perhaps=True)
        shared = members if answered is None else _members(answered, perhaps=True)
        for name, value in sent.items():
            compared = answered is None or (name in shared and name in members)
            if compared and not _decided(shared.get(name, {})):
                inner, right = members.get(name, {}), got.get(name, MISSING)
                yield from _differences(inner, value, right, (*place, name))
    elif isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        items = _items(schema)
        below = None if answered is None else _items(answered)
        for index, (left, right) in enumerate(zip(sent, got, strict=True)):
            yield from _differences(items, left, right, (*place, index), below)
    elif answered is not None and not (answered and place):
        return  # the answer is of another kind, or not described
    elif not _equal(schema, sent, got):
        shown = short(got, _WIDTH)
        yield f"{pointer(place)} is {shown}; {short(sent, _WIDTH)} was sent"


def _decided(schema: dict[str, Any]) -> bool:
    """Return whether a server decides what it shows. Source: JSON Schema, 9.4."""
    return bool(schema.get("writeOnly") or schema.get("readOnly"))


def _has_format(schema: Json, name: str) -> bool:
    given = schema if isinstance(schema, dict) else {}
    parts = branches(given)
    return given.get("format") == name or any(_has_format(it, name) for it in parts)


def _instant(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return text


def _equal(schema: Json, sent: Json, got: Json) -> bool:
    if isinstance(sent, str) and isinstance(got, str):
        if sent == got:
            return True
        if _has_format(schema, "date-time"):
            # RFC 3339, 4: other offsets tell the same point in time.
            return _instant(sent) == _instant(got)
        # RFC 9562: upper and lower case are one uuid.
        return _has_format(schema, "uuid") and sent.lower() == got.lower()
    if isinstance(sent, int | float) and isinstance(got, int | float):
        # JSON has one kind of numbers: 3.0 is 3. Only a boolean is none.
        return sent == got and isinstance(sent, bool) == isinstance(got, bool)
    return same(sent, got)


def default_faults(
    contract: Contract, answer: Answer, sent: Json, got: Json
) -> Iterator[str]:
    """Yield defaults that are wrong, or at the top documented and not shown."""
    about, got = _resource(answer, got)
    described = _members(about)
    for place, schema, shown in _omitted(contract.request.schema, sent, got, ()):
        name, default, is_top = place[0], schema["default"], len(place) == 1
        if name not in described or _decided(described[name]):
            continue
        # The body with the default must be valid, or it does not apply.
        applies = not is_top or contract.settled_prover.is_valid(
            {**sent, name: default}
        )
        is_documented = schema.get("x-evidence", "documented") == Evidence.DOCUMENTED
        due = shown is not None or (is_top and is_documented)
        if applies and due and not _equal({}, default, shown):
            what = "not shown" if shown is None else short(shown, _WIDTH)
            wanted = short(default, _WIDTH)
            yield f"{pointer(place)} is {what}; its default is {wanted}"


def taken(contract: Contract, case: Case, response: Response) -> tuple[Verdict, str]:
    """Judge what is invalid and was accepted, perhaps with a lawful default."""
    what = "request" if case.broken and isinstance(case.fault, dict) else "body"
    accepted = f"an invalid {what} was accepted with HTTP {response.status}"
    data, unread = parse(response)
    if not case.or_default:
        told = error_inside(contract.answers, response, case.body)
        return Verdict.FAIL, f"{accepted}{told}"
    if unread.startswith(UNREAD):
        return Verdict.INCONCLUSIVE, unread
    unknown = ""
    for place, default in case.or_default.items():
        got, due = at_pointer(data, place), f"the default {short(default, _WIDTH)}"
        if _equal({}, default, got):
            continue
        if got is not None and not _is_masked(got):
            shown = f"shows {short(got, _WIDTH)} at {place}, not {due}"
            return Verdict.FAIL, f"{accepted}, and the answer {shown}"
        unknown = f"the answer does not show {due} at {place}"
    if unknown:
        # A contract without a catalogue says nothing of what an answer shows.
        is_known = not contract.answers.bind
        verdict = Verdict.FAIL if is_known else Verdict.INCONCLUSIVE
        return verdict, f"{accepted}, and {unknown}"
    return Verdict.PASS, f"accepted, and the answer shows {due}"


def refused_as(due: Json, answers: Answers, response: Response) -> str:
    """Return why a refusal is not the one that a rule asks for; empty if it is."""
    status, code = due.get("status", response.status), due.get("code")
    if status != response.status:
        return f"refused with HTTP {response.status}, where {status} is due"
    if code is None:
        return ""
    data, _ = parse(response)
    answer = answers.of(response.status)
    places = answer.code_places(code) if answer else []
    found = [
        it for it in (at_pointer(data, place) for place in places) if it is not None
    ]
    found = found or list(_codes(data))
    if code in found:
        return ""
    shown = " and ".join(dict.fromkeys(map(short, found))) or "no code"
    return f"refused with {shown}, where the code {short(code)} is due"


def _codes(data: Json) -> Iterator[Json]:
    """Yield the values of the members of an error that are called code."""
    below = data.items() if isinstance(data, dict) else enumerate(data)
    for name, child in below if isinstance(data, dict | list) else ():
        if isinstance(child, dict | list):
            yield from _codes(child)
        elif CODE.search(str(name)):
            yield child


def _omitted(
    schema: Json, sent: Json, got: Json, place: Location
) -> Iterator[tuple[Location, dict[str, Any], Json]]:
    """Yield members with a default that were not sent: place, schema, what is shown."""
    if isinstance(sent, dict) and isinstance(got, dict):
        for name, below in _members(schema).items():
            inner = (*place, name)
            if name in sent:
                yield from _omitted(below, sent[name], got.get(name), inner)
            elif "default" in below and not (place and _decided(below)):
                yield inner, below, got.get(name)
    elif isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        items = _items(schema)
        for index, (left, right) in enumerate(zip(sent, got, strict=True)):
            yield from _omitted(items, left, right, (*place, index))


def unmet(wants: Iterable[Want], data: Json, played: Played) -> Iterator[str]:
    """Yield the wants of a step that an answer does not meet, `SHOWS` aside."""
    items = played.items or ()
    for want in wants:
        got, value = at_pointer(data, want.at), _filled(want.value, played.captured)
        is_listed = any(same(at_pointer(each, want.at), value) for each in items)
        match want.what:
            case What.IF_SHOWN if got is None:
                pass
            case What.ONE_OF | What.IF_SHOWN if not any(same(got, it) for it in value):
                shown = "not shown" if got is None else short(got)
                due = " or ".join(short(each) for each in value)
                yield f"{want.at} is {shown}, not {due}"
            case What.DIFFERS if same(got, value):
                yield f"{want.at} is {short(value)} again"
            case What.HAS if not is_listed:
                missing = f"no item of the list has {want.at} {short(value)}"
                named = (it.items() for it in items if isinstance(it, dict))
                held = [k for k, it in chain.from_iterable(named) if same(it, value)]
                missing += f"; one has it in `{held[0][:_WIDTH]}`" if held else ""
                yield missing if played.complete else f"{UNREAD}some pages; {missing}"
            case What.LACKS if is_listed:
                yield f"an item of the list still has {want.at} {short(value)}"
            case What.UNLIKE:
                before = played.captured.get(want.known, [])
                # It was not listed before, and shows what was sent.
                if any(
                    at_pointer(each, want.at) not in before
                    and all(same(each.get(it, MISSING), value[it]) for it in value)
                    for each in items
                ):
                    yield f"the list now has an item with {short(value)}"


def _filled(value: Json, captured: dict[str, Json]) -> Json:
    if isinstance(value, list):
        return [_filled(each, captured) for each in value]
    if isinstance(value, str) and value.startswith("{") and value.endswith("}"):
        return captured.get(value[1:-1], value)
    return value
