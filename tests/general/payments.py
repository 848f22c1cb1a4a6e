"""A small correct server of payment orders, and its mutants.

In: a behaviour, the correct one or a mutant's. Out: an ASGI app. The checks are written
by hand from the contract's sentences, and share nothing with the engine.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

TOKEN = "pay-me-not"
Order = dict[str, Any]
# Takes a whole order and yields what is wrong with it, in words.
Check = Callable[[Order], Iterator[str]]

REQUIRED = {
    "reference": str,
    "scheme": str,
    "amount": int,
    "currency": str,
    "debtorAccount": str,
    "creditor": dict,
    "executionDate": str,
    "purpose": str,
    "remittance": dict,
}
OPTIONAL = {
    "requestedAt": str,
    "instalments": int,
    "instalmentDates": list,
    "charges": str,
    "chargesAccount": str,
    "urgent": bool,
    "notify": list,
    "deductions": list,
}
IBAN = r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}"


def _is(value: Any, kind: type) -> bool:
    # To Python true is a number.
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _of(order: Order, name: str, kind: type) -> Any:
    """Return a member of the right type, else nothing: another check refuses it."""
    value = order.get(name)
    return value if _is(value, kind) else kind()


def members(order: Order) -> Iterator[str]:
    for name in REQUIRED:
        if name not in order:
            yield f"{name} is missing"
    for name, kind in (REQUIRED | OPTIONAL).items():
        if name in order and not _is(order[name], kind):
            yield f"{name} is no {kind.__name__}"


def text(
    holder: Order, name: str, pattern: str = ".*", low: int = 0, high: int = 999
) -> Iterator[str]:
    if name not in holder:
        return
    value = holder[name]
    if not isinstance(value, str):
        yield f"{name} is no text"
    elif not low <= len(value) <= high or not re.fullmatch(pattern, value, re.DOTALL):
        yield f"{name} is not as it should be"


def one_of(order: Order, name: str, *values: str) -> Iterator[str]:
    if name in order and order[name] not in values:
        yield f"{name} is none of {', '.join(values)}"


def within(
    holder: Order, name: str, low: float, high: float = float("inf")
) -> Iterator[str]:
    value = holder.get(name)
    if isinstance(value, int | float) and not low <= value <= high:
        yield f"{name} is out of range"


def is_date(value: object) -> bool:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}(-[0-9]{2}){2}", value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def execution_date(order: Order) -> Iterator[str]:
    if not is_date(order.get("executionDate")):
        yield "executionDate is no date"


def requested_at(order: Order) -> Iterator[str]:
    value = order.get("requestedAt", "2031-01-01T00:00:00Z")
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None or "T" not in value:
        yield "requestedAt is no moment"


def creditor(order: Order) -> Iterator[str]:
    found = _of(order, "creditor", dict)
    if "name" not in found:
        yield "the creditor has no name"
    yield from text(found, "name", low=1, high=70)
    yield from text(found, "iban", IBAN)
    yield from text(found, "accountNumber", "[0-9]{8}")
    yield from text(found, "sortCode", "[0-9]{2}-[0-9]{2}-[0-9]{2}")


def creditor_account(order: Order) -> Iterator[str]:
    """What a creditor is known by depends on the scheme."""
    sepa = order.get("scheme") == "sepa"
    for needed in ["iban"] if sepa else ["accountNumber", "sortCode"]:
        if needed not in _of(order, "creditor", dict):
            yield f"the creditor has no {needed}"


def sepa_currency(order: Order) -> Iterator[str]:
    if order.get("scheme") == "sepa" and order.get("currency") != "EUR":
        yield "currency is not EUR"


def remittance(order: Order) -> Iterator[str]:
    found = _of(order, "remittance", dict)
    yield from text(found, "structured", "RF[0-9]{2}[A-Z0-9]{4}")
    yield from text(found, "unstructured", low=1, high=140)


def remittance_choice(order: Order) -> Iterator[str]:
    found = _of(order, "remittance", dict)
    if ("structured" in found) == ("unstructured" in found):
        yield "remittance is structured or unstructured"


def instalment_pair(order: Order) -> Iterator[str]:
    if ("instalments" in order) != ("instalmentDates" in order):
        yield "instalments and instalmentDates go together"


def instalment_count(order: Order) -> Iterator[str]:
    both = "instalments" in order and "instalmentDates" in order
    if both and len(_of(order, "instalmentDates", list)) != order["instalments"]:
        yield "there are not as many instalmentDates as instalments"


def instalment_dates(order: Order) -> Iterator[str]:
    if not all(map(is_date, _of(order, "instalmentDates", list))):
        yield "instalmentDates are dates"


def charges_account(order: Order) -> Iterator[str]:
    if order.get("charges") == "OUR" and "chargesAccount" not in order:
        yield "who bears the charges has an account"


def notify(order: Order) -> Iterator[str]:
    found = _of(order, "notify", list)
    known = [each for each in found if each in ("email", "text", "post")]
    if len(found) > 3 or len(known) < len(found) or len(set(known)) < len(found):
        yield "notify has up to three ways, none twice"


def deductions(order: Order) -> Iterator[str]:
    found = _of(order, "deductions", list)
    if "deductions" in order and not 1 <= len(found) <= 3:
        yield "there are one to three deductions"
    for each in found:
        yield from deduction(each) if isinstance(each, dict) else ["it is no object"]


def deduction(each: Order) -> Iterator[str]:
    if "kind" not in each:
        yield "a deduction has a kind"
    yield from one_of(each, "kind", "flat", "rate")
    if "cents" in each and not _is(each["cents"], int):
        yield "cents is no integer"
    yield from within(each, "cents", 1)
    percent = each.get("percent", 1)
    if not _is(percent, int) and not _is(percent, float):
        yield "percent is no number"
    elif not 0.5 <= percent <= 100 or (percent * 2) % 1:
        yield "percent goes from 0.5 to 100, by halves"


def deduction_needs(order: Order) -> Iterator[str]:
    for each in _of(order, "deductions", list):
        if isinstance(each, dict):
            needed = "cents" if each.get("kind") == "flat" else "percent"
            if needed not in each:
                yield f"a deduction lacks {needed}"


CHECKS: dict[str, Check] = {
    "members": members,
    "reference": partial(text, name="reference", pattern="[A-Z0-9-]+", low=4, high=18),
    "scheme": lambda order: one_of(order, "scheme", "sepa", "domestic", "wire"),
    "amount": lambda order: within(order, "amount", 1, 99_999_999),
    "currency": lambda order: one_of(order, "currency", "EUR", "GBP", "USD"),
    "sepa currency": sepa_currency,
    "debtor": partial(text, name="debtorAccount", pattern=IBAN),
    "creditor": creditor,
    "creditor's account": creditor_account,
    "execution date": execution_date,
    "requested at": requested_at,
    "purpose": partial(text, name="purpose", low=1, high=140),
    "remittance": remittance,
    "remittance choice": remittance_choice,
    "instalments": lambda order: within(order, "instalments", 2, 4),
    "instalment pair": instalment_pair,
    "instalment count": instalment_count,
    "instalment dates": instalment_dates,
    "charges": lambda order: one_of(order, "charges", "SHA", "OUR", "BEN"),
    "charges account": charges_account,
    "account of charges": partial(text, name="chargesAccount", pattern=IBAN),
    "notify": notify,
    "deductions": deductions,
    "deduction needs": deduction_needs,
}


def as_sent(body: Any) -> Any:
    return body


def shown(order: Order) -> Order:
    """Return what the server keeps of an order, its defaults filled in."""
    kept = {name: order[name] for name in REQUIRED | OPTIONAL if name in order}
    return {"charges": "SHA", "urgent": False, **kept}


def admits(header: str | None) -> bool:
    return header == f"Bearer {TOKEN}"


def new_id(_order: Order) -> str:
    return str(uuid.uuid4())


def forget(orders: dict[str, Order], name: str) -> None:
    del orders[name]


class Answer(JSONResponse):
    """JSON in ASCII: half of a surrogate pair can only be written escaped."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content).encode()


