"""What is sent: cases compiled from a contract, and how they are proven."""

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
from ringspec.strategies.suite import compile_cases, prove

__all__ = [
    "FORMAT",
    "TOKEN",
    "Case",
    "Expect",
    "Request",
    "compile_cases",
    "encode",
    "line",
    "prove",
    "wire_request",
]
