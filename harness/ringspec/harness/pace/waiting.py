"""Waiting: how long a target asks us to wait, told from its answer.

In: an answer. Out: seconds, or nothing where it does not say. Sources: RFC 9110, 10.2.3
(Retry-After: seconds or a date); facts.md F (X-RateLimit-Reset: a date-time). Other
servers write seconds since the epoch there, or seconds from now.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ringspec.harness.exchange import Response

# Seconds from now are fewer than that, those since the epoch are more.
_EPOCH = 10**9


def due_s(response: Response, now_s: float, *, limits: bool = True) -> float | None:
    """Return how long an answer asks us to wait; None where it does not say.

    Args:
        response: of any status.
        now_s: seconds since the epoch.
        limits: whether the end of a limit counts, too.
    """
    # Whoever is no limiter may tell of a limit in every answer.
    names = ("retry-after", "x-ratelimit-reset")[: 2 if limits else 1]
    for name in names:
        value = response.header(name)
        found = _seconds(value.strip(), now_s) if value else None
        if found is not None:
            return max(found, 0.0)
    return None


def is_used_up(response: Response) -> bool:
    """Tell whether an answer says that no further request is welcome for now."""
    return (response.header("x-ratelimit-remaining") or "").strip() == "0"


def _seconds(text: str, now_s: float) -> float | None:
    if text.isascii() and text.replace(".", "", 1).isdigit():
        number = float(text)
        return number - now_s if number >= _EPOCH else number
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text)
        except ValueError:
            continue
        known = found if found.tzinfo else found.replace(tzinfo=UTC)
        return known.timestamp() - now_s
    return None
