"""What is sent."""

from ringspec.strategies.case import (
    FORMAT,
    TOKEN,
    Case,
    Expect,
    Request,
    encode,
    wire_request,
)

__all__ = ["FORMAT", "TOKEN", "Case", "Expect", "Request", "encode", "wire_request"]
