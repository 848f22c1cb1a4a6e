"""The page as data: what stands where, with every text made visible.

In: a record. Out: what the template writes, in its order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ringspec.harness import Finding, Known, Outcome, RuleResult, Stale
from ringspec.reports.causes import Cause, causes
from ringspec.reports.documentation import link_of
from ringspec.reports.html.case import Cases, CaseView
from ringspec.reports.record import Record
from ringspec.reports.text import counted, shown, visible
from ringspec.spec import Level

# Failures that are listed, in all and at least of each rule.
LISTED = 6000
_FEWEST = 20
# Of each rule, those whose details are written out, for readers without scripts.
_WRITTEN = 1
_PLACES = 3
_TEXT = 1000


class Kind(StrEnum):
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
    kind: Kind
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
    tiles: tuple[tuple[Kind, int], ...]
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
        tiles=tuple((each, kinds[each]) for each in Kind if kinds[each]),
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


def kind(result: RuleResult, level: Level) -> Kind:
    """Sort a rule: a pass that warns is told from one that does not."""
    match result.outcome:
        case Outcome.FAIL:
            return Kind.KNOWN if result.excused else Kind.FAIL
        case Outcome.INCONCLUSIVE:
            return Kind.INCONCLUSIVE
        case Outcome.PASS:
            return Kind.WARNING if result.warnings(level) else Kind.PASS
        case Outcome.SKIPPED:
            return Kind.SKIPPED
        case Outcome.NOT_APPLICABLE:
            return Kind.NOT_APPLICABLE


def _summary(told: tuple[CauseView, ...], kinds: Counter[Kind], stale: int) -> str:
    said = _came_out(sum(not each.known for each in told), kinds)
    if not stale:
        return said
    return f"{said} {counted(stale, 'known failure')} may not stay listed."


def _came_out(found: int, kinds: Counter[Kind]) -> str:
    failing, open_ = kinds[Kind.FAIL], kinds[Kind.INCONCLUSIVE]
    if failing:
        of = counted(sum(kinds.values()), "rule")
        verb = "fails" if failing == 1 else "fail"
        return f"{failing:,} of {of} {verb}, from {counted(found or 1, 'cause')}."
    if open_:
        verb = "stays" if open_ == 1 else "stay"
        return f"No rule fails, but {counted(open_, 'rule')} {verb} inconclusive."
    if not any(kinds[each] for each in (Kind.PASS, Kind.WARNING, Kind.KNOWN)):
        return "No rule was looked at."
    rest = ", save for known failures" if kinds[Kind.KNOWN] else ""
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
        link=link_of(docs, rule.id),
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
            link=link_of(record.docs, rule.id),
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
            counts=", ".join(f"{counts[it]} {it}" for it in Kind if counts[it]),
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
