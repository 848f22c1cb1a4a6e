"""Prerequisites: what a plan lacks, and which rules cannot be tested for want of it."""

from __future__ import annotations

from ringspec.harness.exchange import Exchange
from ringspec.harness.plan import Plan
from ringspec.harness.safety.hosts import is_loopback
from ringspec.spec import RuleId, UsageError

_AUTH = "auth."
_CLIENT = RuleId("auth.client")


def check(plan: Plan) -> None:
    """Make sure that a plan does no harm.

    Raises:
        UsageError: it explores a target that is not on this machine, or runs against
            one that the profile does not allow.
    """
    if plan.explored and plan.live:
        where = "live" if is_loopback(plan.url) else "not on this machine"
        raise UsageError(
            f"{plan.url} is {where}: explore is out of the question",
            hint="what is explored may be accepted, and ring real phones",
        )
    elsewhere = plan.safety.hosts(plan.url).stranger() if plan.live else ""
    if elsewhere:
        raise UsageError(
            elsewhere, hint="add its host to `allowed_hosts` in the profile, if meant"
        )


def is_unguarded(plan: Plan) -> bool:
    """Tell whether a contract asks for a token and none is at hand."""
    return (
        plan.filling.token is None and plan.contract.operation.token_header is not None
    )


def lacking_rules(plan: Plan) -> dict[RuleId, str]:
    """Return the rules that need credentials we lack, each with the reason."""
    lacking: dict[RuleId, str] = {}
    filling = plan.filling
    url = filling.token_url
    if not (url and filling.client_id):
        lacking[_CLIENT] = "no token endpoint was given"
    elif elsewhere := plan.safety.hosts(plan.url).refusal(url):
        lacking[_CLIENT] = f"the token endpoint is not sent to: {elsewhere}"
    if is_unguarded(plan):
        for rule in plan.contract.rules:
            if rule.startswith(_AUTH):
                lacking[rule] = "no credentials were given, and none are asked for"
    return lacking


def nothing(plan: Plan) -> tuple[str, str]:
    """Say why there is nothing to be fired, with a hint."""
    if plan.only is not None:
        return "none of these cases can be fired", ""
    return "no case serves what is selected", "see --select and --exclude"


def refusal(plan: Plan, exchange: Exchange) -> tuple[str, str] | None:
    """Say why there is no point in going on after the first case, with a hint."""
    if exchange.failure is not None:
        return f"{plan.url}: {exchange.failure.message}", ""
    status = exchange.response.status if exchange.response else 0
    if status not in {401, 407}:
        return None
    hint = "give --bearer TOKEN, or --client-id, --client-secret and --token-url"
    return (
        f"{plan.url} lets nobody in: HTTP {status}",
        hint if plan.filling.token is None else "",
    )
