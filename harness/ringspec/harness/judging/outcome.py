"""Outcomes of rules, and the conclusion of a run. Source: product.md, Levels."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from ringspec.harness.judging.checks import NO_JUDGEMENT
from ringspec.harness.judging.verdict import (
    Conclusion,
    Finding,
    Known,
    Outcome,
    RuleResult,
    Stale,
    Verdict,
    plainest,
    plainness,
)
from ringspec.harness.sending.exchange import Exchange, Failure, Response, Trouble
from ringspec.spec import Answers, Contract, Level, Rule, RuleId, short
from ringspec.strategies import Case, Expect, Phase, status_fits


@dataclass
class Tally:
    """Gathers findings by rule."""

    contract: Contract
    level: Level
    skipped: frozenset[RuleId] = frozenset()
    # Rules that cannot be tested here, with the reason.
    inapplicable: dict[RuleId, str] = field(default_factory=dict)
    # Rules that stay open, because nothing was sent for them.
    withheld: dict[RuleId, str] = field(default_factory=dict)
    # Rules that no case of the list breaks, with the reason.
    untested: dict[RuleId, str] = field(default_factory=dict)
    # The only rules whose findings count, if not all; the others are inconclusive.
    judged: Collection[RuleId] | None = None
    _findings: dict[RuleId, list[Finding]] = field(default_factory=dict)
    _cases: Counter[RuleId] = field(default_factory=Counter)

    def add(self, findings: Iterable[Finding]) -> None:
        """Take in the findings of one exchange."""
        for finding in findings:
            self._cases[finding.rule] += 1
            if finding.case.broken == (finding.rule,):
                self.untested.pop(finding.rule, None)
            if finding.verdict != Verdict.PASS:
                self._findings.setdefault(finding.rule, []).append(finding)

    @property
    def open_cases(self) -> set[str]:
        """The ids of cases in which something failed or stayed open."""
        return {each.case.id for found in self._findings.values() for each in found}

    def results(
        self,
        unreached: str = "",
        pending: Collection[RuleId] = (),
        known: Collection[Known] = (),
    ) -> tuple[RuleResult, ...]:
        """Return the result of each rule; known failures do not gate.

        `unreached` says why cases had no turn; `pending` are the rules they serve.
        """
        found: list[RuleResult] = []
        for rule in self.contract.rules.values():
            open_ = self.judged is not None or rule.id in pending
            why = unreached if open_ else self.withheld.get(rule.id, "")
            found.append(self._result(rule, why, known))
        why = f"the dialect {self.contract.dialect} has no such rule"
        for name in self.contract.dropped:
            rule = self.contract.catalogue.rules[name]
            found.append(RuleResult(rule=rule, outcome=Outcome.NOT_APPLICABLE, why=why))
        return tuple(found)

    def _result(
        self, rule: Rule, unreached: str, known: Collection[Known]
    ) -> RuleResult:
        skipped = rule.id in self.skipped
        counts = self.judged is None or rule.id in self.judged
        found = self._findings.get(rule.id, []) if counts or skipped else []
        failures = plainest(each for each in found if each.verdict == Verdict.FAIL)
        open_ = [each for each in found if each.verdict == Verdict.INCONCLUSIVE]
        if skipped:
            outcome, why = Outcome.SKIPPED, "deselected"
        elif counts and rule.id in self.inapplicable:
            outcome, why = Outcome.NOT_APPLICABLE, self.inapplicable[rule.id]
        else:
            outcome, why = self._outcome(rule.id, found, unreached)
        covering = [each for each in known if any(map(each.covers, failures))]
        otherwise = None
        if covering and outcome == Outcome.FAIL:
            new = [it for it in found if not any(each.covers(it) for each in covering)]
            otherwise, _ = self._outcome(rule.id, new, unreached)
        return RuleResult(
            rule=rule,
            outcome=outcome,
            cases=self._cases[rule.id],
            failures=failures,
            inconclusive=tuple(sorted(open_, key=lambda it: plainness(it.case))),
            why=why,
            known=tuple(covering),
            otherwise=None if otherwise is Outcome.FAIL else otherwise,
        )

    def _outcome(
        self, rule: RuleId, found: list[Finding], unreached: str
    ) -> tuple[Outcome, str]:
        open_ = [each for each in found if each.verdict == Verdict.INCONCLUSIVE]
        gating = [each.reason for each in open_ if each.gate.gates(self.level)]
        failed = [each.level for each in found if each.verdict == Verdict.FAIL]
        if any(level.gates(self.level) for level in failed):
            return Outcome.FAIL, ""
        if gating or unreached:
            return Outcome.INCONCLUSIVE, [*gating, unreached][0]
        if rule in self.untested:
            return Outcome.UNTESTED, self.untested[rule]
        if self._cases[rule] == len(open_):
            # Nothing passed, so it is not green; nothing binds, so it does not gate.
            reasons = [each.reason for each in open_] or ["no case served it"]
            return Outcome.NOT_APPLICABLE, reasons[0]
        return Outcome.PASS, ""


def conclude(
    results: tuple[RuleResult, ...],
    *,
    executed: bool,
    stale: tuple[Stale, ...] = (),
    fail_untested: bool = False,
    narrowed: Collection[str] = (),
    unreached: str | None = None,
) -> Conclusion:
    """Draw the conclusion of a run: a failure beats what stays open.

    What makes it a part is `narrowed`. Of a run that was interrupted, `unreached` is
    why rules had no turn: these are open by that alone, and those that pass are a part.
    A part in which nothing passes shows nothing.
    """
    outcomes = {each.otherwise or each.outcome for each in results}
    if Outcome.FAIL in outcomes or stale:
        return Conclusion.NONCONFORMANT
    reached = {
        each.otherwise or each.outcome for each in results if each.why != unreached
    }
    open_ = {Outcome.INCONCLUSIVE, *([Outcome.UNTESTED] if fail_untested else [])}
    passes = not narrowed or Outcome.PASS in outcomes
    if open_ & reached or not executed or not passes:
        return Conclusion.INCONCLUSIVE
    return Conclusion.IN_PART if narrowed else Conclusion.CONFORMANT


# Statuses that say nothing of an API if there is no other answer. With some more, that
# and any redirect and breakdown, there is no point in going on.
_EMPTY_STATUSES = NO_JUDGEMENT | {404}
_VAIN = _EMPTY_STATUSES | {403, 405, 410, 421, 426, 451}
_BROKEN = {Trouble.DROPPED, Trouble.GARBLED}
# What to do about a trouble, a status of all answers, or one of a profile's check.
HINTS: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("hints.toml").read_text("utf-8")
)
_LOGIN = re.compile(rb"""type=["']?password""", re.IGNORECASE)


