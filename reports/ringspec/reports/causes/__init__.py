"""Causes: failures that one defect of a target explains, told once."""

from ringspec.reports.causes.groups import Cause, causes, explained, warnings

__all__ = ["Cause", "causes", "explained", "warnings"]
