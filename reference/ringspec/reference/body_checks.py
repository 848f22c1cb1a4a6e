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
    from collections.abc import Iterable, Iterator

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


def _at_all(paths: Iterable[str]) -> Select:
    selects = [at(path) for path in paths]
    if len(selects) == 1:
        return selects[0]
    return lambda body: [place for select in selects for place in select(body)]


def _values(rule: str) -> Select:
    return _at_all(_paths_of(rule.rpartition(".")[0]))


def _parents(name: str) -> Select:
    return _at_all(path.rpartition(".")[0] for path in _paths_of(name))


def _typed(rule: str, kind: JsonType) -> Check:
    """Check the type of a required value; null fails."""
    return Check(rule, _values(rule), kind.holds, f"must be {kind.name}")


def _optional(rule: str, kind: JsonType) -> Check:
    """Check the type of a value. Assumed: null equals absent."""
    check = _typed(rule, kind)
    return replace(check, holds=lambda value: value is None or kind.holds(value))


def _required(rule: str) -> Check:
    """Check that a member was sent; its type decides about null."""
    path = rule.removesuffix(".required")
    select = member(_parents(path), path.rpartition(".")[2])
    return Check(rule, select, lambda value: value is not ABSENT, "is required")


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
        Check(f"{name}.type", select, kind.holds, f"must be {kind.name}"),
        Check(
            f"{name}.required",
            member(parents, name),
            lambda value: value is not ABSENT,
            f"is required when {other} is {wanted}",
        ),
    ]


def _one_of(rule: str, values: tuple[str, ...]) -> Check:
    return Check(
        rule,
        _values(rule),
        lambda value: not isinstance(value, str) or value in values,
        f"must be one of {', '.join(values)}",
    )


def _sized(rule: str, kind: JsonType, low: int, high: int | None = None) -> Check:
    limits = f"at least {low}" if high is None else f"{low} to {high}"

    def holds(value: Json) -> bool:
        if not isinstance(value, str | list) or not kind.holds(value):
            return True
        return low <= len(value) and (high is None or len(value) <= high)

    return Check(rule, _values(rule), holds, f"must have a length of {limits}")


def _bounded(rule: str, bound: int) -> Check:
    """Check that an integer keeps to a bound: the rule's last word says which."""
    is_minimum = rule.endswith(".min")

    def holds(value: Json) -> bool:
        given = number(value)
        return given is None or (given >= bound if is_minimum else given <= bound)

    limit = "least" if is_minimum else "most"
    return Check(rule, _values(rule), holds, f"must be at {limit} {bound}")


def _identified(rule: str) -> Check:
    return Check(
        rule,
        _values(rule),
        lambda value: not isinstance(value, str) or is_uuid(value),
        "must be a uuid",
    )


def _some_of(rule: str, *members: str) -> Check:
    """Check that an object has any of the members; exactly one if the rule is a xor."""
    is_xor = rule.endswith(".xor")

    def holds(value: Json) -> bool:
        given = [name for name in members if as_object(value).get(name) is not None]
        return (
            not isinstance(value, dict)
            or len(given) == 1
            or (len(given) > 1 and not is_xor)
        )

    listed = (
        f"exactly one of {' and '.join(members)}" if is_xor else " or ".join(members)
    )
    return Check(rule, _parents(rule.rpartition(".")[0]), holds, f"must have {listed}")


# Source: facts.md A (rows 1 to 4, 8, 13 to 19), C (R10 to R15, R25).
_PLAIN_MEMBERS = (
    Check("body.type", at(), OBJECT.holds, f"must be {OBJECT.name}"),
    *(_required(f"{name}.required") for name in REQUIRED),
    _typed("name.type", STRING),
    _typed("type.type", STRING),
    _one_of("type.enum", TYPES),
    _typed("from.type", STRING),
    _sized("from.length", STRING, 8, 15),
    _optional("scheduledAt.type", INTEGER),
    _bounded("scheduledAt.min", 0),
    _optional("calendarId.type", STRING),
    _identified("calendarId.format"),
    _optional("distribution.type", STRING),
    _one_of("distribution.enum", DISTRIBUTIONS),
    # Assumed: the name of a dynamic distribution must be given (R12).
    *_required_with("distribution", "dynamic", "dynamicName", STRING),
    _optional("allowMultiple.type", BOOLEAN),
    _optional("language.type", STRING),
    _one_of("language.enum", LANGUAGES),
    _optional("voice.type", STRING),
    _one_of("voice.enum", VOICES),
)

# Source: facts.md A (rows 4 to 7), C (R5 to R8, R28).
_segments_type, _segments_required = _required_with(
    "source", "people", "segmentIds", ARRAY
)
_RECIPIENTS = (
    _typed("source.type", STRING),
    _one_of("source.enum", SOURCES),
    _segments_type,
    _sized("segmentIds.length", ARRAY, 1, 1),
    _typed("segmentIds.items.type", STRING),
    _identified("segmentIds.items.format"),
    _segments_required,
    *_required_with("source", "people", "includeUnsubscribed", BOOLEAN),
    # No source states what the object holds.
    *_required_with("source", "file", "file", OBJECT),
)


