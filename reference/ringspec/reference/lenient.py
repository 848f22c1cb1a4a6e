"""Reading what is no JSON all the same, as lenient readers do.

Source: RFC 8259, section 9: a parser may accept forms that are no JSON.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ringspec.reference.answers import RefusedError
from ringspec.reference.bodies import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringspec.reference.behaviour import Behaviour
    from ringspec.reference.values import Json


def mending(mend: Callable[[bytes], Json]) -> Callable[[Behaviour], Behaviour]:
    """Read what is no JSON all the same, if there is a way."""

    def read(raw: bytes) -> Json:
        try:
            return parse(raw)
        except RefusedError:
            try:
                return mend(raw)
            except (ValueError, RecursionError):
                pass
            raise

    return lambda behaviour: replace(behaviour, parse=read)


def loaded(text: str | bytes) -> Json:
    """Read JSON, NaN and Infinity too."""
    found: Json = json.loads(text)
    return found


def without_commas(raw: bytes) -> Json:
    """Ignore a comma before a bracket."""
    return loaded(re.sub(r",(\s*[}\]])", r"\1", raw.decode()))


def without_comments(raw: bytes) -> Json:
    """Ignore comments."""
    return loaded(re.sub(r"/\*.*?\*/|(?m:^\s*//.*$)", "", raw.decode()))


def in_apostrophes(raw: bytes) -> Json:
    """Let texts stand in apostrophes."""
    return loaded(raw.decode().replace("'", '"'))


def with_controls(raw: bytes) -> Json:
    """Let a text hold bare control signs."""
    found: Json = json.loads(raw, strict=False)
    return found
