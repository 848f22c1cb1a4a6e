"""Checks of who is called: the source and what belongs to it.

Source: facts.md A (rows 4 to 7), C (R5 to R8, R28).
"""

from __future__ import annotations

from ringspec.reference.checks.constraints import (
    Check,
    called_for,
    demanded,
    identified,
    one_of,
    sized,
    typed,
)
from ringspec.reference.checks.places import ITEM, at, has, when
from ringspec.reference.values import ARRAY, BOOLEAN, OBJECT, STRING

SOURCES = ("people", "file")

_of_people = when(has("source", "people"), at())
_of_file = when(has("source", "file"), at())

recipient_checks: tuple[Check, ...] = (
    typed("source.type", at("source"), STRING),
    one_of("source.enum", at("source"), SOURCES),
    demanded("segmentIds.type", _of_people, "segmentIds", ARRAY),
    sized("segmentIds.length", at("segmentIds"), ARRAY, 1, 1),
    typed("segmentIds.items.type", at("segmentIds", ITEM), STRING),
    identified("segmentIds.items.format", at("segmentIds", ITEM)),
    called_for("segmentIds.required", _of_people, "segmentIds", "source is people"),
    demanded("includeUnsubscribed.type", _of_people, "includeUnsubscribed", BOOLEAN),
    called_for(
        "includeUnsubscribed.required",
        _of_people,
        "includeUnsubscribed",
        "source is people",
    ),
    # What is in the object no source tells.
    demanded("file.type", _of_file, "file", OBJECT),
    called_for("file.required", _of_file, "file", "source is file"),
)
