"""The page as data: what stands where, with every text made visible.

In: a record. Out: what the template writes, in its order.
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from markupsafe import Markup

from ringspec.harness import (
    Exchange,
    Finding,
    Known,
    Outcome,
    RuleResult,
    Stale,
    Started,
)
from ringspec.reports.case_text import due, fault_lines, status_line
from ringspec.reports.causes import Cause, causes
from ringspec.reports.curl import curl
from ringspec.reports.files import Record, rule_link
from ringspec.reports.html_bodies import Body, one, pair
from ringspec.reports.html_templates import filled
from ringspec.reports.printable import counted, cut, decoded, shown, visible
from ringspec.reports.terminal import kept
from ringspec.spec import Level, Rule
from ringspec.strategies import Case, Phase, Request

# Failures that are listed, in all and at least of each rule.
LISTED = 6000
_FEWEST = 20
# Of each rule, those whose details are written out, for readers without scripts.
_WRITTEN = 1
_PLACES = 3
_TEXT = 1000


class RuleKind(StrEnum):
    """How a rule came out, as the page sorts it."""

    FAIL = "fail"
    KNOWN = "known failure"
    INCONCLUSIVE = "inconclusive"
    WARNING = "warning"
    PASS = "pass"  # noqa: S105 - no password
    NOT_APPLICABLE = "not applicable"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownView:
    """A known failure; `link` is its issue, if that is a web address."""

    id: str
    reason: str
    issue: str
    link: str
    owner: str
    expires: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleView:
    """A rule with its cases; `more` says how many are not listed.

    Attributes:
        link: to its documentation, if that is published.
    """

    id: str
    kind: RuleKind
    level: str
    evidence: str
    sentence: str
    source: str
    places: tuple[str, ...]
    cases: str
    why: str
    known: tuple[KnownView, ...]
    failures: tuple[CaseView, ...]
    inconclusive: tuple[CaseView, ...]
    link: str
    more: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseView:
    """What one defect explains, with one failure that shows it."""

    title: str
    common: str
    level: str
    known: tuple[KnownView, ...]
    rules: tuple[tuple[str, str], ...]
    cases: str
    example: CaseView
    source: str
    rule: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """Rules of one group, with how many came out how."""

    name: str
    counts: str
    rules: tuple[RuleView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that a page shows, save the details that are loaded on opening.

    Attributes:
        clients: whether clients are judged, and not the target.
    """

    conclusion: str
    level: str
    interrupted: bool
    summary: str
    message: str
    hint: str
    facts: tuple[tuple[str, str], ...]
    tiles: tuple[tuple[RuleKind, int], ...]
    levels: tuple[str, ...]
    causes: tuple[CauseView, ...]
    known: tuple[CauseView, ...]
    stale: tuple[KnownView, ...]
    notices: tuple[str, ...]
    groups: tuple[GroupView, ...]
    rules: int
    clients: bool
    island: str


def page(record: Record) -> Page:
    """Lay out the page of a run."""
    result = record.result
    cases = Cases(record.started)
    found = causes(result, record.judged)
    told = tuple(_cause(each, cases, record.docs) for each in found)
    kinds = Counter(kind(each, result.level) for each in result.rules)
    rules = tuple(_rules(record, cases))
    return Page(
        conclusion=result.conclusion,
        level=result.level,
        interrupted=result.interrupted,
        summary=_summary(told, kinds, len(result.stale)),
        message=shown(result.message, _TEXT),
        hint=shown(result.hint, _TEXT),
        facts=tuple(_facts(record)),
        tiles=tuple((each, kinds[each]) for each in RuleKind if kinds[each]),
        levels=tuple(
            each for each in Level if any(it.rule.level is each for it in result.rules)
        ),
        causes=tuple(
            it for it, each in zip(told, found, strict=True) if not each.known
        ),
        known=tuple(it for it, each in zip(told, found, strict=True) if each.known),
        stale=tuple(map(_stale, result.stale)),
        notices=tuple(shown(each, _TEXT) for each in record.notices),
        groups=tuple(_groups(record, rules)),
        rules=len(rules),
        clients=record.started.clients,
        island=cases.island(),
    )


