"""The phases of a run beside its certified bodies: wire, authentication, life cycle."""

from ringspec.strategies.phases.auth import auth_cases
from ringspec.strategies.phases.lifecycle import lifecycle_cases
from ringspec.strategies.phases.wire import header_cases, wire_cases

__all__ = ["auth_cases", "header_cases", "lifecycle_cases", "wire_cases"]
