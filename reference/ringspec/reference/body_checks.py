"""The requirements on a broadcast: an ordered table of small checks.

In: a body in canonical spelling. Out: its problems, each of its check's one rule. A
check passes a value of another type than it is about, so that a type error stands
alone. The id of a rule says which values it is about (`_values_of`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ringspec.reference.json_values import (
    ABSENT,
    ARRAY,
    BOOLEAN,
    INTEGER,
    OBJECT,
    STRING,
    Json,
    JsonType,
    Path,
    Place,
    Select,
    Test,
    as_object,
    at,
    either,
    is_uuid,
    member,
    number,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

TYPES = ("default", "marketing", "transactional", "otp", "crisis")
SOURCES = ("people", "file")
DISTRIBUTIONS = ("none", "dynamic")
LANGUAGES = ("fr-FR", "fr-BE", "nl-NL", "nl-BE", "en-GB", "de-DE")
VOICES = ("woman", "man")
RETRIES = (0, 1, 2, 3)
LONGEST_DELAY_MIN = 4320
KEYS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#")
INPUTS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "star", "hash")
# Source: facts.md R13, in the order of the vendor's page.
REQUIRED = (
    "name",
    "type",
    "from",
    "source",
    "retries",
    "retryOnNoInput",
    "retryOnFailed",
    "retryDelays",
    "voiceFlow",
)


@dataclass(frozen=True, slots=True)
class Problem:
    """A broken rule, the place, and the value required there."""

    rule: str
    path: Path
    message: str


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: the values it applies to, and the test of each."""

    rule: str
    select: Select
    holds: Test
    message: str

    def problems(self, body: Json) -> Iterator[Problem]:
        """Find where the body breaks the rule."""
        for place in self.select(body):
            if not self.holds(place.value):
                yield Problem(self.rule, place.path, self.message)


def validate(body: Json, checks: Iterable[Check]) -> list[Problem]:
    """Find all problems of a body, in the order of the checks."""
    return [problem for check in checks for problem in check.problems(body)]


def _paths_of(name: str) -> list[str]:
    """List the paths of the values that a rule's id names, without its last part.

    `.items` is each item of an array. A choice is each item of `choices`. A reaction to
    an outcome or a key is held to the same rules.
    """
    path = name.replace(".items", ".*")
    path = re.sub(r"\bchoices\.(?!\*)", "choices.*.", path)
    path = re.sub(r"\breaction\.(?=attribute|value)", "reaction.*.", path)
    if not path.startswith("actions.reaction"):
        return [path]
    places = ("status.delivered|failed", f"inputs.{'|'.join(INPUTS)}")
    return [path.replace("reaction", place, 1) for place in places]


def _select(paths: Iterable[str]) -> Select:
    selects = [at(path) for path in paths]
    if len(selects) == 1:
        return selects[0]
    return lambda body: [place for select in selects for place in select(body)]


def _parents(name: str) -> Select:
    return _select(path.rpartition(".")[0] for path in _paths_of(name))


def _sized(kind: type, low: int, high: int | None = None) -> tuple[Test, str]:
    def holds(value: Json) -> bool:
        if not isinstance(value, str | list) or not isinstance(value, kind):
            return True
        return low <= len(value) and (high is None or len(value) <= high)

    limits = f"at least {low}" if high is None else f"{low} to {high}"
    return holds, f"must have a length of {limits}"


def _given(value: Json, names: Iterable[str]) -> int:
    return sum(as_object(value).get(name) is not None for name in names)


# The test and the message of a rule, by the last word of its id.
_TESTS: dict[str, Callable[..., tuple[Test, str]]] = {
    "type": lambda kind: (kind.holds, f"must be {kind.name}"),
    "enum": lambda words: (
        lambda value: not isinstance(value, str) or value in words,
        f"must be one of {', '.join(words)}",
    ),
    "length": _sized,
    "min": lambda bound: (
        lambda value: (given := number(value)) is None or given >= bound,
        f"must be at least {bound}",
    ),
    "max": lambda bound: (
        lambda value: (given := number(value)) is None or given <= bound,
        f"must be at most {bound}",
    ),
    "format": lambda: (
        lambda value: not isinstance(value, str) or is_uuid(value),
        "must be a uuid",
    ),
    # The type of a member decides about null.
    "required": lambda: (lambda value: value is not ABSENT, "is required"),
    "xor": lambda *names: (
        lambda value: not isinstance(value, dict) or _given(value, names) == 1,
        f"must have exactly one of {' and '.join(names)}",
    ),
    "or": lambda *names: (
        lambda value: not isinstance(value, dict) or _given(value, names) > 0,
        f"must have {' or '.join(names)}",
    ),
}


