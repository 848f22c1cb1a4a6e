"""The phases of a run beside its certified bodies: wire and authentication."""

from ringspec.strategies.phases.auth import auth_cases
from ringspec.strategies.phases.wire import header_cases, wire_cases

__all__ = ["auth_cases", "header_cases", "wire_cases"]
