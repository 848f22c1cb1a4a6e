"""Clients under test: their requests are captured, and judged by the contract."""

from ringspec.harness.recording.capture import Capture as Capture
from ringspec.harness.recording.capture import CapturedRequest as CapturedRequest
from ringspec.harness.recording.client_session import ClientSession as ClientSession
from ringspec.harness.recording.client_session import JudgedRequest as JudgedRequest