def _check(rule: str, *required: object) -> Check:
    """Make the check of a rule: what it requires is said by the last word of its id."""
    name, _, word = rule.rpartition(".")
    holds, message = _TESTS[word](*required)
    if word == "required":
        select = member(_parents(name), name.rpartition(".")[2])
    else:
        select = _parents(name) if word in {"xor", "or"} else _select(_paths_of(name))
    return Check(rule, select, holds, message)


def _or_null(kind: JsonType) -> JsonType:
    """Return the type of a value that may be left out. Assumed: null equals absent."""
    return replace(kind, holds=lambda value: value is None or kind.holds(value))


def _required_with(other: str, wanted: Json, name: str, kind: JsonType) -> list[Check]:
    """Check type and presence of a member that one value of another one requires.

    Beside other values the member may be null, or absent.
    """
    parents = when(lambda body: as_object(body).get(other) == wanted, at())

    def select(body: Json) -> Iterator[Place]:
        strict = bool(list(parents(body)))
        yield from (
            place for place in at(name)(body) if strict or place.value is not None
        )

    return [
        replace(_check(f"{name}.type", kind), select=select),
        replace(
            _check(f"{name}.required"),
            select=member(parents, name),
            message=f"is required when {other} is {wanted}",
        ),
    ]


# Source: facts.md A (rows 1 to 4, 8, 13 to 19), C (R10 to R15, R25).
_PLAIN_MEMBERS = (
    replace(_check("body.type", OBJECT), select=at()),
    *(_check(f"{name}.required") for name in REQUIRED),
    _check("name.type", STRING),
    _check("type.type", STRING),
    _check("type.enum", TYPES),
    _check("from.type", STRING),
    _check("from.length", str, 8, 15),
    _check("scheduledAt.type", _or_null(INTEGER)),
    _check("scheduledAt.min", 0),
    _check("calendarId.type", _or_null(STRING)),
    _check("calendarId.format"),
    _check("distribution.type", _or_null(STRING)),
    _check("distribution.enum", DISTRIBUTIONS),
    # Assumed: the name of a dynamic distribution must be given (R12).
    *_required_with("distribution", "dynamic", "dynamicName", STRING),
    _check("allowMultiple.type", _or_null(BOOLEAN)),
    _check("language.type", _or_null(STRING)),
    _check("language.enum", LANGUAGES),
    _check("voice.type", _or_null(STRING)),
    _check("voice.enum", VOICES),
)

# Source: facts.md A (rows 4 to 7), C (R5 to R8, R28).
_segments_type, _segments_required = _required_with(
    "source", "people", "segmentIds", ARRAY
)
_RECIPIENTS = (
    _check("source.type", STRING),
    _check("source.enum", SOURCES),
    _segments_type,
    _check("segmentIds.length", list, 1, 1),
    _check("segmentIds.items.type", STRING),
    _check("segmentIds.items.format"),
    _segments_required,
    *_required_with("source", "people", "includeUnsubscribed", BOOLEAN),
    # No source states what the object holds.
    *_required_with("source", "file", "file", OBJECT),
)


def _delays_with_retries(body: Json) -> Iterator[Place]:
    """Select the delays, with the body as value, since the rule compares members."""
    if isinstance(body, dict) and isinstance(body.get("retryDelays"), list):
        yield Place(("retryDelays",), body)


def _counts_match(body: Json) -> bool:
    """Return whether delays and retries, if countable, are equal in number."""
    delays, retries = (as_object(body).get(name) for name in ("retryDelays", "retries"))
    if not isinstance(delays, list) or number(retries) not in RETRIES:
        return True
    return len(delays) == retries


# Source: facts.md A (rows 9 to 12), C (R1 to R4).
_RETRIES = (
    _check("retries.type", INTEGER),
    Check(
        "retries.enum",
        at("retries"),
        lambda value: number(value) in {None, *RETRIES},
        "must be one of 0, 1, 2, 3",
    ),
    _check("retryOnNoInput.type", BOOLEAN),
    _check("retryOnFailed.type", BOOLEAN),
    _check("retryDelays.type", ARRAY),
    _check("retryDelays.length", list, 0, 3),
    # The page says: "number of items must match retries".
    Check(
        "retryDelays.count",
        _delays_with_retries,
        _counts_match,
        "must have as many items as retries says",
    ),
    _check("retryDelays.items.type", INTEGER),
    # Assumed: no call is repeated before it was made. No source says that 0 is refused.
    _check("retryDelays.items.min", 0),
    # The page says: "max 3 days = 4320 minutes".
    _check("retryDelays.items.max", LONGEST_DELAY_MIN),
)


def _keys_differ(choices: Json) -> bool:
    """Return whether the known keys of a menu are all different."""
    if not isinstance(choices, list):
        return True
    keys = [as_object(choice).get("key") for choice in choices]
    known = [key for key in keys if isinstance(key, str) and key in KEYS]
    return len(known) == len(set(known))


