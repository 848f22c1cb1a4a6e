"""Mutants that forget a rule, one for each, or a whole kind of rules."""

from __future__ import annotations

import re

from ringspec.reference.checks import CHECKS, REQUIRED
from ringspec.reference.mutants.defects import Mutant, without, without_all

# What forgetting a rule changes nothing for, and why.
EQUIVALENT: dict[str, str] = {
    "retry-delays-length-unchecked": (
        "More than three delays either miss the count of retries, or need more than "
        "three retries: another rule refuses them."
    ),
}

# Forgotten rules that go by a name of their own.
_NAMED: dict[str, tuple[str, str]] = {
    "retryDelays.items.min": (
        "negative-delay-accepted",
        "A delay has no lower bound.",
    ),
    "file.required": (
        "file-missing-accepted",
        "A broadcast from a file needs no file.",
    ),
    "includeUnsubscribed.required": (
        "people-without-flag-accepted",
        "Whether the unsubscribed are called need not be said.",
    ),
    "segmentIds.required": (
        "people-without-segment-accepted",
        "A broadcast to people needs no segment.",
    ),
    "segmentIds.items.format": (
        "segment-not-uuid-accepted",
        "A segment's id may be any string.",
    ),
    "dynamicName.required": (
        "dynamic-name-not-required",
        "A dynamic distribution needs no name.",
    ),
    "voiceFlow.menu.choices.key.unique": (
        "duplicate-keys-accepted",
        "A menu may offer a key twice.",
    ),
}


def kebab(name: str) -> str:
    """Write a rule's id, or a member's name, as part of a mutant's name."""
    return re.sub("[A-Z]", lambda letter: f"-{letter[0].lower()}", name).replace(
        ".", "-"
    )


def _name(rule: str) -> tuple[str, str]:
    if rule in _NAMED:
        return _NAMED[rule]
    member = rule.removesuffix(".required")
    if member in REQUIRED:
        return f"{kebab(member)}-not-required", f"The member {member} may be left out."
    return f"{kebab(rule)}-unchecked", f"Nothing is refused for the rule {rule}."


def _forgetful(rule: str) -> Mutant:
    name, defect = _name(rule)
    return Mutant(name, rule, defect, without(rule))


_MENU = "voiceFlow.menu."
_TRANSFER = "voiceFlow.menu.choices.transfer."

# Whole kinds: name, the rule to be named, the sentence, and what is forgotten.
_KINDS = (
    (
        "nothing-checked",
        "retryDelays.count",
        "Whatever is JSON is accepted.",
        lambda _rule: True,
    ),
    (
        "types-unchecked",
        "name.type",
        "No value is held to its type.",
        lambda rule: rule.endswith(".type"),
    ),
    (
        "enums-unchecked",
        "voice.enum",
        "No value is held to a list of values.",
        lambda rule: rule.endswith(".enum"),
    ),
    (
        "formats-unchecked",
        "calendarId.format",
        "Whatever is a string passes for a uuid.",
        lambda rule: rule.endswith(".format"),
    ),
    (
        "bounds-unchecked",
        "from.length",
        "Numbers and lengths have no bounds.",
        lambda rule: rule.endswith((".min", ".max", ".length")),
    ),
    (
        "required-unchecked",
        "voiceFlow.required",
        "Any member may be left out.",
        lambda rule: rule.endswith(".required"),
    ),
    (
        "rules-between-members-unchecked",
        "file.required",
        "Each member is judged by itself, never by another one.",
        lambda rule: (
            rule
            in {
                "retryDelays.count",
                "file.required",
                "segmentIds.required",
                "includeUnsubscribed.required",
                "dynamicName.required",
            }
        ),
    ),
    (
        "script-unchecked",
        "voiceFlow.welcome.required",
        "Whatever is an object passes for a script.",
        lambda rule: (
            rule.startswith("voiceFlow.")
            and rule not in {"voiceFlow.required", "voiceFlow.type"}
        ),
    ),
    (
        "menu-unchecked",
        "voiceFlow.menu.choices.key.required",
        "Whatever is an object passes for a menu.",
        lambda rule: rule.startswith(_MENU) and rule != f"{_MENU}type",
    ),
    (
        "transfer-unchecked",
        "voiceFlow.menu.choices.transfer.destination.required",
        "Whatever is an object passes for a transfer.",
        lambda rule: rule.startswith(_TRANSFER) and rule != f"{_TRANSFER}type",
    ),
    (
        "actions-unchecked",
        "actions.reaction.attribute.required",
        "Whatever is an object passes for actions.",
        lambda rule: rule.startswith("actions.") and rule != "actions.type",
    ),
)

unchecked_mutants = (
    *(
        mutant
        for mutant in (_forgetful(check.rule) for check in CHECKS)
        if mutant.name not in EQUIVALENT
    ),
    *(
        Mutant(name, rule, defect, without_all(test))
        for name, rule, defect, test in _KINDS
    ),
)
