"""Rows that break one rule, and nearly keep to it: by rule, what lax readers take."""

from __future__ import annotations

from .conftest import BODIES
from .places import CHOICES, FLOW, INPUTS, SMS, STATUS, TRANSFER, UUID, Row

_TRUE: tuple[object, ...] = (True,)

_TIMES: tuple[dict[str, object], ...] = (
    {},
    {"/scheduledAt": 1924992000},
    {"/scheduledAt": None},
)


def _mistyped(base: str, place: str, *values: object) -> list[Row]:
    return [(base, {place: value}) for value in values]


# By rule: values of the wrong kind, beyond those above.
_WRONG: tuple[tuple[str, list[Row]], ...] = (
    *(
        (f"{name}.type", _mistyped("people", f"/{name}", {"value": 1}, *_TRUE))
        for name in (
            *("name", "from", "type", "source", "language", "voice", "distribution"),
            "calendarId",
        )
    ),
    ("dynamicName.type", _mistyped("dynamic", "/dynamicName", {"value": "x"}, None)),
    ("segmentIds.items.type", _mistyped("people", "/segmentIds/0", {"value": UUID})),
    ("segmentIds.type", _mistyped("people", "/segmentIds", "", 1, None)),
    ("retryDelays.type", _mistyped("people", "/retryDelays", "", 0)),
    ("retryDelays.items.type", _mistyped("survey", "/retryDelays/0", "", {"v": 15})),
    ("retries.type", _mistyped("people", "/retries", "0 ", "", {"value": 0})),
    ("scheduledAt.type", _mistyped("people", "/scheduledAt", "1 ", "", {"value": 1})),
    *(
        (f"{name}.type", _mistyped(base, f"/{name}", "", "0", "1", 1, "true"))
        for base, name in (
            ("people", "includeUnsubscribed"),
            ("people", "retryOnNoInput"),
            ("people", "retryOnFailed"),
            ("file", "allowMultiple"),
        )
    ),
    ("includeUnsubscribed.type", _mistyped("people", "/includeUnsubscribed", None)),
    (
        "voiceFlow.machineDetection.type",
        _mistyped("survey", f"{FLOW}/machineDetection", 1, "true"),
    ),
    ("file.type", _mistyped("file", "/file", [], 1, None)),
    ("actions.type", _mistyped("survey", "/actions", [], 1)),
    ("voiceFlow.type", _mistyped("people", FLOW, [], 1)),
    ("voiceFlow.welcome.type", _mistyped("people", f"{FLOW}/welcome", ["x"])),
    ("voiceFlow.welcome.say.type", _mistyped("people", f"{FLOW}/welcome/say", ["x"])),
    (
        "voiceFlow.welcome.say.type",
        [
            ("survey", {f"{FLOW}/welcome/say": 7, **more})
            for more in ({}, {"/scheduledAt": 1924992000}, {"/scheduledAt": None})
        ],
    ),
    ("voiceFlow.end.prompt.type", _mistyped("survey", f"{FLOW}/end", {"prompt": 7})),
    (
        "voiceFlow.end.prompt.type",
        _mistyped("survey", f"{FLOW}/end", {"prompt": ["a.mp3"]}),
    ),
    (
        "voiceFlow.menu.choices.key.type",
        _mistyped("survey", f"{CHOICES}/0/key", ["1"], {"value": "1"}),
    ),
    (
        "voiceFlow.menu.choices.say.type",
        _mistyped("survey", f"{CHOICES}/0/say", ["x"], 7),
    ),
    (
        "voiceFlow.menu.choices.transfer.destination.type",
        _mistyped("survey", f"{TRANSFER}/destination", ["x"], {"value": "x"}),
    ),
    (
        "actions.reaction.attribute.type",
        _mistyped("survey", f"{STATUS}/delivered/0/attribute", ["x"]),
    ),
    ("actions.reaction.sms.message.type", _mistyped("survey", f"{SMS}/message", ["x"])),
)

# By rule: values that are spelt nearly right.
_SPELT: tuple[tuple[str, list[Row]], ...] = (
    *(
        (
            f"{name}.enum",
            _mistyped(
                "people",
                f"/{name}",
                *(value.capitalize(), value[:-1], f" {value}", f"{value}\n"),
                *(value.upper(), f"x{value}"),
            ),
        )
        for name, value in (
            ("source", "people"),
            ("type", "default"),
            ("distribution", "none"),
            ("language", "fr-BE"),
            ("voice", "man"),
        )
    ),
    (
        "language.enum",
        _mistyped("people", "/language", "fr-GB", "fr_BE", "fr", "en-US"),
    ),
    ("voice.enum", _mistyped("people", "/voice", "female")),
    ("distribution.enum", _mistyped("people", "/distribution", "random")),
    (
        "voiceFlow.menu.choices.key.enum",
        _mistyped(
            "survey", f"{CHOICES}/0/key", "+", "-", "A", "\uff11", "10", "star", ""
        ),
    ),
    (
        "actions.inputs.unknown",
        [
            ("survey", {f"{INPUTS}/{name}": [{"attribute": "a", "value": 1}]})
            for name in ("10", "*", "#", "a", "Star", "STAR")
        ],
    ),
    *(
        (rule, _mistyped(base, place, *near))
        for rule, base, place in (
            ("segmentIds.items.format", "people", "/segmentIds/0"),
            ("calendarId.format", "people", "/calendarId"),
        )
        for near in (
            (
                *(f"{UUID[: at - 1]}g{UUID[at:]}" for at in (8, 13, 18, 23, 36)),
                *(UUID[1:], f"0{UUID}", f"{UUID[:8]}{UUID[9]}-{UUID[10:]}"),
                *(UUID.replace("-", ""), f"{{{UUID}}}", f"urn:uuid:{UUID}"),
                f" {UUID}",
            ),
        )
    ),
)

# By rule: what breaks it beside a time, beside null for one, with or without a menu.
_BESIDE: tuple[tuple[str, list[Row]], ...] = tuple(
    (rule, [(base, {**fault, **beside}) for base in bases for beside in _TIMES])
    for rule, bases, fault in (
        ("retryDelays.count", ("people", "survey"), {"/retryDelays": [1]}),
        (
            "retryDelays.items.max",
            ("people", "survey"),
            {"/retries": 1, "/retryDelays": [4321]},
        ),
        (
            "includeUnsubscribed.required",
            ("people", "survey"),
            {"/includeUnsubscribed": ...},
        ),
        ("file.required", ("file",), {"/file": ...}),
        (
            "file.required",
            ("file",),
            {"/file": ..., f"{FLOW}/menu": BODIES["survey"]["voiceFlow"]["menu"]},
        ),
        ("segmentIds.items.format", ("people", "survey"), {"/segmentIds/0": "abc"}),
        ("source.enum", ("people", "survey"), {"/source": "segment"}),
    )
)

NEARLY: tuple[tuple[str, list[Row]], ...] = (*_WRONG, *_SPELT, *_BESIDE)
