"""What is sent: cases compiled from a contract, and how they are proven."""

from ringspec.strategies.certificate import cases_of, certified
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
__all__ = [
    "FORMAT",
    "TOKEN",
    "Case",
    "Expect",
    "Request",
    "cases_of",
    "certified",
    "encode",
    "line",
    "wire_request",
]
