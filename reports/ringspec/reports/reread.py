"""A JSON report read back: what failed in it, so that it can be fired again.

In: a file. Out: what the run was, and its failing cases, each with the rules that it
failed. A case that stands in no list, since explore found it, is made again out of what
the report holds of it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from ringspec.reports.json_report import FORMAT
from ringspec.reports.text import counted, shown
from ringspec.spec import Json, Level, RuleId, UsageError
from ringspec.strategies import (
    Case,
    Expect,
    Phase,
    Request,
    parse_request,
    parse_step,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A case that failed.

    Attributes:
        reasons: why, by the rules that it failed.
        levels: how strongly each of these binds.
        request: what was sent; None where the report holds only a part of it.
        found: the case itself, where explore made it.
        unfit: why it cannot be made again, if so.
    """

    id: str
    reasons: dict[RuleId, str] = field(default_factory=dict)
    levels: dict[RuleId, Level] = field(default_factory=dict)
    request: Request | None = None
    found: Case | None = None
    unfit: str = ""

    @property
    def level(self) -> Level:
        """How strongly the strongest of these binds."""
        return min(self.levels.values(), key=lambda each: each.rank)

    def gating(self, level: Level) -> dict[RuleId, str]:
        """Return why it failed at a level."""
        return {
            rule: reason
            for rule, reason in self.reasons.items()
            if self.levels[rule].gates(level)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A run that was, as its report tells it.

    Attributes:
        failed: the cases that failed, by their ids, in order of the report.
    """

    level: Level
    seed: int
    target: str
    title: str
    version: str
    sha256: str
    dialect: str | None
    operation: str | None
    failed: dict[str, Failed]


def read_report(path: Path) -> Past:
    """Read a JSON report.

    Raises:
        UsageError: it cannot be read, or is none.
    """
    try:
        written = json.loads(path.read_bytes())
    except OSError as error:
        raise _useless(path, f"it cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise _useless(path, "it is no JSON") from error
    name = written.get("format") if isinstance(written, dict) else None
    if name != FORMAT:
        what = f"{shown(str(name), 60)}, " if name else ""
        raise _useless(path, f"it is {what}not {FORMAT}")
    if written.get("judged") == "clients":
        raise _useless(path, "it is of clients, which alone can send that again")
    try:
        return _past(written)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        why = shown(f"{type(error).__name__}: {error}", 200)
        raise _useless(path, f"it does not keep to {FORMAT}: {why}") from error


def _useless(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} cannot be replayed: {why}",
        hint="give what `ringspec run --report json=PATH` wrote",
    )


def _past(written: dict[str, Json]) -> Past:
    contract = written["contract"]
    failed: dict[str, Failed] = {}
    for rule in written["rules"]:
        for each in rule["failures"]:
            found = failed.setdefault(each["case"], _failed(each))
            found.reasons[RuleId(rule["id"])] = str(each["reason"])
            found.levels[RuleId(rule["id"])] = Level(each["level"])
    return Past(
        level=Level(written["level"]),
        seed=int(written["seed"]),
        target=str(written["target"]),
        title=str(contract["title"]),
        version=str(contract["version"]),
        sha256=str(contract["sha256"]),
        dialect=contract["dialect"],
        operation=contract.get("operation"),
        failed=failed,
    )


def _failed(written: dict[str, Json]) -> Failed:
    name = str(written["case"])
    request = written["request"]
    size = counted(int(request.get("size", 0)), "byte")
    unfit = f"the report holds only a part of its body of {size}"
    if written.get("phase") != Phase.EXPLORE:
        explored = name.startswith(f"{Phase.EXPLORE}/")
        return Failed(
            id=name,
            request=None if request.get("truncated") else parse_request(request),
            unfit="the report is of an earlier version" if explored else "",
        )
    cut = _cut(written)
    return Failed(
        id=name,
        unfit=unfit if cut else "",
        found=None if cut else _case(written),
    )


def _cut(written: dict[str, Json]) -> bool:
    requests = [written["request"], *(it["request"] for it in written.get("steps", []))]
    return any(each.get("truncated") for each in requests)


def _case(written: dict[str, Json]) -> Case:
    steps = tuple(map(parse_step, written.get("steps", [])))
    fault = written["fault"]
    broken = tuple(map(RuleId, written["broken"]))
    return Case(
        id=written["case"],
        rule=RuleId(written["rule"]),
        level=Level(written["case_level"]),
        expect=Expect(written["expect"]),
        status=tuple(written["status"]),
        request=steps[0].request if steps else parse_request(written["request"]),
        fault=tuple(fault) if isinstance(fault, list) else fault,
        broken=broken,
        coupled=len(broken) > 1,
        phase=Phase.EXPLORE,
        steps=steps,
    )