def kind(result: RuleResult, level: Level) -> RuleKind:
    """Sort a rule: a pass that warns is told from one that does not."""
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


def _summary(told: tuple[CauseView, ...], kinds: Counter[RuleKind], stale: int) -> str:
    said = _came_out(sum(not each.known for each in told), kinds)
    if not stale:
        return said
    return f"{said} {counted(stale, 'known failure')} may not stay listed."


def _came_out(found: int, kinds: Counter[RuleKind]) -> str:
    failing, open_ = kinds[RuleKind.FAIL], kinds[RuleKind.INCONCLUSIVE]
    if failing:
        of = counted(sum(kinds.values()), "rule")
        verb = "fails" if failing == 1 else "fail"
        return f"{failing:,} of {of} {verb}, from {counted(found or 1, 'cause')}."
    if open_:
        verb = "stays" if open_ == 1 else "stay"
        return f"No rule fails, but {counted(open_, 'rule')} {verb} inconclusive."
    if not any(
        kinds[each] for each in (RuleKind.PASS, RuleKind.WARNING, RuleKind.KNOWN)
    ):
        return "No rule was looked at."
    rest = ", save for known failures" if kinds[RuleKind.KNOWN] else ""
    return f"Every rule that gates passes{rest}."


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


def _cause(cause: Cause, cases: Cases, docs: str) -> CauseView:
    finding = cause.findings[0]
    of = {each.rule.id: each for each in cause.rules}
    result = of.get(finding.rule, cause.rules[0])
    rule = result.rule
    known = {each.id: each for it in cause.rules for each in it.known}
    return CauseView(
        title=shown(cause.title or rule.sentence, 300),
        common=shown(cause.common, 300),
        level=cause.level,
        known=tuple(map(_known, known.values())) if cause.known else (),
        rules=tuple(
            (visible(each.rule.id), shown(each.rule.sentence, _TEXT))
            for each in cause.rules
        ),
        cases=counted(len(cause.findings), "case"),
        example=cases.view(finding, rule, full=True),
        source=shown(rule.source, _TEXT),
        rule=visible(rule.id),
        link=rule_link(docs, rule.id),
    )


def _rules(record: Record, cases: Cases) -> Iterator[RuleView]:
    level = record.result.level
    most = _most([len(it.failures + it.inconclusive) for it in record.result.rules])
    for each in record.result.rules:
        failures = (*each.gating(level), *each.warnings(level))
        open_ = each.inconclusive[: max(0, most - len(failures))]
        left = len(failures) + len(each.inconclusive) - len(failures[:most] + open_)
        rule = each.rule
        yield RuleView(
            id=visible(rule.id),
            kind=kind(each, level),
            level=rule.level,
            evidence=rule.evidence,
            sentence=shown(rule.sentence, _TEXT),
            source=shown(rule.source, _TEXT),
            places=_places(rule.places),
            cases=counted(each.cases, "case"),
            why=shown(each.why, _TEXT),
            known=tuple(map(_known, each.known)),
            failures=tuple(_views(failures[:most], each, cases)),
            inconclusive=tuple(_views(open_, each, cases)),
            link=rule_link(record.docs, rule.id),
            more=f"{counted(left, 'more case')} in the JSON report" if left else "",
        )


def _most(numbers: list[int]) -> int:
    """Return how many cases of one rule are listed: rules with few leave more room."""
    left = LISTED
    for at, number in enumerate(sorted(numbers)):
        share = left // (len(numbers) - at)
        if number > share:
            return max(share, _FEWEST)
        left -= number
    return LISTED


def _views(
    findings: Iterable[Finding], result: RuleResult, cases: Cases
) -> Iterator[CaseView]:
    for number, each in enumerate(findings):
        yield cases.view(each, result.rule, full=number < _WRITTEN)


def _places(places: tuple[str, ...]) -> tuple[str, ...]:
    listed = tuple(shown(each, _TEXT) for each in places[:_PLACES])
    left = len(places) - _PLACES
    return (*listed, f"and {left} more") if left > 0 else listed


