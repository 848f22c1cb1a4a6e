"""What is sent: cases compiled from a contract, and how they are proven."""

from typing import TYPE_CHECKING

from ringspec.strategies.case import (
    FORMAT,
    TOKEN,
    Case,
    Expect,
    Request,
    encode,
    line,
    wire_request,
)
from ringspec.strategies.certificate import cases_of, certified

if TYPE_CHECKING:
    from ringspec.strategies.library import Invalid, invalid_bodies, valid_bodies

_LIBRARY = frozenset({"Invalid", "invalid_bodies", "valid_bodies"})


def __getattr__(name: str) -> object:
    # Hypothesis takes a while to load, and a run of certified cases needs none of it.
    if name in _LIBRARY:
        from ringspec.strategies import library  # noqa: PLC0415

        return getattr(library, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "FORMAT",
    "TOKEN",
    "Case",
    "Expect",
    "Invalid",
    "Request",
    "cases_of",
    "certified",
    "encode",
    "invalid_bodies",
    "line",
    "valid_bodies",
    "wire_request",
]
