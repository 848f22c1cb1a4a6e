"""Mutants that take null, or nothing, for what must be there."""

from __future__ import annotations

from ringspec.reference.checks import REQUIRED
from ringspec.reference.mutants.conditions import equals, member, redials
from ringspec.reference.mutants.defects import Mutant, excusing, only_where
from ringspec.reference.mutants.unchecked import kebab

# Where null passes for a value: name, rule and what it is of.
_NULLS = (
    *((kebab(name), f"{name}.type", f"The member {name}") for name in REQUIRED),
    ("file", "file.type", "The file that a source asks for"),
    ("flag", "includeUnsubscribed.type", "Whether to call the unsubscribed"),
    ("segments", "segmentIds.type", "The segments that a source asks for"),
    ("dynamic-name", "dynamicName.type", "The name of a dynamic distribution"),
    ("delay", "retryDelays.items.type", "A delay"),
    ("segment", "segmentIds.items.type", "A segment's id"),
    ("welcome", "voiceFlow.welcome.type", "The welcome"),
    ("choices", "voiceFlow.menu.choices.type", "The list of choices"),
    ("choice", "voiceFlow.menu.choices.items.type", "A choice"),
    ("key", "voiceFlow.menu.choices.key.type", "A key"),
    (
        "destination",
        "voiceFlow.menu.choices.transfer.destination.type",
        "A destination",
    ),
    ("attribute", "actions.reaction.attribute.type", "An attribute's name"),
    ("value", "actions.reaction.value.type", "An attribute's value"),
    ("message", "actions.reaction.sms.message.type", "A message"),
    ("sender", "actions.reaction.sms.senderServiceId.type", "A sender's id"),
)

absent_mutants = (
    *(
        Mutant(
            f"null-{name}-accepted",
            rule,
            f"{what} may be null.",
            excusing(rule, equals(None)),
        )
        for name, rule, what in _NULLS
    ),
    Mutant(
        "missing-delays-taken-as-none",
        "retryDelays.required",
        "Delays may be left out where there are no retries.",
        only_where("retryDelays.required", redials),
    ),
    Mutant(
        "type-required-only-for-people",
        "type.required",
        "The type may be left out where the source is a file.",
        only_where("type.required", lambda body: member(body, "source") == "people"),
    ),
    Mutant(
        "welcome-needless-before-menu",
        "voiceFlow.welcome.required",
        "A script without a welcome passes where it has a menu.",
        only_where(
            "voiceFlow.welcome.required",
            lambda body: member(body, "voiceFlow", "menu") is None,
        ),
    ),
)
