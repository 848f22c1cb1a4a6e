"""A small correct server of payment orders, and its mutants.

The checks are written by hand from the contract's sentences, and share nothing with the
engine.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

TOKEN = "pay-me-not"
Order = dict[str, Any]
# True if a value, or a whole order, is right; an error of Python says that it is not.
Check = Callable[[Any], object]

IBAN = r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}"
DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"


def text(pattern: str = ".*", low: int = 0, high: int = 999) -> Check:
    return lambda value: (
        low <= len(value) <= high and re.fullmatch(pattern, value, re.DOTALL)
    )


def integer(low: int, high: float = float("inf")) -> Check:
    return lambda value: type(value) is int and low <= value <= high


def one_of(*values: str) -> Check:
    return set(values).__contains__


def holding(members: Mapping[str, Check], *required: str) -> Check:
    """Return a check of an object: what it needs is there, what is there is right."""
    return lambda value: (
        isinstance(value, dict)
        and value.keys() >= set(required)
        and all(right(value[name]) for name, right in members.items() if name in value)
    )


def is_date(value: str) -> object:
    return re.fullmatch(DATE, value) and date.fromisoformat(value)


def is_moment(value: str) -> object:
    return "T" in value and datetime.fromisoformat(value).tzinfo


def is_half(value: Any) -> bool:
    return type(value) in {int, float} and 0.5 <= value <= 100 and not value * 2 % 1


DEDUCTION = holding(
    {"kind": one_of("flat", "rate"), "cents": integer(1), "percent": is_half}, "kind"
)
CREDITOR = {
    "name": text(low=1, high=70),
    "iban": text(IBAN),
    "accountNumber": text("[0-9]{8}"),
    "sortCode": text("[0-9]{2}-[0-9]{2}-[0-9]{2}"),
}
REMITTANCE = {
    "structured": text("RF[0-9]{2}[A-Z0-9]{4}"),
    "unstructured": text(low=1, high=140),
}
REQUIRED: dict[str, Check] = {
    "reference": text("[A-Z0-9-]+", 4, 18),
    "scheme": one_of("sepa", "domestic", "wire"),
    "amount": integer(1, 99_999_999),
    "currency": one_of("EUR", "GBP", "USD"),
    "debtorAccount": text(IBAN),
    "creditor": holding(CREDITOR, "name"),
    "executionDate": is_date,
    "purpose": text(low=1, high=140),
    "remittance": holding(REMITTANCE),
}
MEMBERS: dict[str, Check] = {
    **REQUIRED,
    "requestedAt": is_moment,
    "instalments": integer(2, 4),
    "instalmentDates": lambda value: (
        isinstance(value, list) and all(map(is_date, value))
    ),
    "charges": one_of("SHA", "OUR", "BEN"),
    "chargesAccount": text(IBAN),
    "urgent": lambda value: isinstance(value, bool),
    "notify": lambda value: (
        isinstance(value, list)
        and len(set(value)) == len(value) <= 3
        and {"email", "text", "post"}.issuperset(value)
    ),
    "deductions": lambda value: (
        isinstance(value, list) and 1 <= len(value) <= 3 and all(map(DEDUCTION, value))
    ),
}


def is_identified(order: Order) -> object:
    """True if the creditor has the account that the scheme needs."""
    needed = {"iban"} if order["scheme"] == "sepa" else {"accountNumber", "sortCode"}
    return needed <= order["creditor"].keys()


def is_measured(deduction: Order) -> bool:
    return ("cents" if deduction["kind"] == "flat" else "percent") in deduction


CONDITIONS: dict[str, Check] = {
    "creditor": is_identified,
    "currency": lambda it: it["scheme"] != "sepa" or it["currency"] == "EUR",
    "remittance": lambda it: len(it["remittance"].keys() & REMITTANCE) == 1,
    "instalments": lambda it: ("instalments" in it) == ("instalmentDates" in it),
    "count": lambda it: (
        not {"instalments", "instalmentDates"} <= it.keys()
        or len(it["instalmentDates"]) == it["instalments"]
    ),
    "charges": lambda it: it.get("charges") != "OUR" or "chargesAccount" in it,
    "deductions": lambda it: all(map(is_measured, it.get("deductions", []))),
}


def as_sent(body: Any) -> Any:
    return body


def shown(order: Order) -> Order:
    """Return what the server keeps of an order, its defaults filled in."""
    kept = {name: order[name] for name in MEMBERS if name in order}
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

    members: Mapping[str, Check] = field(default_factory=lambda: MEMBERS)
    conditions: Mapping[str, Check] = field(default_factory=lambda: CONDITIONS)
    read: Callable[[Any], Any] = as_sent
    shown: Callable[[Order], Order] = shown
    admits: Callable[[str | None], bool] = admits
    name: Callable[[Order], str] = new_id
    forget: Callable[[dict[str, Order], str], None] = forget
    lists: Callable[[Order], bool] = bool
    keeps_refused: bool = False

    def faults(self, order: Order) -> list[str]:
        members = holding(self.members, *REQUIRED)
        return [
            f"{name} is not as it should be"
            for name, check in {"a member": members, **self.conditions}.items()
            if not _holds(check, order)
        ]


def _holds(check: Check, order: Order) -> bool:
    try:
        return bool(check(order))
    except (LookupError, TypeError, ValueError, AttributeError):
        return False


CORRECT = Behaviour()


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
        faults = self._behaviour.faults(order)
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
