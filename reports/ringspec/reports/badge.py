"""The badge: what a run found, as the JSON that a shields.io endpoint badge is made of.

Source: shields.io, "Endpoint badge", schema version 1.
"""

from __future__ import annotations

import json

from ringspec.harness import Conclusion, Outcome, Result
from ringspec.reports.record import Record
from ringspec.reports.text import counted

_DECIDED = (Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE)


def render(record: Record) -> bytes:
    """Write the badge."""
    result = record.result
    badge = {
        "schemaVersion": 1,
        "label": "conformance",
        "message": headline(result),
        "color": _color(result),
    }
    return json.dumps(badge, ensure_ascii=False).encode() + b"\n"


def headline(result: Result) -> str:
    """Say in a few words what a run found, such as `3 of 142 rules fail`."""
    failing = [each for each in result.rules if each.outcome is Outcome.FAIL]
    known = sum(each.excused for each in failing)
    if result.conclusion is Conclusion.CONFORMANT:
        more = f", {counted(known, 'known failure')}" if known else ""
        return f"conformant ({result.level}){more}"
    if result.conclusion is Conclusion.INCONCLUSIVE:
        return "interrupted" if result.interrupted else "inconclusive"
    new = len(failing) - known
    if new and result.learnt:
        decided = sum(each.outcome in _DECIDED for each in result.rules)
        verb = "fails" if new == 1 else "fail"
        return f"{new:,} of {counted(decided, 'rule')} {verb}"
    if result.stale:
        return f"{counted(len(result.stale), 'stale known failure')}"
    return "nonconformant"


def _color(result: Result) -> str:
    if result.conclusion is Conclusion.NONCONFORMANT:
        return "red"
    if result.conclusion is Conclusion.INCONCLUSIVE:
        return "yellow"
    return "green" if any(each.excused for each in result.rules) else "brightgreen"