@dataclass(frozen=True)
class Behaviour:
    """What a server does; a mutant does one thing otherwise."""

    checks: Mapping[str, Check]
    read: Callable[[Any], Any] = as_sent
    shown: Callable[[Order], Order] = shown
    admits: Callable[[str | None], bool] = admits
    name: Callable[[Order], str] = new_id
    forget: Callable[[dict[str, Order], str], None] = forget
    lists: Callable[[Order], bool] = bool
    keeps_refused: bool = False

    def having(self, name: str, check: Check) -> Behaviour:
        return replace(self, checks={**self.checks, name: check})

    def without(self, name: str) -> Behaviour:
        return self.having(name, lambda _order: iter(()))


CORRECT = Behaviour(CHECKS)


class Payments:
    """The endpoints of one server, and the orders it has taken."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._orders: dict[str, Order] = {}

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/payment-orders", self.create, methods=["POST"]),
                Route("/payment-orders", self.listed, methods=["GET"]),
                Route("/payment-orders/{id}", self.read, methods=["GET"]),
                Route("/payment-orders/{id}", self.delete, methods=["DELETE"]),
            ],
            exception_handlers={HTTPException: _refusal},
        )

    async def create(self, request: Request) -> Response:
        self._enter(request)
        order = self._behaviour.read(_parsed(request, await request.body()))
        if not isinstance(order, dict):
            raise _refused(400, "the order is no object")
        checks = self._behaviour.checks.values()
        faults = [fault for check in checks for fault in check(order)]
        if faults and not self._behaviour.keeps_refused:
            raise _refused(422, *faults)
        taken = {"orderId": self._behaviour.name(order), "status": "pending"}
        kept = {**taken, **self._behaviour.shown(order)}
        self._orders[kept["orderId"]] = kept
        if faults:
            raise _refused(422, *faults)
        return Answer(kept, 201)

    async def listed(self, request: Request) -> Response:
        self._enter(request)
        orders = filter(self._behaviour.lists, self._orders.values())
        return Answer({"orders": list(orders)})

    async def read(self, request: Request) -> Response:
        self._enter(request)
        return Answer(self._orders[self._known(request)])

    async def delete(self, request: Request) -> Response:
        self._enter(request)
        self._behaviour.forget(self._orders, self._known(request))
        return Response(status_code=204)

    def _enter(self, request: Request) -> None:
        if not self._behaviour.admits(request.headers.get("authorization")):
            raise _refused(401, "who are you?")

    def _known(self, request: Request) -> str:
        name = str(request.path_params["id"])
        if name not in self._orders:
            raise _refused(404, "there is no such order")
        return name


def _parsed(request: Request, content: bytes) -> Any:
    media = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media != "application/json":
        raise _refused(415, "an order is written in JSON")
    try:
        return json.loads(content, parse_constant=_no_json)
    except (ValueError, RecursionError) as error:
        raise _refused(400, "the order is no JSON") from error


def _no_json(name: str) -> Any:
    raise ValueError(name)


def _refused(status: int, *faults: str) -> HTTPException:
    return HTTPException(status, "; ".join(faults))


async def _refusal(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    faults = error.detail.split("; ")
    body = {"title": "The order was not taken", "faults": faults}
    return Answer(body, error.status_code, dict(error.headers or {}))


def mounted(behaviours: Mapping[str, Behaviour]) -> Starlette:
    """Serve several behaviours at once, each below its name."""
    return Starlette(
        routes=[
            Mount(f"/{name}", Payments(behaviour).app())
            for name, behaviour in behaviours.items()
        ]
    )