def _is_page(response: Response) -> bool:
    """Return whether an answer is a page for people, by its label and beginning."""
    labelled = response.media in {"text/html", "application/xhtml+xml"}
    return labelled and response.body.lstrip()[:1] == b"<"


@dataclass
class Reachability:
    """Whether the target is there, and is this API, by all exchanges so far."""

    answers: Answers  # those that are described
    # Whether nothing is created, so that any answer of the expected status shows that
    # it is the API.
    looking: bool = False
    # What may be at fault if no valid body is accepted.
    used: str = "dialect, fixtures and URL"
    answered: int = 0
    in_a_row: int = 0  # cases without an answer since the last one that had one
    # Whether the target itself misbehaved, rather than not being there.
    broken: bool = False
    failure: Failure | None = None
    # Whether all answers so far may come from something before the API, or beside it.
    in_vain: bool = True
    _first: Exchange | None = None
    _pages: int = 0
    _fits: bool = False
    _statuses: Counter[int] = field(default_factory=Counter)

    def note(self, case: Case, exchange: Exchange) -> None:
        """Take in an exchange."""
        response, failure = exchange.response, exchange.failure
        if response is not None:
            self.answered += 1
            self.in_a_row = 0
            self.broken |= response.status >= 500
            self._first = self._first or exchange
            self._pages += _is_page(response)
            self.in_vain &= self._is_vain(response)
            self._fits |= status_fits(response.status, case.status)
            cases = self.looking or case.phase == Phase.CASES
            if case.expect != Expect.SURVIVE and cases:
                # What is no HTTP or no JSON is often refused before any routing.
                self._statuses[response.status] += 1
        elif failure is not None and not exchange.is_withheld:
            self.failure = failure
            self.in_a_row += 1
            # Even a first failure may show that a server is there, and errs.
            shows = failure.some or failure.trouble in _BROKEN
            shows &= failure.trouble != Trouble.TLS
            self.broken |= self.answered > 0 or shows

    @property
    def learnt(self) -> bool:
        """Whether any answer says something of the API."""
        if self.looking:
            return self._fits
        return any(
            status // 100 == 2 or (status // 100 == 4 and status not in _EMPTY_STATUSES)
            for status in self._statuses
        )

    def account(self) -> tuple[str, str]:
        """Return what is wrong with the answers as a whole, and a hint."""
        if not self.answered:
            return "", HINTS["trouble"][self.failure.trouble] if self.failure else ""
        if not self.learnt or (self.in_vain and not self.looking):
            return self._nothing_learnt()
        accepts = any(status // 100 == 2 for status in self._statuses)
        if not self.looking and not accepts:
            again = "; or is it there already? --seed N sends other values"
            hint = f"check {self.used}{again * bool(self._statuses[409])}"
            return "no valid body was accepted", hint
        return "", ""

    def _is_vain(self, response: Response) -> bool:
        status, kind = response.status, response.status // 100
        described = self.answers.description(status, "")
        if kind == 3:
            return described is None
        media = described.media if described else {}
        if kind != 2 or not _is_page(response):
            return kind == 5 or status in _VAIN
        is_due = described and media and described.closest(response.media)
        return not is_due and bool(media or not self.answers.bind)

    def _nothing_learnt(self) -> tuple[str, str]:
        """Return what all answers were, with the first of them, and what to change."""
        if not (first := self._first) or not (response := first.response):
            return "", ""
        status, location = response.status, response.header("location") or ""
        hints = HINTS["status"]
        hint = hints.get(str(status)) or hints.get(str(status // 100), "")
        page = ""
        if self._pages == self.answered and status // 100 == 2:
            login = "it is a login page: give credentials, or "
            hint = login * bool(_LOGIN.search(response.body))
            page, hint = "a page of HTML, with ", f"{hint}is the URL that of the API?"
        elif location and status // 100 == 3:
            hint = _redirected(first, location)
        listed = " or ".join(map(str, sorted(self._statuses or {status})))
        called = f"{first.request.method} {first.url}"
        called += f", with Location {short(location, 200)}" * bool(location)
        return f"every answer was {page}HTTP {listed}, as that to {called}", hint


def _redirected(exchange: Exchange, location: str) -> str:
    """Return what to give instead of a URL that redirects."""
    path = exchange.request.path.partition("?")[0]
    own = exchange.url.partition("?")[0]
    found = urljoin(own, location).partition("?")[0]
    if found.endswith(path) and urlsplit(found).scheme in {"http", "https"}:
        return f"redirects are not followed: ringspec run {found.removesuffix(path)}"
    if found.rstrip("/") == own.rstrip("/"):
        slash = "with" if found.endswith("/") else "without"
        return f"the path is served {slash} a slash at its end: see [paths] of profiles"
    return "is that a login page? give credentials, and the URL of the API itself"