def _groups(record: Record, rules: tuple[RuleView, ...]) -> Iterator[GroupView]:
    groups: dict[str, list[RuleView]] = {}
    for result, view in zip(record.result.rules, rules, strict=True):
        groups.setdefault(result.rule.group, []).append(view)
    for name, views in groups.items():
        counts = Counter(each.kind for each in views)
        yield GroupView(
            name=visible(name),
            counts=", ".join(f"{counts[it]} {it}" for it in RuleKind if counts[it]),
            rules=tuple(views),
        )


def _known(known: Known) -> KnownView:
    return KnownView(
        id=visible(known.id),
        reason=shown(known.reason, _TEXT),
        issue=shown(known.issue, _TEXT),
        link=known.issue if _is_address(known.issue) else "",
        owner=shown(known.owner, _TEXT),
        expires=known.expires.isoformat() if known.expires else "",
    )


def _stale(stale: Stale) -> KnownView:
    known = _known(stale.known)
    return KnownView(
        id=known.id,
        reason=known.reason,
        issue=known.issue,
        link=known.link,
        owner=known.owner,
        expires=known.expires,
        why=shown(stale.why, _TEXT),
    )


def _is_address(text: str) -> bool:
    return text.isprintable() and text.startswith(("https://", "http://"))


# In the order in which the island lists them.
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
# Shortened, these are of no use.
EXACT = frozenset({"curl", "replay"})
_HEADERS = 60
_HEADER = 400
_STEP_BODY = 400


@dataclass(frozen=True, slots=True)
class CaseView:
    """A failing case on a page.

    Attributes:
        fault: its fault on one line, for the list.
        below: whether it only warns.
        slots: its details, if they are written out, else its number in the island.
    """

    id: str
    level: str
    status: str
    fault: str
    why: str
    below: bool
    slots: dict[str, Value] | None
    number: int = 0


class Cases:
    """Makes views of findings, and keeps the details that are not written out."""

    def __init__(self, started: Started) -> None:
        self._started = started
        self._shelf = Shelf()
        self._cases: list[list[int]] = []

    def view(self, finding: Finding, rule: Rule, *, full: bool) -> CaseView:
        """Make a view of a finding; a full one brings its details along."""
        slots = details(finding, rule, self._started)
        written: dict[str, Value] | None = None
        if full:
            written = {
                name: self._shelf.fit(slots[name], exact=name in EXACT)
                for name in SLOTS
            }
        else:
            self._cases.append(
                [self._shelf.put(slots[name], exact=name in EXACT) for name in SLOTS]
            )
        return CaseView(
            id=shown(finding.case.id, 200),
            level=finding.level,
            status=_short_status(finding.exchange),
            fault=cut(str(slots["fault"]).split("\n")[0], 120),
            why=shown(finding.reason, 200),
            below=not finding.level.gates(self._started.level),
            slots=written,
            number=len(self._cases) - 1,
        )

    def island(self) -> str:
        """Write the details that are not written out, for a script element."""
        return self._shelf.island(SLOTS, self._cases)


def details(finding: Finding, rule: Rule, started: Started) -> dict[str, Value]:
    """Return the texts of a finding by slot."""
    case, exchange = finding.case, finding.exchange
    twin, body = _bodies(exchange.request.body, finding.twin)
    response = exchange.response
    return {
        "why": shown(finding.reason, 1000),
        "due": due(finding, rule),
        "fault": "\n".join(fault_lines(case, finding.twin)),
        "before": _before(exchange),
        "request": _request(exchange.request),
        "twin_id": shown(case.twin or "", 200),
        "twin": twin,
        "body": body,
        "status": status_line(exchange),
        "headers": _headers(response.headers) if response else "",
        "answer": one(response.body) if response else (),
        "curl": curl(exchange, case.id),
        "replay": "" if started.clients else replay(case, started),
    }


