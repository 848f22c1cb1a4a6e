"""The tape of a run: what a session got from outside, in order, and as lines of JSON.

With it, and with the plan, the same session judges anew, without a target. Nothing of
an exchange is lost in its lines; a case of the list stands there by its id.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeAlias

from ringspec.harness.judging.oracle import LONG_ENOUGH
from ringspec.harness.judging.verdict import Finding, Judged, Notice, Verdict
from ringspec.harness.running.plan import Part, Plan
from ringspec.harness.sending.exchange import (
    MASK,
    Exchange,
    Failure,
    Filling,
    Played,
    Response,
    Trouble,
)
from ringspec.harness.sending.pacer import Pacing
from ringspec.harness.sending.policy import Safety
from ringspec.spec import Json, Level, RuleId
from ringspec.strategies import Case, Request, line, parse_case

Row: TypeAlias = dict[str, Json]

# What stands for a secret that is too short to be looked for.
_SHORT = "given"
# The attributes of a plan that are written as they are, or as lists.
_SETS = ("phases", "quick", "rules", "only")
_PLAIN = (
    *("url", "level", "seed", "select", "exclude", "fail_fast", "fail_untested"),
    *("examples", "success", "rejections", *_SETS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A case with the exchange that came of it.

    Attributes:
        found: what a run found by it, where the exchange is not whole enough any more
            to be judged again.
    """

    case: Case
    exchange: Exchange
    found: tuple[Finding, ...] | None = None


# In a judged event, the findings of explore on what it made up.
Taken: TypeAlias = Fired | Judged | Notice


@dataclass(kw_only=True)
class Tape:
    """What a session got from outside, in order.

    Attributes:
        cases: how many were judged.
        spent: whether more creates were wanted than the profile allows.
        trouble: why the token could not be renewed, if so.
    """

    taken: list[Taken] = field(default_factory=list)
    cases: int = 0
    interrupted: bool = False
    spent: bool = False
    trouble: str = ""

    def rows(self, listed: Iterable[Case]) -> Iterator[Row]:
        """Write each of what was taken down as JSON."""
        ids = {each.id for each in listed}
        for taken in self.taken:
            match taken:
                case Notice():
                    yield {"notice": taken.message}
                case Judged():
                    findings = [
                        _sent(each.case, each.exchange, ids) | finding_row(each)
                        for each in taken.findings
                    ]
                    yield _sent(taken.case, taken.exchange, ids) | {"judged": findings}
                case Fired():
                    row = _sent(taken.case, taken.exchange, ids)
                    if taken.found is not None:
                        row["found"] = [finding_row(each) for each in taken.found]
                    yield row


def read_taken(row: Mapping[str, Any], listed: Mapping[str, Case]) -> Taken:
    """Read what was written; KeyError for a case that is not on the list."""
    if "notice" in row:
        return Notice(message=row["notice"])
    case, exchange = _read_sent(row, listed)
    if "judged" in row:
        read = (_finding(each, *_read_sent(each, listed)) for each in row["judged"])
        return Judged(case=case, exchange=exchange, findings=tuple(read))
    if "found" not in row:
        return Fired(case=case, exchange=exchange)
    found = tuple(_finding(each, case, exchange) for each in row["found"])
    return Fired(case=case, exchange=exchange, found=found)


def plan_row(plan: Plan) -> Row:
    """Write a plan as JSON: without contract, cases, known failures and secrets."""
    part, given = plan.part, plan.filling
    safety = {name: _plain(it) for name, it in _stated(plan.safety, Safety()).items()}
    safety.pop("journal", None)
    return {
        **{name: _plain(getattr(plan, name)) for name in _PLAIN},
        "part": part and {name: _plain(it) for name, it in asdict(part).items()},
        "rate": plan.pacing.rate,
        "safety": safety,
        "credentials": {
            "token": given.token and _stand_in(given.token),
            "token_url": given.token_url,
            "client_id": given.client_id and _SHORT,
            "client_secret": given.client_secret and _stand_in(given.client_secret),
        },
    }


