"""Mutants that take a value of one kind for another, and then judge that."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ringspec.reference.checks.places import ITEM
from ringspec.reference.mutants.coercion import (
    counted,
    dated,
    digits,
    flag,
    floored,
    indexed,
    listed,
    parsed,
    said,
    single,
    texted,
    truth,
    written,
)
from ringspec.reference.mutants.defects import Mutant, mistaking, reading, rewritten

if TYPE_CHECKING:
    from ringspec.reference.checks.places import Step
    from ringspec.reference.mutants.defects import Change
    from ringspec.reference.values import Json


class _Row(NamedTuple):
    name: str
    rule: str
    defect: str
    change: Change
    steps: tuple[Step, ...]


_FLOW: tuple[Step, ...] = ("voiceFlow",)
_MENU: tuple[Step, ...] = ("voiceFlow", "menu")
_CHOICES: tuple[Step, ...] = (*_MENU, "choices")
_TRANSFER: tuple[Step, ...] = (*_CHOICES, ITEM, "transfer")

_ROWS = (
    *(
        _Row(name, f"{steps[0]}.type", f"{what} passes for a number.", change, steps)
        for name, what, change, steps in (
            ("numeric-string-accepted", "A text of digits", digits, ("retries",)),
            ("true-as-integer-accepted", "True", counted, ("retries",)),
            ("fraction-of-retries-cut", "A fraction", floored, ("retries",)),
            ("list-of-retries-accepted", "A list of one", single, ("retries",)),
            ("time-as-text-accepted", "A text of digits", digits, ("scheduledAt",)),
            ("time-as-date-accepted", "A written date", dated, ("scheduledAt",)),
            ("fraction-of-time-cut", "A fraction", floored, ("scheduledAt",)),
            ("list-of-time-accepted", "A list of one", single, ("scheduledAt",)),
        )
    ),
    *(
        _Row(
            f"{name}-accepted",
            "retryDelays.items.type",
            f"{what} passes for a delay.",
            change,
            ("retryDelays", ITEM),
        )
        for name, what, change in (
            ("delay-as-text", "A text of digits", digits),
            ("delay-as-true", "True", counted),
            ("fraction-of-delay", "A fraction", floored),
            ("list-of-delay", "A list of one", single),
        )
    ),
    *(
        _Row(f"{name}-accepted", rule, f"{what} passes for a list.", change, steps)
        for name, rule, what, change, steps in (
            (
                "single-segment",
                "segmentIds.type",
                "What is no list",
                listed,
                ("segmentIds",),
            ),
            (
                "indexed-segments",
                "segmentIds.type",
                "An object with indexes",
                indexed,
                ("segmentIds",),
            ),
            (
                "segments-as-text",
                "segmentIds.type",
                "A text that holds a list",
                parsed,
                ("segmentIds",),
            ),
            (
                "single-delay",
                "retryDelays.type",
                "What is no list",
                listed,
                ("retryDelays",),
            ),
            (
                "indexed-delays",
                "retryDelays.type",
                "An object with indexes",
                indexed,
                ("retryDelays",),
            ),
            (
                "delays-as-text",
                "retryDelays.type",
                "A text that holds a list",
                parsed,
                ("retryDelays",),
            ),
            (
                "single-choice",
                "voiceFlow.menu.choices.type",
                "What is no list",
                listed,
                _CHOICES,
            ),
            (
                "indexed-choices",
                "voiceFlow.menu.choices.type",
                "An object with indexes",
                indexed,
                _CHOICES,
            ),
        )
    ),
    *(
        _Row(f"{name}-accepted", rule, f"{what} passes for a boolean.", change, steps)
        for name, rule, what, change, steps in (
            (
                "boolean-string",
                "retryOnFailed.type",
                "A word",
                flag,
                ("retryOnFailed",),
            ),
            (
                "boolean-number",
                "retryOnFailed.type",
                "A 1 or a 0",
                truth,
                ("retryOnFailed",),
            ),
            (
                "no-input-as-word",
                "retryOnNoInput.type",
                "A word",
                flag,
                ("retryOnNoInput",),
            ),
            (
                "no-input-as-list",
                "retryOnNoInput.type",
                "A list of one",
                single,
                ("retryOnNoInput",),
            ),
            (
                "flag-as-word",
                "includeUnsubscribed.type",
                "A word",
                flag,
                ("includeUnsubscribed",),
            ),
            (
                "flag-as-number",
                "includeUnsubscribed.type",
                "A 1 or a 0",
                truth,
                ("includeUnsubscribed",),
            ),
            (
                "multiple-as-word",
                "allowMultiple.type",
                "A word",
                flag,
                ("allowMultiple",),
            ),
            (
                "detection-as-word",
                "voiceFlow.machineDetection.type",
                "A word",
                flag,
                (*_FLOW, "machineDetection"),
            ),
            (
                "detection-as-number",
                "voiceFlow.machineDetection.type",
                "A 1 or a 0",
                truth,
                (*_FLOW, "machineDetection"),
            ),
        )
    ),
    *(
        _Row(f"{name}-accepted", rule, f"{what} passes for a text.", change, steps)
        for name, rule, what, change, steps in (
            ("number-as-name", "name.type", "A number", texted, ("name",)),
            ("true-as-name", "name.type", "True", written, ("name",)),
            ("list-as-name", "name.type", "A list of one", single, ("name",)),
            ("number-as-from", "from.type", "A number", texted, ("from",)),
            ("list-as-source", "source.type", "A list of one", single, ("source",)),
            (
                "list-as-language",
                "language.type",
                "A list of one",
                single,
                ("language",),
            ),
            (
                "number-as-key",
                "voiceFlow.menu.choices.key.type",
                "A number",
                texted,
                (*_CHOICES, ITEM, "key"),
            ),
            (
                "number-as-destination",
                "voiceFlow.menu.choices.transfer.destination.type",
                "A number",
                texted,
                (*_TRANSFER, "destination"),
            ),
            (
                "number-as-speech",
                "voiceFlow.welcome.say.type",
                "A number",
                texted,
                (*_FLOW, "welcome", "say"),
            ),
        )
    ),
    *(
        _Row(f"{name}-accepted", rule, f"{what} passes for an object.", change, steps)
        for name, rule, what, change, steps in (
            ("list-as-file", "file.type", "A list of one", single, ("file",)),
            ("list-as-actions", "actions.type", "A list of one", single, ("actions",)),
            (
                "actions-as-text",
                "actions.type",
                "A text that holds one",
                parsed,
                ("actions",),
            ),
            (
                "script-as-text",
                "voiceFlow.type",
                "A text that holds one",
                parsed,
                _FLOW,
            ),
            ("list-as-script", "voiceFlow.type", "A list of one", single, _FLOW),
            (
                "text-as-welcome",
                "voiceFlow.welcome.type",
                "A bare text",
                said,
                (*_FLOW, "welcome"),
            ),
            (
                "text-as-voicemail",
                "voiceFlow.voicemail.type",
                "A bare text",
                said,
                (*_FLOW, "voicemail"),
            ),
            (
                "text-as-whisper",
                "voiceFlow.menu.choices.transfer.whisper.type",
                "A bare text",
                said,
                (*_TRANSFER, "whisper"),
            ),
            ("list-as-menu", "voiceFlow.menu.type", "A list of one", single, _MENU),
        )
    ),
    *(
        _Row(
            f"{word}-as-text-accepted",
            f"voiceFlow.menu.choices.transfer.{word}.type",
            "A text of digits passes for a number.",
            digits,
            (*_TRANSFER, word),
        )
        for word in ("attempts", "timeout")
    ),
    _Row(
        "fraction-of-replay-cut",
        "voiceFlow.welcome.replay.type",
        "A fraction passes for a number.",
        floored,
        (*_FLOW, "welcome", "replay"),
    ),
    _Row(
        "body-as-text-accepted",
        "body.type",
        "A text that holds a body passes for one.",
        parsed,
        (),
    ),
    _Row(
        "list-as-body-accepted",
        "body.type",
        "A list of one body passes for it.",
        single,
        (),
    ),
)


def _everything_coerced(body: Json) -> Json:
    """Read numbers and booleans from words, wherever they are wanted."""
    for name in ("retries", "scheduledAt"):
        body = rewritten(body, digits, name)
    for name in ("retryOnNoInput", "retryOnFailed", "includeUnsubscribed"):
        body = rewritten(body, flag, name)
    return rewritten(body, digits, "retryDelays", ITEM)


coerced_mutants = (
    *(
        Mutant(row.name, row.rule, row.defect, mistaking(row.change, *row.steps))
        for row in _ROWS
    ),
    Mutant(
        "everything-read-from-words",
        "retryDelays.items.type",
        "Numbers and booleans may be given as words anywhere.",
        reading(_everything_coerced),
    ),
)
