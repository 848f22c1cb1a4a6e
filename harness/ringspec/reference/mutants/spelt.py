"""Mutants that know a value of a list in another spelling, or a key too many."""

from __future__ import annotations

import re

from ringspec.reference.checks.members import LANGUAGES
from ringspec.reference.checks.places import ITEM
from ringspec.reference.mutants.coercion import lower, stripped
from ringspec.reference.mutants.conditions import equals, says
from ringspec.reference.mutants.defects import Mutant, excusing, mistaking

_CHOICES = "voiceFlow.menu.choices"

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

spelt_mutants = (
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
