"""Lawful variants: servers that differ in ways that no source forbids.

Each is the reference with one more habit, and none may fail a run at its level.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ringspec.reference.checks.places import ITEM
from ringspec.reference.habits import (
    REQUIRED_DEFAULTS,
    AlwaysDrafts,
    Counting,
    NewestFirst,
    commanding,
    filling,
    gone,
    keeping,
    knowing_other_uuids,
    on_the_wire,
    only,
    parsing,
    refusing,
    replying,
    shouting,
    showing,
    telling,
    unlabelled,
    with_headers,
    with_status,
    within,
    without_mark,
    without_repetition,
)
from ringspec.reference.lenient import (
    in_apostrophes,
    loaded,
    mending,
    with_controls,
    without_commas,
    without_comments,
)
from ringspec.reference.replicas import LateList, late_to_read
from ringspec.reference.store import MEMBERS
from ringspec.reference.values import Json, JsonObject, is_uuid, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringspec.reference.answers import Reply
    from ringspec.reference.habits import Habit
    from ringspec.reference.lifecycle import Transition

Strictness = Literal["must", "should", "may"]


@dataclass(frozen=True, slots=True)
class Lawful:
    """A habit, and the strictest level at which it passes."""

    name: str
    apply: Habit
    level: Strictness = "may"


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value


def _lower_uuids(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _lower_uuids(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_lower_uuids(each) for each in value]
    return str(value).lower() if is_uuid(value) else value


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _without(*names: str) -> Callable[[JsonObject], JsonObject]:
    return lambda body: {k: v for k, v in body.items() if k not in names}


def _absent_as_null(body: JsonObject) -> JsonObject:
    optional = [name for name in MEMBERS if name not in REQUIRED_DEFAULTS]
    return {**dict.fromkeys(optional), **body}


def _with_inner_defaults(body: JsonObject) -> JsonObject:
    flow = _object(body.get("voiceFlow"))
    welcome = {"replay": 0, **_object(flow.get("welcome"))}
    filled: JsonObject = {"machineDetection": False, **flow, "welcome": welcome}
    return {"includeUnsubscribed": False, **body, "voiceFlow": filled}


def _trimmed(body: JsonObject) -> JsonObject:
    return {**body, "name": str(body.get("name")).strip()}


def _in_seconds(body: JsonObject) -> JsonObject:
    return {**body, "createdAt": int(number(body.get("createdAt")) or 0) // 1000}


def _listed(error: JsonObject) -> JsonObject:
    details = _object(error.get("details"))
    problems: list[Json] = [{"path": k, "message": v} for k, v in details.items()]
    return {**error, "details": problems}


def _first_only(error: JsonObject) -> JsonObject:
    return {**error, "details": dict([*_object(error.get("details")).items()][:1])}


def _as_problem(reply: Reply) -> Reply:
    if reply.status < 400:
        return reply
    return replace(reply, media_type="application/problem+json")


def _located(reply: Reply) -> Reply:
    made = _object(reply.body).get("broadcastId")
    if reply.status != 201 or not isinstance(made, str):
        return reply
    location = f"/voice/broadcasts/{made}"
    return replace(reply, headers={**reply.headers, "Location": location})


def _unchallenged(reply: Reply) -> Reply:
    kept = {k: v for k, v in reply.headers.items() if k != "WWW-Authenticate"}
    return replace(reply, headers=kept)


def _labelled(media_type: str) -> Callable[[Reply], Reply]:
    return lambda reply: replace(reply, media_type=media_type)


def _with_empty_object(reply: Reply) -> Reply:
    return replace(reply, status=200, body={}) if reply.status == 204 else reply


def _at_once(transition: Transition) -> Transition:
    return replace(transition, answered=transition.target)


def _repeatable(transition: Transition) -> Transition:
    return replace(transition, sources=transition.sources | {transition.target})


def _through(transition: Transition) -> Transition:
    """Let what is started be done at once, as with nobody to call."""
    if transition.answered != "starting":
        return transition
    return replace(transition, target="completed")


def _is_pure(value: Json) -> bool:
    """Tell whether a text has no half of a surrogate pair."""
    return not any("\ud800" <= sign <= "\udfff" for sign in str(value))


def _no_fraction(value: Json) -> bool:
    return not isinstance(value, float)


def _one_voice(value: Json) -> bool:
    return not (isinstance(value, dict) and {"say", "prompt"} <= value.keys())


def _plays_or_transfers(value: Json) -> bool:
    transfers = isinstance(value, dict) and "transfer" in value
    return not (transfers and {"say", "prompt", "replay"} & _object(value).keys())


def _late(value: Json) -> bool:
    given = number(value)
    return given is None or given > 1_800_000_000


def _up_to(high: int) -> Callable[[Json], bool]:
    def holds(value: Json) -> bool:
        given = number(value)
        return given is None or 0 <= given <= high

    return holds


def _both(value: Json) -> bool:
    return not isinstance(value, dict) or len(value) == 2


def _known(body: Json) -> bool:
    return not isinstance(body, dict) or body.keys() <= {*MEMBERS}


def _no_nulls(body: Json) -> bool:
    return not isinstance(body, dict) or all(
        value is not None for name, value in body.items() if name != "scheduledAt"
    )


def _names_a_file(file: Json) -> bool:
    return not isinstance(file, dict) or is_uuid(file.get("id"))


def _is_url(value: Json) -> bool:
    return not isinstance(value, str) or value.startswith(("http://", "https://"))


def _alone(name: str, other: str, wanted: Json) -> Callable[[Json], bool]:
    """Let a member stand only where another one has some value."""
    return lambda body: (
        not isinstance(body, dict)
        or body.get(name) is None
        or body.get(other) == wanted
    )


def _indented(content: bytes) -> bytes:
    return json.dumps(json.loads(content), indent=2).encode()


def _with_fractions(content: bytes) -> bytes:
    """Write 3 as 3.0, which JSON Schema takes for the same integer."""
    return json.dumps(json.loads(content, parse_int=float)).encode()


def _unescaped(content: bytes) -> bytes:
    text = json.dumps(json.loads(content), ensure_ascii=False)
    return text.encode("utf-8", "replace")


_COMMANDS = ("start", "pause", "resume", "cancel")
_SPOKEN = ("welcome", "voicemail", "menu", "end")

_statuses = (
    Lawful("created-is-200", lambda b: replace(b, created=200)),
    Lawful("created-is-202", lambda b: replace(b, created=202)),
    Lawful("updated-is-202", only(("update",), with_status(200, 202))),
    Lawful("deleted-is-200", only(("delete",), replying(_with_empty_object))),
    Lawful("deleted-is-202", only(("delete",), with_status(204, 202))),
    Lawful("commanded-is-202", only(_COMMANDS, with_status(200, 202))),
    Lawful("invalid-is-400", with_status(422, 400)),
    Lawful("not-json-is-422", with_status(400, 422)),
    Lawful("conflict-is-422", with_status(409, 422)),
    Lawful("deleted-is-410", gone),
    Lawful("unauthorised-is-403", with_status(401, 403), "must"),
)

_answers = (
    Lawful("more-members", showing(lambda body: {**body, "links": [], "owner": None})),
    Lawful("other-order", showing(lambda body: dict(reversed(body.items())))),
    Lawful("nulls-left-out", showing(lambda body: _object(_without_nulls(body)))),
    Lawful("absent-as-null", showing(_absent_as_null)),
    Lawful("uuids-in-lower-case", showing(lambda body: _object(_lower_uuids(body)))),
    Lawful("inner-defaults-shown", showing(_with_inner_defaults)),
    Lawful("names-trimmed", showing(_trimmed)),
    Lawful("created-at-in-seconds", showing(_in_seconds)),
    Lawful("state-not-created", only(("create",), showing(_without("state")))),
    Lawful("counts-not-shown", showing(_without("totalCount", "completedCount"))),
    Lawful("author-not-shown", showing(_without("modifiedBy"))),
    Lawful("error-details-listed", telling(_listed)),
    Lawful("first-problem-only", telling(_first_only)),
    Lawful("other-codes", telling(lambda error: {**error, "code": "E-1000"})),
    Lawful("details-left-out", telling(_without("details", "rules"))),
    Lawful("errors-in-german", telling(lambda error: {**error, "message": "Ungültig"})),
    Lawful("more-in-errors", telling(lambda error: {**error, "requestId": "r-1"})),
)

_transport = (
    Lawful("unchallenged", replying(_unchallenged)),
    Lawful("errors-as-problems", replying(_as_problem)),
    Lawful("located", replying(_located)),
    Lawful("charset", replying(_labelled("application/json; charset=utf-8"))),
    Lawful("vendor-media-type", replying(_labelled("application/vnd.api+json"))),
    Lawful(
        "extra-headers",
        with_headers(
            X_RateLimit_Limit="1200",
            X_Request_Id="r-1",
            Vary="Accept",
            Cache_Control="no-store",
        ),
    ),
    Lawful("cookies", with_headers(Set_Cookie="session=1; HttpOnly; Path=/")),
    Lawful("pretty-printed", on_the_wire(_indented)),
    Lawful("numbers-with-fraction", on_the_wire(_with_fractions)),
    Lawful("raw-unicode", on_the_wire(_unescaped)),
    Lawful("line-break-after", on_the_wire(lambda content: content + b"\r\n")),
    Lawful("gzip", on_the_wire(gzip.compress, content_encoding="gzip")),
    Lawful("closing", on_the_wire(connection="close")),
    Lawful("chunked", on_the_wire(parts=3)),
    Lawful("upper-case-headers", lambda b: replace(b, wire=shouting)),
)

_reading = (
    Lawful("defaults-for-absent", filling, "must"),
    Lawful("unlabelled-accepted", lambda b: replace(b, label=unlabelled)),
    Lawful("byte-order-mark-ignored", parsing(without_mark)),
    Lawful("repeated-members-refused", parsing(without_repetition)),
    Lawful("body-limit", parsing(within(100_000))),
    Lawful("unknown-refused", refusing(_known)),
    Lawful("nulls-refused", refusing(_no_nulls)),
    Lawful("blank-name-refused", refusing(lambda n: bool(str(n).strip()), "name")),
    Lawful("long-name-refused", refusing(lambda n: len(str(n)) <= 100, "name")),
    Lawful(
        "hostile-names-refused",
        refusing(lambda n: min(str(n), default="x") >= " ", "name"),
    ),
    Lawful("half-signs-refused", refusing(_is_pure, "name")),
    Lawful("fractions-of-zero-refused", refusing(_no_fraction, "retries")),
    Lawful("other-uuids-known", knowing_other_uuids, "should"),
    Lawful("delay-0-refused", refusing(lambda d: d != 0, "retryDelays", ITEM)),
    Lawful("only-default-type", refusing(lambda kind: kind == "default", "type")),
    Lawful("past-refused", refusing(_late, "scheduledAt")),
    Lawful("far-future-refused", refusing(_up_to(4_102_444_800), "scheduledAt")),
    Lawful("wide-replay-refused", refusing(_up_to(3), "voiceFlow", _SPOKEN, "replay")),
    Lawful(
        "flag-only-for-people",
        refusing(_alone("includeUnsubscribed", "source", "people")),
    ),
    Lawful(
        "segments-only-for-people", refusing(_alone("segmentIds", "source", "people"))
    ),
    Lawful("file-only-for-file", refusing(_alone("file", "source", "file"))),
    Lawful(
        "multiple-only-for-file", refusing(_alone("allowMultiple", "source", "file"))
    ),
    Lawful(
        "dynamic-name-only-for-dynamic",
        refusing(_alone("dynamicName", "distribution", "dynamic")),
    ),
    Lawful("file-known-by-id", refusing(_names_a_file, "file")),
    Lawful("one-voice-in-menus", refusing(_one_voice, "voiceFlow", "menu")),
    Lawful(
        "one-voice-in-choices",
        refusing(_one_voice, "voiceFlow", "menu", "choices", ITEM),
    ),
    Lawful(
        "transfer-alone",
        refusing(_plays_or_transfers, "voiceFlow", "menu", "choices", ITEM),
    ),
    Lawful("prompts-are-urls", refusing(_is_url, "voiceFlow", _SPOKEN, "prompt")),
    Lawful("both-statuses", refusing(_both, "actions", "status")),
    Lawful("digits-only", refusing(lambda value: str(value).isdigit(), "from")),
)

_life = (
    Lawful("commands-done-at-once", commanding(_at_once)),
    Lawful("commands-repeatable", commanding(_repeatable)),
    # That a start is over at once is lawful; no source says that it stays started.
    Lawful("completed-at-once", commanding(_through), "should"),
    Lawful("newest-first", keeping(NewestFirst)),
    Lawful("listed-late", keeping(LateList)),
    Lawful("read-late", only(("get",), late_to_read)),
    Lawful("scheduled-stays-draft", keeping(AlwaysDrafts)),
    Lawful("ids-numbered", keeping(Counting)),
)

# RFC 8259, section 9: a parser may accept what is no JSON.
_lenient = (
    Lawful("spare-commas-ignored", mending(without_commas)),
    Lawful("comments-ignored", mending(without_comments)),
    Lawful("apostrophes-accepted", mending(in_apostrophes)),
    Lawful("nan-accepted", mending(loaded)),
    Lawful("control-signs-accepted", mending(with_controls)),
)

LAWFUL: tuple[Lawful, ...] = (
    *_statuses,
    *_answers,
    *_transport,
    *_reading,
    *_life,
    *_lenient,
)