def _spoken(place: str) -> tuple[Check, ...]:
    return tuple(
        _check(f"{place}.{name}.type", _or_null(STRING)) for name in ("say", "prompt")
    )


def _text_or_recording(place: str) -> tuple[Check, ...]:
    return (*_spoken(place), _check(f"{place}.say.xor", "say", "prompt"))


# Source: facts.md B1, C (R16 to R23, R26).
_MENU = "voiceFlow.menu"
_CHOICES = f"{_MENU}.choices"
_TRANSFER = f"{_CHOICES}.transfer"
_VOICE_FLOW = (
    _check("voiceFlow.type", OBJECT),
    _check("voiceFlow.machineDetection.type", _or_null(BOOLEAN)),
    _check("voiceFlow.voicemail.type", _or_null(OBJECT)),
    *_text_or_recording("voiceFlow.voicemail"),
    _check("voiceFlow.welcome.required"),
    _check("voiceFlow.welcome.type", OBJECT),
    *_text_or_recording("voiceFlow.welcome"),
    _check("voiceFlow.welcome.replay.type", _or_null(INTEGER)),
    _check("voiceFlow.end.type", _or_null(OBJECT)),
    *_text_or_recording("voiceFlow.end"),
    _check(f"{_MENU}.type", _or_null(OBJECT)),
    *_spoken(_MENU),
    _check(f"{_MENU}.replay.type", _or_null(INTEGER)),
    _check(f"{_MENU}.say.or", "say", "prompt"),
    _check(f"{_CHOICES}.required"),
    _check(f"{_CHOICES}.type", ARRAY),
    _check(f"{_CHOICES}.length", list, 1),
    Check(
        f"{_CHOICES}.key.unique",
        at(_CHOICES),
        _keys_differ,
        "must not offer a key twice",
    ),
    _check(f"{_CHOICES}.items.type", OBJECT),
    _check(f"{_CHOICES}.key.required"),
    _check(f"{_CHOICES}.key.type", STRING),
    _check(f"{_CHOICES}.key.enum", KEYS),
    *_spoken(_CHOICES),
    _check(f"{_CHOICES}.replay.type", _or_null(INTEGER)),
    _check(f"{_CHOICES}.say.or", "say", "prompt", "transfer"),
    _check(f"{_TRANSFER}.type", _or_null(OBJECT)),
    _check(f"{_TRANSFER}.destination.required"),
    _check(f"{_TRANSFER}.destination.type", STRING),
    _check(f"{_TRANSFER}.attempts.type", _or_null(INTEGER)),
    _check(f"{_TRANSFER}.attempts.min", 1),
    _check(f"{_TRANSFER}.attempts.max", 3),
    _check(f"{_TRANSFER}.timeout.type", _or_null(INTEGER)),
    _check(f"{_TRANSFER}.timeout.min", 5),
    _check(f"{_TRANSFER}.timeout.max", 30),
    _check(f"{_TRANSFER}.whisper.type", _or_null(OBJECT)),
    *_text_or_recording(f"{_TRANSFER}.whisper"),
)


def _input_names(body: Json) -> Iterator[Place]:
    for path, value in at("actions.inputs")(body):
        yield from (Place((*path, name), name) for name in as_object(value))


# Source: facts.md B2. What follows a call: attributes to set, messages to send.
_REACTION = "actions.reaction"
_ACTIONS = (
    _check("actions.type", _or_null(OBJECT)),
    _check("actions.status.type", _or_null(OBJECT)),
    _check("actions.inputs.type", _or_null(OBJECT)),
    Check(
        "actions.inputs.unknown",
        _input_names,
        lambda name: name in INPUTS,
        f"must be one of {', '.join(INPUTS)}",
    ),
    _check(f"{_REACTION}.type", _or_null(either(ARRAY, OBJECT))),
    _check(f"{_REACTION}.items.type", OBJECT),
    _check(f"{_REACTION}.attribute.required"),
    _check(f"{_REACTION}.attribute.type", STRING),
    _check(f"{_REACTION}.value.required"),
    _check(f"{_REACTION}.value.type", either(STRING, INTEGER, BOOLEAN)),
    _check(f"{_REACTION}.sms.type", _or_null(OBJECT)),
    _check(f"{_REACTION}.sms.message.required"),
    _check(f"{_REACTION}.sms.message.type", STRING),
    _check(f"{_REACTION}.sms.senderServiceId.required"),
    _check(f"{_REACTION}.sms.senderServiceId.type", STRING),
    _check(f"{_REACTION}.sms.senderServiceId.format"),
)

CHECKS: tuple[Check, ...] = (
    *_PLAIN_MEMBERS,
    *_RECIPIENTS,
    *_RETRIES,
    *_VOICE_FLOW,
    *_ACTIONS,
)
