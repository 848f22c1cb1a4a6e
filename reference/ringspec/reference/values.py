"""JSON values as this server understands them, and the kinds it tells apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
JsonObject: TypeAlias = "dict[str, Json]"

_UUID = re.compile(
    "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """Name a kind of JSON value and tell whether a value is of it."""

    name: str
    holds: Callable[[Json], bool]


def is_integer(value: Json) -> bool:
    """Tell whether a value is a whole number; true and false are none.

    Assumed: 2.0 is as good as 2. No source says, and JSON knows only numbers.
    """
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def number(value: Json) -> int | float | None:
    """Give the value as a number if it is an integer, else nothing."""
    if isinstance(value, int | float) and is_integer(value):
        return value
    return None


def is_uuid(value: Json) -> bool:
    """Tell whether a value is 8-4-4-4-12 hex digits, in either case."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def is_given(value: Json) -> bool:
    """Tell whether an optional member is there; null counts as left out."""
    return value is not None


STRING = Kind("a string", lambda value: isinstance(value, str))
INTEGER = Kind("an integer", is_integer)
BOOLEAN = Kind("a boolean", lambda value: isinstance(value, bool))
ARRAY = Kind("an array", lambda value: isinstance(value, list))
OBJECT = Kind("an object", lambda value: isinstance(value, dict))


def either(*kinds: Kind) -> Kind:
    """Join kinds into one that takes whatever any of them takes."""
    name = " or ".join(kind.name for kind in kinds)
    return Kind(name, lambda value: any(kind.holds(value) for kind in kinds))
