"""Checks of redials: how often, when, and after which wait.

Source: facts.md A (rows 9 to 12), C (R1 to R4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringspec.reference.checks.constraints import (
    Check,
    least,
    most,
    sized,
    typed,
)
from ringspec.reference.checks.places import ITEM, Place, at
from ringspec.reference.values import ARRAY, BOOLEAN, INTEGER, Json, number

if TYPE_CHECKING:
    from collections.abc import Iterator

RETRIES = (0, 1, 2, 3)
LONGEST_DELAY_MIN = 4320


def is_known_count(value: Json) -> bool:
    """Tell whether an integer is a count of retries there is."""
    given = number(value)
    return given is None or given in RETRIES


def delays_with_retries(body: Json) -> Iterator[Place]:
    """Select the delays, with the body as value for want of a value of two."""
    if isinstance(body, dict) and isinstance(body.get("retryDelays"), list):
        yield Place(("retryDelays",), body)


def counts_match(body: Json) -> bool:
    """Tell whether there are as many delays as retries, if those are countable."""
    if not isinstance(body, dict):
        return True
    delays, retries = body.get("retryDelays"), number(body.get("retries"))
    if not isinstance(delays, list) or retries not in RETRIES:
        return True
    return len(delays) == retries


retry_checks: tuple[Check, ...] = (
    typed("retries.type", at("retries"), INTEGER),
    Check("retries.enum", at("retries"), is_known_count, "must be one of 0, 1, 2, 3"),
    typed("retryOnNoInput.type", at("retryOnNoInput"), BOOLEAN),
    typed("retryOnFailed.type", at("retryOnFailed"), BOOLEAN),
    typed("retryDelays.type", at("retryDelays"), ARRAY),
    sized("retryDelays.length", at("retryDelays"), ARRAY, 0, 3),
    # The page says: "number of items must match retries".
    Check(
        "retryDelays.count",
        delays_with_retries,
        counts_match,
        "must have as many items as retries says",
    ),
    typed("retryDelays.items.type", at("retryDelays", ITEM), INTEGER),
    # Assumed: nobody redials before the call. That 0 is refused no source says.
    least("retryDelays.items.min", at("retryDelays", ITEM), 0),
    # The page says: "max 3 days = 4320 minutes".
    most("retryDelays.items.max", at("retryDelays", ITEM), LONGEST_DELAY_MIN),
)
