"""Mutants whose bounds are off, by one or by a unit."""

from __future__ import annotations

from dataclasses import replace

from ringspec.reference.checks.places import first
from ringspec.reference.mutants.conditions import (
    counts,
    equals,
    longer,
    measures,
    surplus,
)
from ringspec.reference.mutants.defects import (
    Mutant,
    changed,
    excusing,
    forbidding,
    narrowed,
    together,
    without,
)

_CHOICES = "voiceFlow.menu.choices"
_TRANSFER = f"{_CHOICES}.transfer"
_MINUTES_OF_A_DAY = 24 * 60
_SECONDS = 60

# Name, rule, sentence, and what is let pass.
_lax = (
    (
        "delay-4321-accepted",
        "retryDelays.items.max",
        "The longest delay is off by one.",
        equals(4321),
    ),
    (
        "delay-bound-in-seconds",
        "retryDelays.items.max",
        "The longest delay is reckoned in seconds.",
        counts(lambda delay: delay <= 4320 * _SECONDS),
    ),
    (
        "delay-minus-1-accepted",
        "retryDelays.items.min",
        "The shortest delay is off by one.",
        equals(-1),
    ),
    (
        "from-16-accepted",
        "from.length",
        "The longest caller number is off by one.",
        measures(16),
    ),
    (
        "from-7-accepted",
        "from.length",
        "The shortest caller number is off by one.",
        measures(7),
    ),
    (
        "empty-from-accepted",
        "from.length",
        "An empty caller number passes for none.",
        measures(0),
    ),
    (
        "from-without-upper-bound",
        "from.length",
        "A caller number may have any length from 8.",
        longer(15),
    ),
    (
        "two-segments-accepted",
        "segmentIds.length",
        "Two segments are let pass.",
        measures(2),
    ),
    (
        "many-segments-accepted",
        "segmentIds.length",
        "There may be any number of segments from one.",
        longer(1),
    ),
    (
        "no-segment-accepted",
        "segmentIds.length",
        "An empty list of segments is let pass.",
        measures(0),
    ),
    (
        "retries-4-accepted",
        "retries.enum",
        "The highest number of retries is off by one.",
        equals(4),
    ),
    (
        "retries-minus-1-accepted",
        "retries.enum",
        "The lowest number of retries is off by one.",
        equals(-1),
    ),
    (
        "scheduled-at-minus-1-accepted",
        "scheduledAt.min",
        "The earliest time is off by one.",
        equals(-1),
    ),
    (
        "transfer-attempts-4-accepted",
        f"{_TRANSFER}.attempts.max",
        "The highest number of attempts is off by one.",
        equals(4),
    ),
    (
        "transfer-attempts-0-accepted",
        f"{_TRANSFER}.attempts.min",
        "The lowest number of attempts is off by one.",
        equals(0),
    ),
    (
        "transfer-timeout-31-accepted",
        f"{_TRANSFER}.timeout.max",
        "The longest time limit of a transfer is off by one.",
        equals(31),
    ),
    (
        "transfer-timeout-4-accepted",
        f"{_TRANSFER}.timeout.min",
        "The shortest time limit of a transfer is off by one.",
        equals(4),
    ),
)

# Name, rule, sentence, and what is refused.
_strict = (
    (
        "delay-4320-refused",
        "retryDelays.items.max",
        "The longest delay is taken as not allowed itself.",
        equals(4320),
    ),
    (
        "delay-bound-of-a-day",
        "retryDelays.items.max",
        "A delay may be a day at most.",
        counts(lambda delay: delay > _MINUTES_OF_A_DAY),
    ),
    (
        "delay-1-refused",
        "retryDelays.items.min",
        "The shortest delay is taken as not allowed itself.",
        equals(1),
    ),
    (
        "from-8-refused",
        "from.length",
        "The shortest caller number is taken as not allowed itself.",
        measures(8),
    ),
    (
        "from-15-refused",
        "from.length",
        "The longest caller number is taken as not allowed itself.",
        measures(15),
    ),
    *(
        (
            f"{word}-retries-refused" if count > 1 else "one-retry-refused",
            "retries.enum",
            f"To retry {word} times is not allowed.",
            equals(count),
        )
        for count, word in ((1, "one"), (2, "two"), (3, "three"))
    ),
    (
        "transfer-attempts-3-refused",
        f"{_TRANSFER}.attempts.max",
        "The highest number of attempts is taken as not allowed itself.",
        equals(3),
    ),
    (
        "transfer-timeout-30-refused",
        f"{_TRANSFER}.timeout.max",
        "The longest time limit of a transfer is taken as not allowed itself.",
        equals(30),
    ),
    (
        "transfer-timeout-5-refused",
        f"{_TRANSFER}.timeout.min",
        "The shortest time limit of a transfer is taken as not allowed itself.",
        equals(5),
    ),
)


def _unbounded() -> Mutant:
    return Mutant(
        "four-retries-accepted",
        "retries.enum",
        "Retries and delays have no upper bound; only their counts are compared.",
        together(
            without("retryDelays.length"),
            excusing("retries.enum", counts(lambda count: count >= 0)),
            # The reference does not compare counts beyond three, this server does.
            changed(
                "retryDelays.count",
                lambda check: replace(check, holds=lambda body: surplus(body) == 0),
            ),
        ),
    )


bound_mutants = (
    *(
        Mutant(name, rule, defect, excusing(rule, test))
        for name, rule, defect, test in _lax
    ),
    *(
        Mutant(name, rule, defect, forbidding(rule, test))
        for name, rule, defect, test in _strict
    ),
    Mutant(
        "later-delays-unbounded",
        "retryDelays.items.max",
        "Only the first delay is held to the maximum.",
        narrowed("retryDelays.items.max", first),
    ),
    _unbounded(),
)
