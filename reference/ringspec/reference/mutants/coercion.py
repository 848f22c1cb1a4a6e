"""Coercions: a value of one kind taken for one of another."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringspec.reference.values import Json


def lower(value: Json) -> Json:
    """Read a text in small letters."""
    return value.lower() if isinstance(value, str) else value


def stripped(value: Json) -> Json:
    """Read a text without blanks around it."""
    return value.strip() if isinstance(value, str) else value


def digits(value: Json) -> Json:
    """Read a text of digits as a number."""
    is_number = isinstance(value, str) and re.fullmatch("-?[0-9]{1,12}", value)
    return int(str(value)) if is_number else value


def counted(value: Json) -> Json:
    """Read true and false as 1 and 0."""
    return int(value) if isinstance(value, bool) else value


def floored(value: Json) -> Json:
    """Read a fraction as the whole number below."""
    return math.floor(value) if isinstance(value, float) else value


def flag(value: Json) -> Json:
    """Read the words true and false as what they say."""
    words: dict[Json, Json] = {"true": True, "false": False}
    return words.get(value, value) if isinstance(value, str) else value


def truth(value: Json) -> Json:
    """Read 1 and 0 as true and false."""
    return bool(value) if isinstance(value, int) and value in (0, 1) else value


def texted(value: Json) -> Json:
    """Read a number as its digits."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


def written(value: Json) -> Json:
    """Read true and false as words."""
    return json.dumps(value) if isinstance(value, bool) else value


def single(value: Json) -> Json:
    """Read a list of one as its item."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def listed(value: Json) -> Json:
    """Read whatever is no list as a list of it."""
    return value if isinstance(value, list) else [value]


def indexed(value: Json) -> Json:
    """Read an object whose names are indexes as a list."""
    if isinstance(value, dict) and [*value] == [str(i) for i in range(len(value))]:
        return [*value.values()]
    return value


def parsed(value: Json) -> Json:
    """Read a text that holds JSON as what it holds."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    try:
        found: Json = json.loads(value)
    except ValueError:
        return value
    return found


def dated(value: Json) -> Json:
    """Read a written date as a time."""
    is_date = isinstance(value, str) and re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}", value)
    return 1924992000 if is_date else value


def said(value: Json) -> Json:
    """Read a bare text as an object that says it."""
    return {"say": value} if isinstance(value, str) else value
