"""What this server demands of a broadcast: an ordered table of small checks."""

from __future__ import annotations

from ringspec.reference.checks.actions import action_checks
from ringspec.reference.checks.constraints import Check, validate
from ringspec.reference.checks.members import REQUIRED, body_checks, member_checks
from ringspec.reference.checks.recipients import recipient_checks
from ringspec.reference.checks.retries import retry_checks
from ringspec.reference.checks.voice_flow import voice_flow_checks

CHECKS: tuple[Check, ...] = (
    *body_checks,
    *member_checks,
    *recipient_checks,
    *retry_checks,
    *voice_flow_checks,
    *action_checks,
)

__all__ = ["CHECKS", "REQUIRED", "Check", "validate"]
