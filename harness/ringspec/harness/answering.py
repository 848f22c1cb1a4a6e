"""Reading an answer: its JSON, or why it is none."""

from __future__ import annotations

import json

from ringspec.harness.exchange import Response
from ringspec.spec import Json

MISSING = object()


def parse(response: Response) -> tuple[Json, str]:
    """Return an answer's JSON, or MISSING and why it is none."""
    media = (response.header("content-type") or "").split(";")[0].strip().lower()
    if media != "application/json" and not media.endswith("+json"):
        return MISSING, f"the answer is labelled {media or 'nothing'}, not JSON"
    try:
        # Not as bytes, which Python would also take in UTF-16. Source: RFC 8259, 8.1.
        return json.loads(response.body.decode(), parse_constant=_no_json), ""
    except (ValueError, RecursionError) as error:
        return MISSING, f"the answer is no JSON: {error}"


def _no_json(name: str) -> Json:
    raise ValueError(f"{name} is no JSON")  # though Python reads it
