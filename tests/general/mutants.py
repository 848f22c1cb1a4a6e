"""Mutants of the payments server: one defect each, and the rule that notices it."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, replace
from typing import Any

from .payments import (
    CONDITIONS,
    CORRECT,
    DATE,
    IBAN,
    MEMBERS,
    Behaviour,
    Check,
    Order,
    admits,
    integer,
    is_identified,
    is_measured,
    shown,
    text,
)


@dataclass(frozen=True)
class Mutant:
    """A server with one defect.

    Attributes:
        rule: id of the rule that notices it, and of no other.
    """

    name: str
    rule: str
    behaviour: Behaviour


def member(name: str, check: Check) -> Behaviour:
    return replace(CORRECT, members={**MEMBERS, name: check})


def condition(name: str, check: Check) -> Behaviour:
    return replace(CORRECT, conditions={**CONDITIONS, name: check})


def _surplus(order: Order) -> Any:
    """Return how many dates there are more than instalments."""
    return len(order.get("instalmentDates", [])) - order.get("instalments", 0)


def _coerced(body: Any) -> Any:
    """Read an amount that is written as a text."""
    amount = body.get("amount") if isinstance(body, dict) else None
    if isinstance(amount, str) and amount.isdecimal():
        return {**body, "amount": int(amount)}
    return body


def _trusting(body: Any) -> Any:
    """Crash at an amount that is no number."""
    if isinstance(body, dict):
        abs(body.get("amount", 1))
    return body


def _rounded(order: Order) -> Order:
    """Lose the smallest unit of large amounts."""
    kept = shown(order)
    return {**kept, "amount": kept["amount"] // 100 * 100 or kept["amount"]}


MUTANTS = [
    Mutant(
        "fewer-dates-than-instalments-accepted",
        "instalmentDates.count",
        condition("count", lambda order: _surplus(order) <= 0),
    ),
    Mutant(
        "more-dates-than-instalments-accepted",
        "instalmentDates.count",
        condition("count", lambda order: _surplus(order) >= 0),
    ),
    Mutant(
        "charges-account-not-asked-for",
        "chargesAccount.required",
        condition("charges", lambda _: True),
    ),
    Mutant(
        "account-of-creditor-not-asked-for-in-sepa",
        "creditor.iban.required",
        condition("creditor", lambda it: it["scheme"] == "sepa" or is_identified(it)),
    ),
    Mutant(
        "both-remittances-accepted",
        "remittance.one",
        condition("remittance", lambda order: order["remittance"]),
    ),
    Mutant(
        "cents-of-first-deduction-asked-for",
        "deductions.cents.required",
        condition(
            "deductions",
            lambda order: all(
                is_measured(each) or (at > 0 and each["kind"] == "flat")
                for at, each in enumerate(order.get("deductions", []))
            ),
        ),
    ),
    Mutant(
        "amount-one-above-accepted", "amount.max", member("amount", integer(1, 10**8))
    ),
    Mutant(
        "longest-reference-refused",
        "reference.length",
        member("reference", text("[A-Z0-9-]+", 4, 17)),
    ),
    Mutant(
        "scheme-case-ignored",
        "scheme.enum",
        member("scheme", lambda value: MEMBERS["scheme"](value.lower())),
    ),
    Mutant("amount-as-text-accepted", "amount.type", replace(CORRECT, read=_coerced)),
    Mutant(
        "date-checked-by-its-beginning",
        "executionDate.format",
        member("executionDate", re.compile(DATE).match),
    ),
    Mutant(
        "iban-checked-by-its-beginning",
        "chargesAccount.pattern",
        member("chargesAccount", re.compile(IBAN).match),
    ),
    Mutant("amount-rounded", "answer.echo", replace(CORRECT, shown=_rounded)),
    Mutant(
        "other-default-of-charges",
        "answer.defaults",
        replace(CORRECT, shown=lambda order: shown({"charges": "BEN", **order})),
    ),
    Mutant("crash-at-text-for-amount", "robustness", replace(CORRECT, read=_trusting)),
    Mutant(
        "any-token-accepted",
        "auth.token",
        replace(CORRECT, admits=lambda given: bool(given) or admits(given)),
    ),
]
# They lie about what became of an order.
LIARS = [
    Mutant(
        "deleted-but-readable",
        "lifecycle.deleted",
        replace(CORRECT, forget=lambda _orders, _name: None),
    ),
    Mutant(
        "created-but-not-listed",
        "lifecycle.listed",
        replace(CORRECT, lists=lambda order: bool(order["urgent"])),
    ),
    Mutant(
        "refused-but-kept", "lifecycle.rejected", replace(CORRECT, keeps_refused=True)
    ),
    Mutant(
        "same-id-twice",
        "lifecycle.ids",
        replace(
            CORRECT, name=lambda it: str(uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(it)))
        ),
    ),
]
