"""A plain valid body, written by hand: what tests send that need one of their own."""

from __future__ import annotations

from typing import Any

PLAIN: dict[str, Any] = {
    "name": "Office closure notice",
    "type": "default",
    "from": "441632960101",
    "source": "people",
    "segmentIds": ["3b0f8a52-6c1d-4e7b-9a44-0d2f5c6e7a81"],
    "includeUnsubscribed": False,
    "retries": 0,
    "retryOnNoInput": False,
    "retryOnFailed": False,
    "retryDelays": [],
    "voiceFlow": {"welcome": {"say": "The office is closed on Friday."}},
}
