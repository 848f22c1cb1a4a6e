"""The tape of a run: what a session got from outside, in order, and as lines of JSON.

With it, and with the plan, the same session judges anew, without a target. Nothing of
an exchange is lost in its lines; a case of the list stands there by its id.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from datetime import date
from functools import cache
from types import UnionType
from typing import Any, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

from ringspec.harness.exploring.explore import Attempt
from ringspec.harness.judging.oracle import LONG_ENOUGH
from ringspec.harness.judging.verdict import Finding, Judged, Notice, Verdict
from ringspec.harness.running.plan import Plan
from ringspec.harness.sending.exchange import MASK, Exchange, Filling, Trouble
from ringspec.spec import Level
from ringspec.strategies import Case, Phase, line, parse_case

Row: TypeAlias = dict[str, Any]

# What stands for a secret that is too short to be looked for.
_SHORT = "given"
# The attributes of a plan that are written as they are.
_DECIDING = (
    *("url", "level", "seed", "select", "exclude", "fail_fast", "fail_untested"),
    *("examples", "success", "rejections", "phases", "quick", "rules", "only", "part"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A case with the exchange that came of it."""

    case: Case
    exchange: Exchange
    # What a run found by it, where the exchange is not whole enough any more to be
    # judged again.
    found: tuple[Row, ...] | None = None


# In a judged event, the findings of explore on what it made up.
Taken: TypeAlias = Fired | Judged | Notice
_KINDS = {kind.__name__.lower(): kind for kind in (Fired, Attempt, Judged, Notice)}


@dataclass(kw_only=True)
class Tape:
    """What a session got from outside, in order."""

    taken: list[Taken] = field(default_factory=list)
    cases: int = 0  # how many were judged
    interrupted: bool = False
    spent: bool = False  # whether more creates were wanted than the profile allows
    trouble: str = ""  # why the token could not be renewed, if so

    def rows(self, listed: Iterable[Case]) -> Iterator[Row]:
        """Write each of what was taken down as JSON."""
        ids = {each.id for each in listed}
        for taken in self.taken:
            yield {type(taken).__name__.lower(): as_json(taken, ids)}


def read_taken(row: Row, listed: Mapping[str, Case]) -> Taken:
    """Read what was written; KeyError for a case that is not on the list."""
    ((name, taken),) = row.items()
    return cast("Taken", from_json(_KINDS[name], taken, listed))


def finding_row(finding: Finding) -> Row:
    """Write what a finding says as JSON."""
    names = ("rule", "verdict", "reason", "level", "gate")
    return {name: getattr(finding, name) for name in names}


def read_finding(row: Row, **more: Any) -> Finding:
    """Read a finding that was written; `more` are its other attributes."""
    kinds = _hints(Finding)
    return Finding(**{name: from_json(kinds[name], row[name]) for name in row}, **more)


def plan_row(plan: Plan) -> Row:
    """Write a plan as JSON: without contract, cases, known failures and secrets."""
    given = plan.filling
    return {
        **{name: as_json(getattr(plan, name)) for name in _DECIDING},
        "safety": as_json(replace(plan.safety, journal=None)),
        "pacing": {"rate": plan.pacing.rate},
        "filling": {
            "token": given.token and _stand_in(given.token),
            "token_url": given.token_url,
            "client_id": given.client_id and _SHORT,
            "client_secret": given.client_secret and _stand_in(given.client_secret),
            "weaker": given.weaker and _SHORT,
            "schemes": {n: _stand_in(given.schemes[n]) for n in given.schemes},
        },
    }


def read_plan(row: Row, **more: Any) -> Plan:
    """Read a plan that was written; `more` are its other attributes."""
    kinds, given = _hints(Plan), Filling(**row["filling"])
    names = (*_DECIDING, "safety", "pacing")
    read = {name: from_json(kinds[name], row[name]) for name in names}
    return Plan(**read, filling=given, **more)


def _stand_in(secret: str) -> str:
    """Return what is looked for in a secret's place, as its echoes are masked."""
    return MASK if len(secret) >= LONG_ENOUGH else _SHORT


def as_json(value: Any, listed: Collection[str] = ()) -> Any:
    """Write a value as JSON, without attributes that are as by default.

    A case that is listed is written as its id, bytes as text where that gives them.
    """
    if isinstance(value, tuple):
        return [as_json(each, listed) for each in value]
    match value:
        case Case():
            return value.id if value.id in listed else json.loads(line(value))
        case bytes():
            text = value.decode(errors="ignore")
            encoded = {"base64": base64.b64encode(value).decode()}
            return text if text.encode() == value else encoded
        case frozenset():
            return sorted(value)
    if not is_dataclass(value):
        return str(value) if isinstance(value, date) else value
    pairs = ((each, getattr(value, each.name)) for each in fields(value))
    return {each.name: as_json(it, listed) for each, it in pairs if it != _bare(each)}


def _bare(attribute: Field[Any]) -> Any:
    made = attribute.default_factory
    return attribute.default if made is MISSING else made()


def from_json(kind: Any, row: Any, listed: Mapping[str, Case] | None = None) -> Any:
    """Read a value of a type from what `as_json` wrote."""
    if get_origin(kind) in {Union, UnionType}:
        kind = get_args(kind)[0]  # the other is None
    origin = get_origin(kind)
    if row is None:
        return None
    if kind is Case:
        return (listed or {})[row] if isinstance(row, str) else parse_case(row)
    if isinstance(kind, type) and is_dataclass(kind):
        kinds = _hints(kind)
        read = {name: from_json(kinds[name], it, listed) for name, it in row.items()}
        return kind(**read)
    if origin in {tuple, frozenset}:
        return origin(from_json(get_args(kind)[0], each, listed) for each in row)
    return _READ[kind](row) if kind in _READ else row


def _bytes(row: Any) -> bytes:
    return row.encode() if isinstance(row, str) else base64.b64decode(row["base64"])


_READ: dict[Any, Callable[[Any], Any]] = {
    **{kind: kind for kind in (Level, Phase, Trouble, Verdict)},
    bytes: _bytes,
    date: date.fromisoformat,
}


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, localns={"Tape": Tape})
