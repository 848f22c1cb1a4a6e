"""Clients under test: their requests are captured, and judged by the contract."""

from ringspec.harness.recording.capture import Capture, CapturedRequest
from ringspec.harness.recording.client_session import (
    ClientSession,
    JudgedRequest,
)

__all__ = [
    "Capture",
    "CapturedRequest",
    "ClientSession",
    "JudgedRequest",
]
