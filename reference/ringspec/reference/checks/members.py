"""Checks of the body itself and of its plain members.

Source: facts.md A (rows 1 to 4, 8, 13 to 19), C (R10 to R15, R25).
"""

from __future__ import annotations

from ringspec.reference.checks.constraints import (
    Check,
    called_for,
    demanded,
    identified,
    least,
    needed,
    one_of,
    optional,
    sized,
    typed,
)
from ringspec.reference.checks.places import at, has, when
from ringspec.reference.values import BOOLEAN, INTEGER, OBJECT, STRING

TYPES = ("default", "marketing", "transactional", "otp", "crisis")
DISTRIBUTIONS = ("none", "dynamic")
LANGUAGES = ("fr-FR", "fr-BE", "nl-NL", "nl-BE", "en-GB", "de-DE")
VOICES = ("woman", "man")

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

_of_dynamic = when(has("distribution", "dynamic"), at())

body_checks: tuple[Check, ...] = (
    typed("body.type", at(), OBJECT),
    *(needed(f"{name}.required", at(), name) for name in REQUIRED),
)

member_checks: tuple[Check, ...] = (
    typed("name.type", at("name"), STRING),
    typed("type.type", at("type"), STRING),
    one_of("type.enum", at("type"), TYPES),
    typed("from.type", at("from"), STRING),
    sized("from.length", at("from"), STRING, 8, 15),
    optional("scheduledAt.type", at("scheduledAt"), INTEGER),
    least("scheduledAt.min", at("scheduledAt"), 0),
    optional("calendarId.type", at("calendarId"), STRING),
    identified("calendarId.format", at("calendarId")),
    optional("distribution.type", at("distribution"), STRING),
    one_of("distribution.enum", at("distribution"), DISTRIBUTIONS),
    demanded("dynamicName.type", _of_dynamic, "dynamicName", STRING),
    # Assumed: what a dynamic distribution is called by must be given (R12).
    called_for(
        "dynamicName.required",
        _of_dynamic,
        "dynamicName",
        "distribution is dynamic",
    ),
    optional("allowMultiple.type", at("allowMultiple"), BOOLEAN),
    optional("language.type", at("language"), STRING),
    one_of("language.enum", at("language"), LANGUAGES),
    optional("voice.type", at("voice"), STRING),
    one_of("voice.enum", at("voice"), VOICES),
)