def replay(case: Case, started: Started) -> str:
    """Write the command line that fires a case again; found ones stand in a report."""
    words = ["ringspec", "replay"]
    if case.phase is Phase.EXPLORE:
        words += ["REPORT.json", "--case"]
    words += [case.id, started.target, *kept(started)]
    return visible(shlex.join(words))


def _bodies(body: bytes, twin: Case | None) -> tuple[Body, Body]:
    """Return the twin's body, if it was edited, and the body as sent."""
    if twin is None or not (body or twin.request.body):
        return (), one(body)
    if twin.request.body == body:
        return (), one(body)
    return _pair(twin.request.body, body)


@lru_cache(maxsize=512)
def _pair(twin: bytes, body: bytes) -> tuple[Body, Body]:
    return pair(twin, body)


def _short_status(exchange: Exchange) -> str:
    if exchange.response is not None:
        return f"HTTP {exchange.response.status}"
    return str(exchange.failure.trouble) if exchange.failure else "no answer"


def _request(request: Request) -> str:
    line = f"{shown(request.method, 40)} {shown(request.path, 1000)}"
    headers = _headers(request.headers)
    return f"{line}\n{headers}" if headers else line


def _headers(headers: tuple[tuple[str, str], ...]) -> str:
    lines = [shown(f"{name}: {value}", _HEADER) for name, value in headers[:_HEADERS]]
    left = len(headers) - _HEADERS
    return "\n".join([*lines, *([f"… and {left} more"] if left > 0 else [])])


def _before(exchange: Exchange) -> str:
    """Write what was sent before and how it was answered, bodies in short."""
    earlier = exchange.played.earlier if exchange.played else ()
    return "\n\n".join("\n".join(_step(each)) for each in earlier)


def _step(exchange: Exchange) -> Iterator[str]:
    request = exchange.request
    yield f"{shown(request.method, 40)} {shown(request.path, 1000)}"
    if request.body:
        yield shown(decoded(request.body[: 4 * _STEP_BODY]), _STEP_BODY)
    yield f"→ {status_line(exchange)}"
    if exchange.response is not None and exchange.response.body:
        yield shown(decoded(exchange.response.body[: 4 * _STEP_BODY]), _STEP_BODY)


Value: TypeAlias = str | Body

# Bytes of text in all; beyond each, a text may only be so long. What is left out so
# stands in the other reports.
_STAGES = ((5_000_000, 1_000_000), (11_000_000, 1_500), (1_000_000_000, 200))
_LEFT_OUT = "… left out, or this page would be too large"
# What must not stand in a script element as it is, nor end a line of one.
_UNSAFE = "<>&\u2028\u2029"


class Shelf:
    """Keeps the texts of a page by number; number 0 is the empty one."""

    def __init__(self) -> None:
        self._numbers: dict[Value, int] = {"": 0}
        self._spent = 0

    def fit(self, value: Value, *, exact: bool = False) -> Value:
        """Count a text in, and shorten it if the page is heavy already.

        An exact one would be of no use if shortened, so that it is left out instead.
        """
        if value in self._numbers:
            return value
        size = _size(value)
        limit = next(most for total, most in _STAGES if self._spent < total)
        if size > limit:
            value = "" if exact else _shortened(value, limit)
            size = _size(value)
        self._spent += size
        return value

    def put(self, value: Value, *, exact: bool = False) -> int:
        """Keep a text, and return its number."""
        value = self.fit(value, exact=exact)
        return self._numbers.setdefault(value, len(self._numbers))

    def island(self, slots: Sequence[str], cases: Sequence[Sequence[int]]) -> str:
        """Write cases and the texts they cite, slot by slot, for a script element."""
        data = {"slots": slots, "texts": list(self._numbers), "cases": cases}
        written = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        for each in _UNSAFE:
            written = written.replace(each, f"\\u{ord(each):04x}")
        return written


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


def render(record: Record) -> bytes:
    """Write the whole report."""
    laid_out = page(record)
    return filled(
        "report.html",
        styles=("report.css",),
        script="report.js",
        page=laid_out,
        island=Markup(laid_out.island),  # noqa: S704 - its markup is escaped as JSON
        empty=dict.fromkeys(SLOTS, ""),
    )
