"""The HTML report: one file that asks nothing of any network.

Whatever a target sent is text to the page. The details of most cases stand as data in a
script element, the island, and are filled in on opening.
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from markupsafe import Markup

from ringspec.harness import Finding, Outcome, RuleResult, Started
from ringspec.reports.case_text import due, earlier, fault_lines, phrases, status_line
from ringspec.reports.causes import explained
from ringspec.reports.curl import curl
from ringspec.reports.files import Record, rule_link
from ringspec.reports.html_bodies import Body, one, pair
from ringspec.reports.html_templates import filled
from ringspec.reports.json_report import water_level
from ringspec.reports.printable import cut, shown, visible
from ringspec.spec import Level, Rule
from ringspec.strategies import Phase

Value: TypeAlias = str | Body

# Outcomes of rules, as the page sorts them.
_KINDS = (
    *("fail", "known failure", "inconclusive", "untested", "warning"),
    *("pass", "not applicable", "skipped"),
)
# The details of a failure, in the order in which the island lists them.
_SLOTS = (
    *("why", "due", "fault", "before", "request", "twin_id", "twin", "body"),
    *("status", "headers", "answer", "curl", "replay"),
)
# These are useless if shortened.
_EXACT = frozenset({"curl", "replay"})
# Failures that are listed, in all and at least of each rule.
LISTED = 6000
_FEWEST = 20
_TEXT = 1000
# Bytes of text in all; beyond each, a text may only be so long. The other reports hold
# what is left out so.
_STAGES = ((5_000_000, 1_000_000), (11_000_000, 1_500), (1_000_000_000, 200))
_LEFT_OUT = "… left out, or this page would be too large"
# Characters that must not stand in a script element, nor end a line of one.
_UNSAFE = "<>&\u2028\u2029"


def render(record: Record) -> bytes:
    """Write the whole report."""
    result = record.result
    groups: dict[str, list[RuleResult]] = {each.id: [] for each in result.operations}
    for each in result.rules:
        name = each.rule.operation or each.rule.group
        groups.setdefault(name, []).append(each)
    return filled(
        "report.html",
        styles=("report.css", *(["table.css"] if result.operations else [])),
        script="report.js",
        run=record.started,
        result=result,
        notices=record.notices,
        causes=explained(result)[0],
        groups=groups,
        kind=lambda each: _kind(each, result.level),
        tally=lambda rules: _tally(rules, result.level),
        cases=_Cases(record),
        link=lambda rule: rule_link(record.docs, rule.id),
        empty=dict.fromkeys(_SLOTS, ""),
    )


def _kind(result: RuleResult, level: Level) -> str:
    if result.outcome is Outcome.FAIL and result.excused:
        return "known failure"
    if result.outcome is Outcome.PASS and result.warnings(level):
        return "warning"
    return result.outcome.replace("-", " ")


def _tally(rules: Iterable[RuleResult], level: Level) -> Counter[str]:
    """Count the rules of each kind, in the order of the kinds."""
    counts = Counter(_kind(each, level) for each in rules)
    return Counter({kind: counts[kind] for kind in _KINDS if counts[kind]})


class _Cases:
    """Chooses the cases that are listed, and keeps their details within a page's size.

    Details that are not written out are kept for the island: texts by number, each
    once; number 0 is the empty one.
    """

    def __init__(self, record: Record) -> None:
        self._started, self._level = record.started, record.result.level
        self._numbers: dict[Value, int] = {"": 0}
        self._cases: list[list[int]] = []
        self._ids: set[str] = set()
        self._spent = 0
        rules = record.result.rules
        numbers = (len(it.failures + it.inconclusive) for it in rules)
        # Cases of one rule that are listed: rules with few leave more room.
        self._most = max(_FEWEST, water_level(numbers, LISTED, LISTED))

    def listed(
        self, result: RuleResult
    ) -> tuple[Sequence[Finding], Sequence[Finding], int]:
        """Return failures, then inconclusive findings, and how many are not listed."""
        failures = (*result.gating(self._level), *result.warnings(self._level))
        unsure = result.inconclusive[: max(0, self._most - len(failures))]
        found = failures[: self._most]
        left = len(result.failures + result.inconclusive) - len(found + unsure)
        return found, unsure, left

    def view(
        self, finding: Finding, rule: Rule, *, full: bool, listed: bool = True
    ) -> dict[str, Any]:
        """Return the fault of a finding, its details or their number, and its id.

        A case that is listed below several rules has the id at the first of them.
        """
        details = _details(finding, rule, self._started)
        slots: dict[str, Value] = {}
        for name in _SLOTS:
            slots[name] = self._fit(details[name], exact=name in _EXACT)
            if not full:
                self._numbers.setdefault(slots[name], len(self._numbers))
        if not full:
            self._cases.append([self._numbers[each] for each in slots.values()])
        name = f"case-{visible(finding.case.id)}"
        is_first = listed and name not in self._ids
        self._ids |= {name} if is_first else set()
        return {
            "id": name if is_first else "",
            "fault": cut(str(details["fault"]).split("\n")[0], 120),
            "slots": slots if full else None,
            "number": len(self._cases) - 1,
        }

    def island(self) -> Markup:
        """Write the details that are not written out, for a script element."""
        texts = list(self._numbers)
        data = {"slots": _SLOTS, "texts": texts, "cases": self._cases}
        written = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        for each in _UNSAFE:
            written = written.replace(each, f"\\u{ord(each):04x}")
        return Markup(written)  # noqa: S704 - its markup is escaped as JSON

    def _fit(self, value: Value, *, exact: bool) -> Value:
        """Count a text in, and shorten it if the page is heavy already."""
        if value in self._numbers:
            return value
        text = value if isinstance(value, str) else "".join(it for _, it in value)
        limit = next(most for total, most in _STAGES if self._spent < total)
        if len(text.encode("utf-8", "replace")) > limit:
            # At four bytes to a character it always fits.
            value = text = "" if exact else f"{text[: limit // 4]}{_LEFT_OUT}"
        self._spent += len(text.encode("utf-8", "replace"))
        return value


def _details(finding: Finding, rule: Rule, started: Started) -> dict[str, Value]:
    case, exchange, twin = finding.case, finding.exchange, finding.twin
    sent, response = exchange.request.body, exchange.response
    edited = twin.request.body if twin else sent
    before, body = _pair(edited, sent) if edited != sent else ((), one(sent))
    told = phrases()
    request: Value = told.head(exchange.request)
    if twin and case.broken and isinstance(case.fault, dict):
        # A parameter: what the fault changed stands in the line or in a header.
        heads = (told.head(it).encode() for it in (twin.request, exchange.request))
        request = _pair(*heads)[1]
    # A found case stands in a report only.
    saved = ["REPORT.json", "--case"] if case.phase is Phase.EXPLORE else []
    words = ["ringspec", "replay", *saved, case.id, started.target]
    # Without these there would be other cases.
    if started.contract.dialect:
        words += ["--dialect", started.contract.dialect]
    words += ["--seed", str(started.seed)] * bool(started.seed)
    return {
        "why": shown(finding.reason, _TEXT),
        "due": due(finding, rule),
        "fault": "\n".join(fault_lines(case, twin)),
        "before": "\n\n".join(map(told.step, earlier(exchange))),
        "request": request,
        "twin_id": shown(case.twin or "", 200),
        "twin": before,
        "body": body,
        "status": status_line(exchange),
        "headers": told.headers(response.headers) if response else "",
        "answer": one(response.body) if response else (),
        "curl": curl(exchange, case.id),
        "replay": "" if started.clients else visible(shlex.join(words)),
    }


_pair = lru_cache(maxsize=512)(pair)