def _is_known_count(value: Json) -> bool:
    given = number(value)
    return given is None or given in RETRIES


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
    _typed("retries.type", INTEGER),
    Check("retries.enum", at("retries"), _is_known_count, "must be one of 0, 1, 2, 3"),
    _typed("retryOnNoInput.type", BOOLEAN),
    _typed("retryOnFailed.type", BOOLEAN),
    _typed("retryDelays.type", ARRAY),
    _sized("retryDelays.length", ARRAY, 0, 3),
    # The page says: "number of items must match retries".
    Check(
        "retryDelays.count",
        _delays_with_retries,
        _counts_match,
        "must have as many items as retries says",
    ),
    _typed("retryDelays.items.type", INTEGER),
    # Assumed: no call is repeated before it was made. No source says that 0 is refused.
    _bounded("retryDelays.items.min", 0),
    # The page says: "max 3 days = 4320 minutes".
    _bounded("retryDelays.items.max", LONGEST_DELAY_MIN),
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
        _optional(f"{place}.{name}.type", STRING) for name in ("say", "prompt")
    )


def _text_or_recording(place: str) -> tuple[Check, ...]:
    return (*_spoken(place), _some_of(f"{place}.say.xor", "say", "prompt"))


# Source: facts.md B1, C (R16 to R23, R26).
_MENU = "voiceFlow.menu"
_CHOICES = f"{_MENU}.choices"
_TRANSFER = f"{_CHOICES}.transfer"
_VOICE_FLOW = (
    _typed("voiceFlow.type", OBJECT),
    _optional("voiceFlow.machineDetection.type", BOOLEAN),
    _optional("voiceFlow.voicemail.type", OBJECT),
    *_text_or_recording("voiceFlow.voicemail"),
    _required("voiceFlow.welcome.required"),
    _typed("voiceFlow.welcome.type", OBJECT),
    *_text_or_recording("voiceFlow.welcome"),
    _optional("voiceFlow.welcome.replay.type", INTEGER),
    _optional("voiceFlow.end.type", OBJECT),
    *_text_or_recording("voiceFlow.end"),
    _optional(f"{_MENU}.type", OBJECT),
    *_spoken(_MENU),
    _optional(f"{_MENU}.replay.type", INTEGER),
    _some_of(f"{_MENU}.say.or", "say", "prompt"),
    _required(f"{_CHOICES}.required"),
    _typed(f"{_CHOICES}.type", ARRAY),
    _sized(f"{_CHOICES}.length", ARRAY, 1),
    Check(
        f"{_CHOICES}.key.unique",
        at(_CHOICES),
        _keys_differ,
        "must not offer a key twice",
    ),
    _typed(f"{_CHOICES}.items.type", OBJECT),
    _required(f"{_CHOICES}.key.required"),
    _typed(f"{_CHOICES}.key.type", STRING),
    _one_of(f"{_CHOICES}.key.enum", KEYS),
    *_spoken(_CHOICES),
    _optional(f"{_CHOICES}.replay.type", INTEGER),
    _some_of(f"{_CHOICES}.say.or", "say", "prompt", "transfer"),
    _optional(f"{_TRANSFER}.type", OBJECT),
    _required(f"{_TRANSFER}.destination.required"),
    _typed(f"{_TRANSFER}.destination.type", STRING),
    _optional(f"{_TRANSFER}.attempts.type", INTEGER),
    _bounded(f"{_TRANSFER}.attempts.min", 1),
    _bounded(f"{_TRANSFER}.attempts.max", 3),
    _optional(f"{_TRANSFER}.timeout.type", INTEGER),
    _bounded(f"{_TRANSFER}.timeout.min", 5),
    _bounded(f"{_TRANSFER}.timeout.max", 30),
    _optional(f"{_TRANSFER}.whisper.type", OBJECT),
    *_text_or_recording(f"{_TRANSFER}.whisper"),
)


def _input_names(body: Json) -> Iterator[Place]:
    for path, value in at("actions.inputs")(body):
        yield from (Place((*path, name), name) for name in as_object(value))


# Source: facts.md B2. What follows a call: attributes to set, messages to send.
_REACTION = "actions.reaction"
_ACTIONS = (
    _optional("actions.type", OBJECT),
    _optional("actions.status.type", OBJECT),
    _optional("actions.inputs.type", OBJECT),
    Check(
        "actions.inputs.unknown",
        _input_names,
        lambda name: name in INPUTS,
        f"must be one of {', '.join(INPUTS)}",
    ),
    _optional(f"{_REACTION}.type", either(ARRAY, OBJECT)),
    _typed(f"{_REACTION}.items.type", OBJECT),
    _required(f"{_REACTION}.attribute.required"),
    _typed(f"{_REACTION}.attribute.type", STRING),
    _required(f"{_REACTION}.value.required"),
    _typed(f"{_REACTION}.value.type", either(STRING, INTEGER, BOOLEAN)),
    _optional(f"{_REACTION}.sms.type", OBJECT),
    _required(f"{_REACTION}.sms.message.required"),
    _typed(f"{_REACTION}.sms.message.type", STRING),
    _required(f"{_REACTION}.sms.senderServiceId.required"),
    _typed(f"{_REACTION}.sms.senderServiceId.type", STRING),
    _identified(f"{_REACTION}.sms.senderServiceId.format"),
)

CHECKS: tuple[Check, ...] = (
    *_PLAIN_MEMBERS,
    *_RECIPIENTS,
    *_RETRIES,
    *_VOICE_FLOW,
    *_ACTIONS,
)
