"""Mutants that know a value of a list in another spelling, or a key too many."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ringspec.reference.checks.members import DISTRIBUTIONS, LANGUAGES, TYPES, VOICES
from ringspec.reference.checks.places import ITEM
from ringspec.reference.checks.recipients import SOURCES
from ringspec.reference.mutants.coercion import lower, stripped
from ringspec.reference.mutants.conditions import equals, says
from ringspec.reference.mutants.defects import Mutant, excusing, mistaking

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringspec.reference.mutants.defects import Test

_CHOICES = "voiceFlow.menu.choices"
_LISTS = {
    "source": SOURCES,
    "type": TYPES,
    "distribution": DISTRIBUTIONS,
    "language": LANGUAGES,
    "voice": VOICES,
}

# Name, rule, sentence, and what is let pass.
_KNOWN = (
    (
        "two-signs-of-a-key-accepted",
        f"{_CHOICES}.key.enum",
        "A key may have several digits.",
        says(lambda key: re.fullmatch("[0-9]+", key) is not None),
    ),
    (
        "language-case-ignored",
        "language.enum",
        "A language is known in any case.",
        says(lambda one: one.lower() in [each.lower() for each in LANGUAGES]),
    ),
    (
        "language-by-prefix",
        "language.enum",
        "Whatever begins with a language passes for one.",
        says(lambda one: one.startswith(LANGUAGES)),
    ),
    (
        "voice-by-prefix",
        "voice.enum",
        "Whatever begins with a voice passes for one.",
        says(lambda one: one.startswith(("woman", "man"))),
    ),
    (
        "distribution-by-prefix",
        "distribution.enum",
        "Whatever begins with a distribution passes for one.",
        says(lambda one: one.startswith(("none", "dynamic"))),
    ),
    (
        "source-by-prefix",
        "source.enum",
        "Whatever begins with a source passes for one.",
        says(lambda one: one.startswith(("people", "file"))),
    ),
    (
        "type-by-prefix",
        "type.enum",
        "Whatever begins with a type passes for one.",
        says(lambda one: one.startswith("default")),
    ),
    *(
        (
            f"empty-{name}-accepted",
            f"{name}.enum",
            f"An empty {name} passes for none.",
            equals(""),
        )
        for name in ("type", "language", "voice", "distribution", "source")
    ),
)


def _known_as(change: Callable[[str], str], listed: tuple[str, ...]) -> Test:
    """Take for a value of a list what one of them is changed to."""
    return equals(*(change(each) for each in listed))


def _of_halves(text: str) -> bool:
    """Tell whether a text has the language of one value and the region of another."""
    head, hyphen, tail = text.partition("-")
    halves = [each.split("-") for each in LANGUAGES]
    return (
        hyphen == "-"
        and head in [each[0] for each in halves]
        and tail in [each[1] for each in halves]
    )


# How a value of any list may be spelt: name, sentence, and what is made of a value.
_SPELLINGS: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("capitalised", "with its first letter large", str.capitalize),
    ("shortened", "without its last letter", lambda value: value[:-1]),
    ("after-blank", "after a blank", lambda value: f" {value}"),
    ("before-line-break", "before a line break", lambda value: f"{value}\n"),
    ("in-capitals", "in large letters", str.upper),
)
# Of a list that is only inferred, these will do.
_OF_TYPES = ("before-line-break", "in-capitals")

# Values too many: rule, name of what, and the test.
_TOO_MANY: tuple[tuple[str, str, Test], ...] = (
    ("language.enum", "half-known-language", says(_of_halves)),
    (
        "language.enum",
        "underscored-language",
        _known_as(lambda value: value.replace("-", "_"), LANGUAGES),
    ),
    (
        "language.enum",
        "bare-language",
        _known_as(lambda value: value.partition("-")[0], LANGUAGES),
    ),
    ("language.enum", "american", equals("en-US")),
    ("voice.enum", "female", equals("female")),
    (
        "voice.enum",
        "ending-in-voice",
        says(lambda one: one not in VOICES and one.endswith(VOICES)),
    ),
    ("distribution.enum", "random", equals("random")),
    ("source.enum", "ending-in-source", says(lambda one: one.endswith(SOURCES))),
    (f"{_CHOICES}.key.enum", "plus-key", equals("+")),
    (f"{_CHOICES}.key.enum", "minus-key", equals("-")),
    (f"{_CHOICES}.key.enum", "letter-key", says(lambda key: key in list("ABCD"))),
    (f"{_CHOICES}.key.enum", "any-digit-key", says(str.isdigit)),
    (f"{_CHOICES}.key.enum", "ten-key", equals("10")),
    (f"{_CHOICES}.key.enum", "named-key", equals("star", "hash")),
    (f"{_CHOICES}.key.enum", "empty-key", equals("")),
    (
        f"{_CHOICES}.key.enum",
        "any-sign-key",
        says(lambda key: len(key) == 1 and not key.isalnum()),
    ),
    ("actions.inputs.unknown", "input-10", equals("10")),
    ("actions.inputs.unknown", "input-by-sign", equals("*", "#")),
    ("actions.inputs.unknown", "input-a", equals("a")),
    ("actions.inputs.unknown", "input-capital", equals("Star", "Hash")),
    (
        "actions.inputs.unknown",
        "input-in-capitals",
        equals("STAR", "HASH"),
    ),
)

spelt_mutants = (
    *(
        Mutant(
            f"{name}-{member}-accepted",
            f"{member}.enum",
            f"A {member} is known {how}.",
            excusing(f"{member}.enum", _known_as(change, listed)),
        )
        for member, listed in _LISTS.items()
        for name, how, change in _SPELLINGS
        if member != "type" or name in _OF_TYPES
    ),
    *(
        Mutant(
            f"{name}-accepted",
            rule,
            "A value is listed that there is not.",
            excusing(rule, test),
        )
        for rule, name, test in _TOO_MANY
    ),
    *(
        Mutant(name, rule, defect, excusing(rule, test))
        for name, rule, defect, test in _KNOWN
    ),
    *(
        Mutant(
            f"{member}-case-ignored",
            f"{member}.enum",
            f"A {member} is known in any case.",
            mistaking(lower, member),
        )
        for member in ("source", "voice", "distribution", "type")
    ),
    *(
        Mutant(
            f"blanks-around-{member}-ignored",
            f"{member}.enum",
            f"A {member} is known with blanks around it.",
            mistaking(stripped, member),
        )
        for member in ("source", "language", "voice", "distribution", "type")
    ),
    Mutant(
        "blanks-around-key-ignored",
        f"{_CHOICES}.key.enum",
        "A key is known with blanks around it.",
        mistaking(stripped, "voiceFlow", "menu", "choices", ITEM, "key"),
    ),
)
