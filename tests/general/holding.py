"""Servers of the contracts in holds/: a right one for each, and three with a slip.

What JSON Schema can say they check as those of any document do; the sentence that it
cannot say, by a function here. No code of ours takes part, and no CEL.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from .documents import Document, Json, Server, _read

FOLDER = Path(__file__).parent / "holds"
# What is sent: the members of the body, and of the query beside them.
Check = Callable[[dict[str, Any]], bool]
HOUR = timedelta(hours=1)
LIMITS = {"PT30M": HOUR / 2, "PT24H": 24 * HOUR, "P7D": 7 * 24 * HOUR}
STATED = {"AU", "CA", "US"}


@dataclass(frozen=True)
class Kind:
    """A contract, its rule, and what servers do about it."""

    rule: str
    right: Check
    slips: dict[str, Check]  # checks that are not right, by what is wrong with them


@dataclass
class Holding(Server):
    """A server of a document that checks a sentence too, at one operation or all."""

    check: Check = bool
    operation: str = ""
    status: int = 400

    def _faults(
        self, name: str, node: Json, request: Request, ids: dict[str, str], body: bytes
    ) -> Iterator[int]:
        yield from super()._faults(name, node, request, ids, body)
        sent = {it["name"]: _read(it, request, ids) for it in node["parameters"]}
        if body and "requestBody" in node:
            sent |= json.loads(body)
        given = {each: value for each, value in sent.items() if value is not None}
        if self.operation in {"", name} and not self._holds(given):
            yield self.status

    def _holds(self, sent: dict[str, Any]) -> bool:
        try:
            return self.check(sent)
        except (ValueError, OverflowError):
            return False  # a point in time that Python does not know, such as :60


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text.upper())


def percents(sent: dict[str, Any]) -> Decimal:
    """Add up as written in decimals, as no double does."""
    return sum((Decimal(str(it["percent"])) for it in sent["shares"]), Decimal())


def names(ports: list[Any]) -> set[str]:
    return {it["name"] for it in ports}


def is_located(address: dict[str, Any], stated: set[str] = STATED) -> bool:
    return address["country"] not in stated or "state" in address


def free_slots(sent: dict[str, Any]) -> int:
    """Count the slots that are more than the places of a fixed lesson."""
    return len(sent["slots"]) - sent["places"] if sent["kind"] == "fixed" else 0


def is_priced(line: dict[str, Any]) -> bool:
    return bool(line["price"] * line["quantity"] == line["total"])


def is_ordered(season: dict[str, Any]) -> bool:
    return bool(season["first"] < season["last"])


def ways(sent: dict[str, Any]) -> int:
    return len({"email", "phone", "box"} & sent.keys())


def stay(sent: dict[str, Any]) -> timedelta:
    return instant(sent["until"]) - instant(sent["since"])


def addresses(sent: dict[str, Any]) -> list[Any]:
    return [sent[name] for name in ("from", "to") if name in sent]


def unchecked(_: dict[str, Any]) -> bool:
    """Check nothing."""
    return True


KINDS = {
    "bookings": Kind(
        "end.after-start",
        lambda it: instant(it["start"]) < instant(it["end"]),
        {
            "unchecked": unchecked,
            "or-equal": lambda it: instant(it["start"]) <= instant(it["end"]),
            "as-texts": lambda it: it["start"] < it["end"],
        },
    ),
    "transfers": Kind(
        "debtor.other",
        lambda it: it["debtor"] not in (it["creditor"], it.get("agent")),
        {
            "creditor-only": lambda it: it["debtor"] != it["creditor"],
            "agent-only": lambda it: it["debtor"] != it.get("agent"),
            "beside-agent": lambda it: (
                "agent" not in it or it["debtor"] not in (it["creditor"], it["agent"])
            ),
        },
    ),
    "shares": Kind(
        "shares.sum",
        lambda it: percents(it) == 100,
        {
            "at-most": lambda it: percents(it) <= 100,
            "at-least": lambda it: percents(it) >= 100,
            "of-several": lambda it: len(it["shares"]) == 1 or percents(it) == 100,
        },
    ),
    "flows": Kind(
        "ports.apart",
        lambda it: not names(it["inputs"]) & names(it["outputs"]),
        {
            "first-input": lambda it: (
                it["inputs"][0]["name"] not in names(it["outputs"])
            ),
            "pair-by-pair": lambda it: all(
                one["name"] != other["name"]
                for one, other in zip(it["inputs"], it["outputs"], strict=False)
            ),
            "whole-ports": lambda it: (
                not any(one in it["outputs"] for one in it["inputs"])
            ),
        },
    ),
    "lessons": Kind(
        "slots.count",
        lambda it: free_slots(it) == 0,
        {
            "unchecked": unchecked,
            "at-most": lambda it: free_slots(it) <= 0,
            "at-least": lambda it: free_slots(it) >= 0,
        },
    ),
    "languages": Kind(
        "fallback.listed",
        lambda it: it["fallback"] in it["languages"],
        {
            "unchecked": unchecked,
            "of-several": lambda it: (
                len(it["languages"]) == 1 or it["fallback"] in it["languages"]
            ),
            "by-beginning": lambda it: any(
                each.startswith(it["fallback"]) for each in it["languages"]
            ),
        },
    ),
    "exports": Kind(
        "ids.limit",
        lambda it: len(it["ids"]) <= it.get("limit", 6),
        {
            "unchecked": unchecked,
            "one-more": lambda it: len(it["ids"]) <= it.get("limit", 6) + 1,
            "if-sorted": lambda it: (
                "sorted" not in it or len(it["ids"]) <= it.get("limit", 6)
            ),
        },
    ),
    "parcels": Kind(
        "state.needed",
        lambda it: all(map(is_located, addresses(it))),
        {
            "not-australia": lambda it: all(
                is_located(each, {"CA", "US"}) for each in addresses(it)
            ),
            "receiver-only": lambda it: is_located(it["to"]),
            "first-only": lambda it: is_located(addresses(it)[0]),
        },
    ),
    "contacts": Kind(
        "createContact/contact.one",
        lambda it: ways(it) == 1,
        {
            "at-most-one": lambda it: ways(it) <= 1,
            "at-least-one": lambda it: ways(it) >= 1,
            "two-of-three": lambda it: ways(it) == 1 or {"phone", "box"} <= it.keys(),
        },
    ),
    "invoices": Kind(
        "lines.total",
        lambda it: all(map(is_priced, it["lines"])),
        {
            "first-line": lambda it: is_priced(it["lines"][0]),
            "at-least": lambda it: all(
                each["price"] * each["quantity"] <= each["total"]
                for each in it["lines"]
            ),
            "of-several": lambda it: all(
                each["quantity"] == 1 or is_priced(each) for each in it["lines"]
            ),
        },
    ),
    "visits": Kind(
        "visit.limit",
        lambda it: stay(it) <= LIMITS[it["limit"]],
        {
            "unchecked": unchecked,
            "below": lambda it: stay(it) < LIMITS[it["limit"]],
            "begun-hours": lambda it: stay(it) // HOUR <= LIMITS[it["limit"]] / HOUR,
        },
    ),
    "seasons": Kind(
        "season.order",
        lambda it: all(map(is_ordered, it["seasons"])),
        {
            "first-season": lambda it: is_ordered(it["seasons"][0]),
            "or-equal": lambda it: all(
                each["first"] == each["last"] or is_ordered(each)
                for each in it["seasons"]
            ),
            "if-named": lambda it: all(
                "name" not in each or is_ordered(each) for each in it["seasons"]
            ),
        },
    ),
}


def holding_app() -> Starlette:
    """Return one app with all servers, each below its contract's name and its own."""
    routes = []
    for name, kind in KINDS.items():
        document = Document(FOLDER / f"{name}.yaml")
        operation = kind.rule.rpartition("/")[0]
        for each, check in {"right": kind.right, **kind.slips}.items():
            server = Holding(document, check=check, operation=operation)
            routes.append(Mount(f"/{name}/{each}", app=server))
    return Starlette(routes=routes)
