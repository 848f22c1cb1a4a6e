"""Clients under test: what they send is heard, and judged by the contract's rules."""

from ringspec.harness.recording.account import Account
from ringspec.harness.recording.hearing import Hearing, Told
from ringspec.harness.recording.tap import Heard, Tap
from ringspec.harness.recording.words import Word

__all__ = ["Account", "Heard", "Hearing", "Tap", "Told", "Word"]
