"""Mutants of the payments server: one defect each, and the rule that notices it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from .payments import (
    CORRECT,
    IBAN,
    Behaviour,
    Order,
    admits,
    creditor_account,
    deduction_needs,
    one_of,
    shown,
    text,
    within,
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


def _too_many_dates(order: Order) -> Iterator[str]:
    dates, count = order.get("instalmentDates"), order.get("instalments")
    if isinstance(dates, list) and isinstance(count, int) and len(dates) > count:
        yield "there are more instalmentDates than instalments"


def _too_few_dates(order: Order) -> Iterator[str]:
    dates, count = order.get("instalmentDates"), order.get("instalments")
    if isinstance(dates, list) and isinstance(count, int) and len(dates) < count:
        yield "there are fewer instalmentDates than instalments"


def _account_outside_sepa(order: Order) -> Iterator[str]:
    return iter(()) if order.get("scheme") == "sepa" else creditor_account(order)


def _some_remittance(order: Order) -> Iterator[str]:
    if not order.get("remittance"):
        yield "remittance is structured or unstructured"


def _begins_with_date(order: Order) -> Iterator[str]:
    value = order.get("executionDate")
    if not isinstance(value, str) or not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        yield "executionDate is no date"


def _scheme_in_any_case(order: Order) -> Iterator[str]:
    scheme = str(order.get("scheme")).lower()
    return one_of({"scheme": scheme}, "scheme", "sepa", "domestic", "wire")


def _cents_of_first(order: Order) -> Iterator[str]:
    """Ask for cents in the first deduction only, for percents in all."""
    found = order.get("deductions")
    for index, each in enumerate(found if isinstance(found, list) else []):
        kind = each.get("kind") if isinstance(each, dict) else None
        if index == 0 or kind != "flat":
            yield from deduction_needs({"deductions": [each]})


def _begins_with_iban(order: Order) -> Iterator[str]:
    return text(order, "chargesAccount", f"{IBAN}.*")


def _coerced(body: Any) -> Any:
    """Read an amount that is written as a text."""
    amount = body.get("amount") if isinstance(body, dict) else None
    if isinstance(amount, str) and amount.isdecimal():
        return {**body, "amount": int(amount)}
    return body


def _doubting(order: Order) -> Iterator[str]:
    """Refuse the longest reference there may be."""
    return text(order, "reference", "[A-Z0-9-]+", 4, 17)


def _trusting(order: Order) -> Iterator[str]:
    """Crash at an amount that is no number."""
    if 1 <= order.get("amount", 1) <= 99_999_999:
        return
    yield "amount is out of range"


def _rounded(order: Order) -> Order:
    """Lose the smallest unit of large amounts."""
    kept = shown(order)
    return {**kept, "amount": kept["amount"] // 100 * 100 or kept["amount"]}


def _same_id(order: Order) -> str:
    """Give equal orders one id."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(order)))


def _other_default(order: Order) -> Order:
    return shown({"charges": "BEN", **order})


MUTANTS = [
    Mutant(
        "fewer-dates-than-instalments-accepted",
        "instalmentDates.count",
        CORRECT.having("instalment count", _too_many_dates),
    ),
    Mutant(
        "more-dates-than-instalments-accepted",
        "instalmentDates.count",
        CORRECT.having("instalment count", _too_few_dates),
    ),
    Mutant(
        "charges-account-not-asked-for",
        "chargesAccount.required",
        CORRECT.without("charges account"),
    ),
    Mutant(
        "account-of-creditor-not-asked-for-in-sepa",
        "creditor.iban.required",
        CORRECT.having("creditor's account", _account_outside_sepa),
    ),
    Mutant(
        "both-remittances-accepted",
        "remittance.one",
        CORRECT.having("remittance choice", _some_remittance),
    ),
    Mutant(
        "cents-of-first-deduction-asked-for",
        "deductions.cents.required",
        CORRECT.having("deduction needs", _cents_of_first),
    ),
    Mutant(
        "amount-one-above-accepted",
        "amount.max",
        CORRECT.having("amount", partial(within, name="amount", low=1, high=10**8)),
    ),
    Mutant(
        "longest-reference-refused",
        "reference.length",
        CORRECT.having("reference", _doubting),
    ),
    Mutant(
        "scheme-case-ignored",
        "scheme.enum",
        CORRECT.having("scheme", _scheme_in_any_case),
    ),
    Mutant("amount-as-text-accepted", "amount.type", replace(CORRECT, read=_coerced)),
    Mutant(
        "date-checked-by-its-beginning",
        "executionDate.format",
        CORRECT.having("execution date", _begins_with_date),
    ),
    Mutant(
        "iban-checked-by-its-beginning",
        "chargesAccount.pattern",
        CORRECT.having("account of charges", _begins_with_iban),
    ),
    Mutant("amount-rounded", "answer.echo", replace(CORRECT, shown=_rounded)),
    Mutant(
        "other-default-of-charges",
        "answer.defaults",
        replace(CORRECT, shown=_other_default),
    ),
    Mutant(
        "crash-at-text-for-amount", "robustness", CORRECT.having("amount", _trusting)
    ),
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
    Mutant("same-id-twice", "lifecycle.ids", replace(CORRECT, name=_same_id)),
]
