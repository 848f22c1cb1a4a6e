"""Disguises: how a broadcast, or a value in it, is answered otherwise than it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ringspec.reference.mutants.defects import rewritten
from ringspec.reference.values import Json, JsonObject, number

if TYPE_CHECKING:
    from ringspec.reference.checks.places import Step
    from ringspec.reference.mutants.defects import Change, Defect


def showing(change: Change) -> Defect:
    """Answer a broadcast otherwise than it is."""

    def show(body: JsonObject) -> JsonObject:
        shown = change(body)
        return shown if isinstance(shown, dict) else body

    return lambda behaviour: replace(behaviour, show=show)


def showing_at(change: Change, *steps: Step) -> Defect:
    """Answer a value in a broadcast otherwise than it is."""
    return showing(lambda body: rewritten(body, change, *steps))


def losing(*steps: str) -> Change:
    """Make the change of a body that loses a member, wherever it lies."""
    *parents, name = steps

    def lose(value: Json) -> Json:
        if not isinstance(value, dict):
            return value
        return {one: below for one, below in value.items() if one != name}

    return lambda body: rewritten(body, lose, *parents)


def scaled(factor: int) -> Change:
    """Make the change of a number to another unit."""

    def scale(value: Json) -> Json:
        given = number(value)
        return value if given is None else given * factor

    return scale


def texts(change: Change) -> Change:
    """Make the change of every text, at any depth."""

    def apply(value: Json) -> Json:
        if isinstance(value, list):
            return [apply(item) for item in value]
        if isinstance(value, dict):
            return {name: apply(below) for name, below in value.items()}
        return change(value) if isinstance(value, str) else value

    return apply


def cut(value: Json) -> Json:
    """Cut a text to 20 characters."""
    return value[:20] if isinstance(value, str) else value


def in_order(value: Json) -> Json:
    """Sort a list of numbers."""
    # What no number says counts as nothing: it is refused before it gets here.
    return sorted(value, key=_order) if isinstance(value, list) else value


def _order(value: Json) -> float:
    return number(value) or 0


def turned(value: Json) -> Json:
    """Turn a list around."""
    return value[::-1] if isinstance(value, list) else value


def once_each(value: Json) -> Json:
    """Keep of a list each item once."""
    given = value if isinstance(value, list) else []
    return [one for index, one in enumerate(given) if one not in given[:index]]


def first_only(value: Json) -> Json:
    """Keep of a list the first item."""
    return value[:1] if isinstance(value, list) else value


def in_ascii(value: Json) -> Json:
    """Replace in a text what is beyond ASCII."""
    return (
        value.encode("ascii", "replace").decode() if isinstance(value, str) else value
    )


def in_16_bits(value: Json) -> Json:
    """Leave out of a text what is beyond 16 bits."""
    return "".join(sign for sign in str(value) if sign <= "\uffff")


def garbled(value: Json) -> Json:
    """Read the UTF-8 of a text as Latin-1."""
    return str(value).encode(errors="replace").decode("latin-1")


def hidden(value: Json) -> Json:
    """Hide a text but for its end."""
    return f"*******{value[-4:]}" if isinstance(value, str) else value


def negated(value: Json) -> Json:
    """Turn true into false, and false into true."""
    return not value if isinstance(value, bool) else value


def as_text(value: Json) -> Json:
    """Put a number as a text."""
    return str(value) if isinstance(value, int | float) else value


def as_number(value: Json) -> Json:
    """Put a text of digits as a number."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def in_32_bits(value: Json) -> Json:
    """Wrap a number at 32 bits."""
    given = number(value)
    return value if given is None else (int(given) + 2**31) % 2**32 - 2**31


def swapped(body: Json) -> Json:
    """Swap the two reasons to retry."""
    if not isinstance(body, dict):
        return body
    pair = {
        "retryOnNoInput": body.get("retryOnFailed"),
        "retryOnFailed": body.get("retryOnNoInput"),
    }
    return {**body, **pair}
