"""The HTML report: one file that asks nothing of any network.

Whatever a target sent is text to the page: the template escapes it, the script only
sets text, and the page's own policy lets no other script or style in. The details of
most cases stand as data in a script element, the island, and are filled in on opening.
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeAlias

from markupsafe import Markup

from ringspec.harness import Exchange, Finding, Known, Outcome, RuleResult, Started
from ringspec.reports.case_text import due, earlier, expiry, fault_lines, status_line
from ringspec.reports.causes import Cause, causes
from ringspec.reports.curl import curl
from ringspec.reports.files import Record, rule_link
from ringspec.reports.html_bodies import Body, one, pair
from ringspec.reports.html_templates import filled
from ringspec.reports.printable import counted, cut, decoded, shown, visible
from ringspec.reports.terminal import replay_options
from ringspec.spec import Level, Rule
from ringspec.strategies import Case, Phase

Value: TypeAlias = str | Body
_View: TypeAlias = dict[str, Any]

# The details of a failure, in the order in which the island lists them.
SLOTS = (
    "why",
    "due",
    "fault",
    "before",
    "request",
    "twin_id",
    "twin",
    "body",
    "status",
    "headers",
    "answer",
    "curl",
    "replay",
)
# These are useless if shortened.
_EXACT = frozenset({"curl", "replay"})
# Failures that are listed, in all and at least of each rule.
LISTED = 6000
_FEWEST = 20
# Of each rule, those whose details are written out, for readers without scripts.
_WRITTEN = 1
_PLACES = 3
_TEXT = 1000
_HEADERS, _HEADER, _STEP_BODY = 60, 400, 400
# Bytes of text in all; beyond each, a text may only be so long. The other reports hold
# what is left out so.
_STAGES = ((5_000_000, 1_000_000), (11_000_000, 1_500), (1_000_000_000, 200))
_LEFT_OUT = "… left out, or this page would be too large"
# Characters that must not stand in a script element, nor end a line of one.
_UNSAFE = "<>&\u2028\u2029"


class RuleKind(StrEnum):
    """An outcome of a rule, as the page sorts it."""

    FAIL = "fail"
    KNOWN = "known failure"
    INCONCLUSIVE = "inconclusive"
    WARNING = "warning"
    PASS = "pass"  # noqa: S105 - no password
    NOT_APPLICABLE = "not applicable"
    SKIPPED = "skipped"


def render(record: Record) -> bytes:
    """Write the whole report."""
    page = _page(record)
    return filled(
        "report.html",
        styles=("report.css",),
        script="report.js",
        page=page,
        island=Markup(page["island"]),  # noqa: S704 - its markup is escaped as JSON
        empty=dict.fromkeys(SLOTS, ""),
    )


def _page(record: Record) -> _View:
    result = record.result
    cases = _Cases(record.started)
    found = causes(result, record.judged)
    shown_causes = [_cause(each, cases, record.docs) for each in found]
    kinds = Counter(_kind(each, result.level) for each in result.rules)
    rules = list(_rules(record, cases))
    new = [each for each in shown_causes if not each["known"]]
    return {
        "conclusion": result.conclusion,
        "level": result.level,
        "interrupted": result.interrupted,
        "summary": " ".join(_summary(len(new), kinds, len(result.stale))),
        "message": shown(result.message, _TEXT),
        "hint": shown(result.hint, _TEXT),
        "facts": list(_facts(record)),
        "tiles": [(each, kinds[each]) for each in RuleKind if kinds[each]],
        "levels": [
            each for each in Level if any(it.rule.level is each for it in result.rules)
        ],
        "causes": new,
        "known": [each for each in shown_causes if each["known"]],
        "stale": [_known(each.known, each.why) for each in result.stale],
        "notices": [shown(each, _TEXT) for each in record.notices],
        "groups": list(_groups(record, rules)),
        "rules": len(rules),
        "clients": record.started.clients,
        "island": cases.island(),
    }


def _kind(result: RuleResult, level: Level) -> RuleKind:
    match result.outcome:
        case Outcome.FAIL:
            return RuleKind.KNOWN if result.excused else RuleKind.FAIL
        case Outcome.INCONCLUSIVE:
            return RuleKind.INCONCLUSIVE
        case Outcome.PASS:
            return RuleKind.WARNING if result.warnings(level) else RuleKind.PASS
        case Outcome.SKIPPED:
            return RuleKind.SKIPPED
        case Outcome.NOT_APPLICABLE:
            return RuleKind.NOT_APPLICABLE


def _summary(found: int, kinds: Counter[RuleKind], stale: int) -> Iterator[str]:
    failing, open_ = kinds[RuleKind.FAIL], kinds[RuleKind.INCONCLUSIVE]
    if failing:
        of = counted(sum(kinds.values()), "rule")
        verb = "fails" if failing == 1 else "fail"
        yield f"{failing:,} of {of} {verb}, from {counted(found or 1, 'cause')}."
    elif open_:
        verb = "stays" if open_ == 1 else "stay"
        yield f"No rule fails, but {counted(open_, 'rule')} {verb} inconclusive."
    elif kinds[RuleKind.PASS] or kinds[RuleKind.WARNING] or kinds[RuleKind.KNOWN]:
        rest = ", save for known failures" if kinds[RuleKind.KNOWN] else ""
        yield f"Every rule that gates passes{rest}."
    else:
        yield "No rule was looked at."
    if stale:
        yield f"{counted(stale, 'known failure')} may not stay listed."


def _facts(record: Record) -> Iterator[tuple[str, str]]:
    contract, result = record.started.contract, record.result
    whose = "Clients of" if record.started.clients else "Target"
    yield whose, shown(record.started.target, _TEXT)
    yield "Contract", shown(f"{contract.title} {contract.version}", _TEXT)
    if contract.dialect:
        yield "Dialect", shown(contract.dialect, _TEXT)
    yield "Contract sha256", contract.sha256[:12]
    did = (
        counted(result.counts.cases, "case"),
        counted(result.counts.requests, "request"),
        f"{result.duration_s:.1f} s",
    )
    yield "Run", f"{', '.join(did)}, seed {record.started.seed}"


def _cause(cause: Cause, cases: _Cases, docs: str) -> _View:
    finding = cause.findings[0]
    of = {each.rule.id: each for each in cause.rules}
    rule = of.get(finding.rule, cause.rules[0]).rule
    known = {each.id: each for it in cause.rules for each in it.known}
    return {
        "title": shown(cause.title or rule.sentence, 300),
        "common": shown(cause.common, 300),
        "level": cause.level,
        "known": list(map(_known, known.values())) if cause.known else [],
        "rules": [
            (visible(each.rule.id), shown(each.rule.sentence, _TEXT))
            for each in cause.rules
        ],
        "cases": counted(len(cause.findings), "case"),
        "example": cases.view(finding, rule, full=True),
        "source": shown(rule.source, _TEXT),
        "rule": visible(rule.id),
        "link": rule_link(docs, rule.id),
    }


def _rules(record: Record, cases: _Cases) -> Iterator[_View]:
    level = record.result.level
    most = _most([len(it.failures + it.inconclusive) for it in record.result.rules])
    for each in record.result.rules:
        failures = (*each.gating(level), *each.warnings(level))
        open_ = each.inconclusive[: max(0, most - len(failures))]
        left = len(failures) + len(each.inconclusive) - len(failures[:most] + open_)
        rule = each.rule
        places = [shown(place, _TEXT) for place in rule.places[:_PLACES]]
        if rule.places[_PLACES:]:
            places.append(f"and {len(rule.places) - _PLACES} more")
        yield {
            "id": visible(rule.id),
            "kind": _kind(each, level),
            "level": rule.level,
            "evidence": rule.evidence,
            "sentence": shown(rule.sentence, _TEXT),
            "source": shown(rule.source, _TEXT),
            "places": places,
            "cases": counted(each.cases, "case"),
            "why": shown(each.why, _TEXT),
            "known": list(map(_known, each.known)),
            "failures": list(_views(failures[:most], rule, cases)),
            "inconclusive": list(_views(open_, rule, cases)),
            "link": rule_link(record.docs, rule.id),
            "more": f"{counted(left, 'more case')} in the JSON report" if left else "",
        }


def _most(numbers: list[int]) -> int:
    """Return how many cases of one rule are listed: rules with few leave more room."""
    left = LISTED
    for at, number in enumerate(sorted(numbers)):
        share = left // (len(numbers) - at)
        if number > share:
            return max(share, _FEWEST)
        left -= number
    return LISTED


def _views(findings: Iterable[Finding], rule: Rule, cases: _Cases) -> Iterator[_View]:
    for number, each in enumerate(findings):
        yield cases.view(each, rule, full=number < _WRITTEN)


def _groups(record: Record, rules: list[_View]) -> Iterator[_View]:
    groups: dict[str, list[_View]] = {}
    for result, view in zip(record.result.rules, rules, strict=True):
        groups.setdefault(result.rule.group, []).append(view)
    for name, views in groups.items():
        counts = Counter(each["kind"] for each in views)
        yield {
            "name": visible(name),
            "counts": ", ".join(f"{counts[it]} {it}" for it in RuleKind if counts[it]),
            "rules": views,
        }


def _known(known: Known, why: str = "") -> _View:
    is_link = known.issue.isprintable() and known.issue.startswith(
        ("https://", "http://")
    )
    return {
        "id": visible(known.id),
        "reason": shown(known.reason, _TEXT),
        "issue": shown(known.issue, _TEXT),
        "link": known.issue if is_link else "",
        "owner": shown(known.owner, _TEXT),
        "until": expiry(known),
        "why": shown(why, _TEXT),
    }


class _Cases:
    """Makes views of findings, within the size of a page.

    Details that are not written out are kept for the island: texts by number, each
    once; number 0 is the empty one.
    """

    def __init__(self, started: Started) -> None:
        self._started = started
        self._numbers: dict[Value, int] = {"": 0}
        self._spent = 0
        self._cases: list[list[int]] = []

    def view(self, finding: Finding, rule: Rule, *, full: bool) -> _View:
        """Return a view of a finding; a full one brings its details along."""
        details = _details(finding, rule, self._started)
        slots: dict[str, Value] = {}
        for name in SLOTS:
            slots[name] = self._fit(details[name], exact=name in _EXACT)
            if not full:
                self._numbers.setdefault(slots[name], len(self._numbers))
        if not full:
            self._cases.append([self._numbers[slots[name]] for name in SLOTS])
        exchange = finding.exchange
        status = f"HTTP {exchange.response.status}" if exchange.response else ""
        trouble = exchange.failure.trouble if exchange.failure else "no answer"
        return {
            "id": shown(finding.case.id, 200),
            "level": finding.level,
            "status": status or str(trouble),
            "fault": cut(str(details["fault"]).split("\n")[0], 120),
            "why": shown(finding.reason, 200),
            "below": not finding.level.gates(self._started.level),
            "slots": slots if full else None,
            "number": len(self._cases) - 1,
        }

    def island(self) -> str:
        """Write the details that are not written out, for a script element."""
        data = {"slots": SLOTS, "texts": list(self._numbers), "cases": self._cases}
        written = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        for each in _UNSAFE:
            written = written.replace(each, f"\\u{ord(each):04x}")
        return written

    def _fit(self, value: Value, *, exact: bool) -> Value:
        """Count a text in, and shorten it if the page is heavy already."""
        if value in self._numbers:
            return value
        size = _size(value)
        limit = next(most for total, most in _STAGES if self._spent < total)
        if size > limit:
            value = "" if exact else _shortened(value, limit)
            size = _size(value)
        self._spent += size
        return value


def _size(value: Value) -> int:
    parts = [value] if isinstance(value, str) else [text for _, text in value]
    return sum(len(part.encode("utf-8", "replace")) for part in parts)


def _shortened(value: Value, limit: int) -> Value:
    """Cut to so many bytes, at four to a character so that it always fits."""
    limit //= 4
    if isinstance(value, str):
        return f"{value[:limit]}{_LEFT_OUT}"
    kept: list[tuple[str, str]] = []
    for mark, text in value:
        if limit <= 0:
            break
        kept.append((mark, text[:limit]))
        limit -= len(text)
    return (*kept, ("cut", f"{_LEFT_OUT}\n"))


def _details(finding: Finding, rule: Rule, started: Started) -> dict[str, Value]:
    case, exchange = finding.case, finding.exchange
    twin, body = _bodies(exchange.request.body, finding.twin)
    response = exchange.response
    return {
        "why": shown(finding.reason, _TEXT),
        "due": due(finding, rule),
        "fault": "\n".join(fault_lines(case, finding.twin)),
        "before": "\n\n".join("\n".join(_step(each)) for each in earlier(exchange)),
        "request": "\n".join((_line(exchange), *_headers(exchange.request.headers))),
        "twin_id": shown(case.twin or "", 200),
        "twin": twin,
        "body": body,
        "status": status_line(exchange),
        "headers": "\n".join(_headers(response.headers)) if response else "",
        "answer": one(response.body) if response else (),
        "curl": curl(exchange, case.id),
        "replay": "" if started.clients else _replay(case, started),
    }


def _replay(case: Case, started: Started) -> str:
    """Write the command line that fires a case again; found ones stand in a report."""
    words = ["ringspec", "replay"]
    if case.phase is Phase.EXPLORE:
        words += ["REPORT.json", "--case"]
    words += [case.id, started.target, *replay_options(started)]
    return visible(shlex.join(words))


def _bodies(body: bytes, twin: Case | None) -> tuple[Body, Body]:
    """Return the twin's body, if it was edited, and the body as sent."""
    before = twin.request.body if twin else b""
    if twin is None or before == body:
        return (), one(body)
    return _pair(before, body)


_pair = lru_cache(maxsize=512)(pair)


def _line(exchange: Exchange) -> str:
    return f"{shown(exchange.request.method, 40)} {shown(exchange.request.path, 1000)}"


def _headers(headers: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, value in headers[:_HEADERS]:
        yield shown(f"{name}: {value}", _HEADER)
    if headers[_HEADERS:]:
        yield f"… and {len(headers) - _HEADERS} more"


def _step(exchange: Exchange) -> Iterator[str]:
    """Yield an earlier request and its answer, bodies in short."""
    yield _line(exchange)
    if exchange.request.body:
        yield _start(exchange.request.body)
    yield f"→ {status_line(exchange)}"
    if exchange.response is not None and exchange.response.body:
        yield _start(exchange.response.body)


def _start(body: bytes) -> str:
    return shown(decoded(body[: 4 * _STEP_BODY]), _STEP_BODY)
