"""The phases of a run beside its certified bodies: the life cycle."""

from ringspec.strategies.phases.lifecycle import lifecycle_cases

__all__ = ["lifecycle_cases"]