def read_plan(row: Mapping[str, Any], **more: Any) -> Plan:
    """Read a plan that was written; `more` are its other attributes."""
    part, safety = row["part"], {name: _read(it) for name, it in row["safety"].items()}
    named = frozenset(safety.pop("fixtures_named", ()))
    plan = {name: _read(row[name]) for name in _PLAIN}
    sets = {name: it and frozenset(it) for name, it in plan.items() if name in _SETS}
    return Plan(
        **{**plan, **sets, **more, "level": Level(row["level"])},
        part=part and Part(part["number"], part["of"], frozenset(part["ids"])),
        pacing=Pacing(rate=row["rate"]),
        safety=Safety(**safety, fixtures_named=named),
        filling=Filling(**row["credentials"]),
    )


def _plain(value: Any) -> Json:
    return sorted(value) if isinstance(value, frozenset) else value


def _read(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _stand_in(secret: str) -> str:
    """Return what is looked for in a secret's place, as its echoes are masked."""
    return MASK if len(secret) >= LONG_ENOUGH else _SHORT


def _sent(case: Case, exchange: Exchange, listed: set[str]) -> Row:
    written = case.id if case.id in listed else json.loads(line(case))
    return {"case": written, "exchange": _exchange_row(exchange)}


def _read_sent(
    row: Mapping[str, Any], listed: Mapping[str, Case]
) -> tuple[Case, Exchange]:
    case = row["case"]
    found = listed[case] if isinstance(case, str) else parse_case(case)
    return found, _exchange(row["exchange"])


def finding_row(finding: Finding) -> Row:
    """Write what a finding says as JSON."""
    names = ("rule", "verdict", "reason", "level", "gate")
    return {name: getattr(finding, name) for name in names}


def _finding(row: Mapping[str, Any], case: Case, exchange: Exchange) -> Finding:
    return Finding(
        rule=RuleId(row["rule"]),
        verdict=Verdict(row["verdict"]),
        reason=row["reason"],
        level=Level(row["level"]),
        gate=Level(row["gate"]),
        case=case,
        exchange=exchange,
    )


def _exchange_row(exchange: Exchange) -> Row:
    written = _stated(exchange, Exchange(url="", request=exchange.request))
    written["request"] = _bytes_row(exchange.request)
    if exchange.response is not None:
        written["response"] = _bytes_row(exchange.response)
    if exchange.failure is not None:
        bare = Failure(trouble=exchange.failure.trouble, message="")
        written["failure"] = {"trouble": bare.trouble} | _stated(exchange.failure, bare)
    if exchange.played is not None:
        played = written["played"] = _stated(exchange.played, Played())
        played["earlier"] = [_exchange_row(each) for each in exchange.played.earlier]
    return written


def _stated(value: Any, bare: Any) -> Row:
    """Return the attributes that are not those of a bare value."""
    names = (each.name for each in fields(value))
    pairs = ((name, getattr(value, name)) for name in names)
    return {name: it for name, it in pairs if it != getattr(bare, name)}


def _bytes_row(message: Request | Response) -> Row:
    """Write a request or an answer, its body as text where that gives its bytes."""
    written = {each.name: getattr(message, each.name) for each in fields(message)}
    body = written.pop("body")
    try:
        written["body"] = body.decode()
    except UnicodeDecodeError:
        written["body_base64"] = base64.b64encode(body).decode()
    return written


def _message(row: Mapping[str, Any]) -> dict[str, Any]:
    read = dict(row, headers=tuple(map(tuple, row["headers"])))
    encoded = read.pop("body_base64", None)
    body = base64.b64decode(encoded) if encoded is not None else read["body"].encode()
    return {**read, "body": body}


def _exchange(row: Mapping[str, Any]) -> Exchange:
    read = dict(row, request=Request(**_message(row["request"])))
    if response := row.get("response"):
        read["response"] = Response(**_message(response))
    if failure := row.get("failure"):
        trouble = Trouble(failure["trouble"])
        read["failure"] = Failure(**{"message": "", **failure, "trouble": trouble})
    if (played := row.get("played")) is not None:
        items = played.get("items")
        listed = {} if items is None else {"items": tuple(items)}
        earlier = tuple(map(_exchange, played["earlier"]))
        read["played"] = Played(**{**played, **listed, "earlier": earlier})
    return Exchange(**{"url": "", **read})
