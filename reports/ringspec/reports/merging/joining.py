"""Joining: the reports of all parts of a list made one, as if nothing had been divided.

In: reports in the order of their parts. Out: a report of the whole, of the same form. A
failure in any part is one of the whole; a rule that stays open in one part stays open;
skipped or not applicable is only what is so in all parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ringspec.harness import EXPIRED, GONE, Outcome, Standing
from ringspec.reports.json_report import FORMAT
from ringspec.reports.merging.belonging import Report
from ringspec.spec import Json, Level

# What one part says of a rule beats what comes after it.
_ORDER = (
    Outcome.FAIL,
    Outcome.INCONCLUSIVE,
    Outcome.PASS,
    Outcome.NOT_APPLICABLE,
    Outcome.SKIPPED,
)
_STALE = "take out of the known failures what is stale, or mend it"


def joined(parts: Sequence[Report]) -> Report:
    """Return the report of the whole, its conclusion still to be drawn."""
    first = parts[0]
    targets = [str(each["target"]) for each in parts]
    stale = list(_stale(parts))
    rules = [_rule(parts, number) for number in range(len(first["rules"]))]
    return {
        "format": FORMAT,
        "conclusion": "",
        "level": first["level"],
        "seed": first["seed"],
        # They run beside each other.
        "duration_s": max(each["duration_s"] for each in parts),
        "target": first["target"],
        "merged": {
            "of": len(parts),
            "targets": targets,
            "spent_s": round(sum(each["duration_s"] for each in parts), 3),
        },
        "contract": first["contract"],
        "counts": {
            "rules": len(rules),
            "cases": sum(_own_cases(each) for each in parts),
            "requests": sum(each["counts"]["requests"] for each in parts),
        },
        "message": _told(parts, "message"),
        "hint": _hint(parts) or (_STALE if stale else ""),
        "interrupted": False,
        "notices": list(_notices(parts, targets)),
        "stale": stale,
        "rules": rules,
    }


def _own_cases(part: Report) -> int:
    return int(part["counts"]["cases"]) - len(part["shard"]["lent"])


def _told(parts: Sequence[Report], member: str) -> str:
    """Write what all parts say once, and else who says it."""
    said = [str(each[member]) for each in parts]
    if len(set(said)) == 1:
        return said[0]
    told = (f"part {number}: {text}" for number, text in enumerate(said, 1) if text)
    return "; ".join(told)


def _hint(parts: Sequence[Report]) -> str:
    return "; ".join(dict.fromkeys(str(it["hint"]) for it in parts if it["hint"]))


def _notices(parts: Sequence[Report], targets: Sequence[str]) -> Iterator[str]:
    if len(set(targets)) > 1:
        listed = (f"{url} ({part})" for part, url in enumerate(targets, 1))
        yield f"the parts went to several URLs: {', '.join(listed)}"
    yield from dict.fromkeys(
        str(text) for each in parts for text in each.get("notices", ())
    )


def _rule(parts: Sequence[Report], number: int) -> dict[str, Json]:
    """Join what all parts say of one rule."""
    said = [each["rules"][number] for each in parts]
    first = said[0]
    level = Level(parts[0]["level"])
    outcomes = [_outcome(each, level) for each in said]
    outcome = min(outcomes, key=_ORDER.index)
    deciding = [it for it, out in zip(said, outcomes, strict=True) if out == outcome]
    fails = outcome is Outcome.FAIL
    excused = fails and all(_is_excused(each, level) for each in deciding)
    joined = {
        **{name: first[name] for name in _DESCRIBED if name in first},
        "outcome": str(outcome),
        "cases": sum(each["cases"] for each in said) - _lent(parts, first["id"]),
        "known": _by_id(known for each in said for known in each["known"]),
        "excused": excused,
        "failures": _in_order(parts, number, "failures"),
        "inconclusive": _in_order(parts, number, "inconclusive"),
        "why": next((it["why"] for it in deciding if it["why"]), ""),
    }
    if excused:
        left = (Outcome(each.get("otherwise", each["outcome"])) for each in said)
        settled = (it for it in left if it is not Outcome.FAIL)
        joined["otherwise"] = str(min(settled, key=_ORDER.index, default=Outcome.PASS))
    return joined


_DESCRIBED = ("id", "level", "evidence", "sentence", "source", "places")


def _outcome(rule: Report, level: Level) -> Outcome:
    """Return what a part says of a rule, even if only what was lent to it tells."""
    told = Outcome(rule["outcome"])
    return Outcome.FAIL if told is Outcome.SKIPPED and _gating(rule, level) else told


def _is_excused(rule: Report, level: Level) -> bool:
    if rule["outcome"] == Outcome.FAIL:
        return bool(rule["excused"])
    return all(each["known"] for each in _gating(rule, level))


def _gating(rule: Report, level: Level) -> list[Report]:
    return [it for it in rule["failures"] if Level(it["level"]).gates(level)]


def _lent(parts: Iterable[Report], rule: str) -> int:
    """Count how often parts judged a rule by what belongs to another part."""
    lent = (rules for each in parts for rules in each["shard"]["lent"].values())
    return sum(rules.count(rule) for rules in lent)


def _in_order(parts: Sequence[Report], number: int, member: str) -> list[Json]:
    """Return what stands under a rule, each case once, as a whole run comes to it."""
    found: dict[str, Json] = {}
    places: dict[str, int] = {}
    for part in parts:
        places |= part["shard"]["places"]
        for each in part["rules"][number][member]:
            found.setdefault(each["case"], each)
    # What is explored has no place, and comes last.
    last = max(places.values(), default=0) + 1
    return sorted(found.values(), key=lambda it: places.get(it["case"], last))


def _by_id(known: Iterable[Report]) -> list[Json]:
    return list({each["id"]: each for each in known}.values())


def _stale(parts: Sequence[Report]) -> Iterator[dict[str, Json]]:
    """Yield the known failures that no part has a use for, or whose day is over."""
    told = {
        each["id"]: str(each["why"]) for part in parts for each in part.get("stale", ())
    }
    for number, entry in enumerate(parts[0]["shard"]["known"]):
        standings = {it["shard"]["known"][number]["standing"] for it in parts}
        why = told.get(entry["id"], "")
        if Standing.WRONG not in standings:
            why = ", and ".join(_whys(entry, why, standings))
        if why:
            known: dict[str, Any] = dict(entry)
            del known["standing"]
            yield {**known, "why": why}


def _whys(entry: Report, told: str, standings: set[str]) -> Iterator[str]:
    expired = f"{EXPIRED} {entry['expires']}"
    if told.startswith(expired):
        yield expired
    if Standing.PASSED in standings and Standing.HELD not in standings:
        yield GONE
