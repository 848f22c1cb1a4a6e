"""Prerequisites: what a plan lacks, and which rules cannot be tested for want of it."""

from __future__ import annotations

from ringspec.harness.plan import Plan
from ringspec.harness.target import is_loopback
from ringspec.spec import RuleId

_AUTH = "auth."
_CLIENT = RuleId("auth.client")


def is_unguarded(plan: Plan) -> bool:
    """Tell whether a contract asks for a token and none is at hand."""
    return plan.filling.token is None and plan.contract.operation.guard is not None


def lacking_rules(plan: Plan) -> dict[RuleId, str]:
    """Return the rules that need credentials we lack, each with the reason."""
    lacking: dict[RuleId, str] = {}
    filling = plan.filling
    if not (is_loopback(filling.token_url) and filling.client_id):
        lacking[_CLIENT] = "no token endpoint was given"
    if is_unguarded(plan):
        for rule in plan.contract.rules:
            if rule.startswith(_AUTH):
                lacking[rule] = "no credentials were given, and none are asked for"
    return lacking
