"""Blocks of the terminal report, and the text of each rule that pytest shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rich.console import Console
from rich.text import Text

from ringspec.harness import (
    Conclusion,
    Finding,
    Judged,
    Known,
    Outcome,
    Result,
    RuleResult,
    Stale,
    Verdict,
)
from ringspec.reports.case_text import (
    by_reason,
    case_rows,
    deciding,
    expiry,
    extent,
    first_reason,
    judged_share,
    untested_share,
)
from ringspec.reports.causes import Cause, explained, refusal
from ringspec.reports.console import hanging, line, live, page, print_message, row
from ringspec.reports.curl import curl
from ringspec.reports.printable import counted, listed, shown, visible
from ringspec.spec import RuleId

# Cases of one cause that are written out unless all are wanted.
LIMIT = 2
# The options that show the others.
_MORE = "--verbose or --report json=PATH"
# Ids that are listed unless all are wanted.
_IDS = 8
_REASON = 300
# The outcome of a rule whose failures are all known.
KNOWN = "known"
# Of an outcome: its style, the head of its column, what one rule does and several do.
OUTCOMES: dict[str, tuple[str, str, str, str]] = {
    Outcome.FAIL: ("bold red", "fail", "fails", "fail"),
    KNOWN: ("cyan", "known", "fails as known", "fail as known"),
    Outcome.INCONCLUSIVE: ("yellow", "inconcl.", "inconclusive", "inconclusive"),
    Outcome.UNTESTED: ("yellow", "untested", "untested", "untested"),
    Outcome.PASS: ("green", "pass", "passes", "pass"),
    Outcome.SKIPPED: ("dim", "skipped", "skipped", "skipped"),
    Outcome.NOT_APPLICABLE: ("dim", "n/a", "not applicable", "not applicable"),
}
_CONCLUSIONS = {
    Conclusion.CONFORMANT: "bold green",
    Conclusion.IN_PART: "bold cyan",
    Conclusion.NONCONFORMANT: "bold red",
    Conclusion.INCONCLUSIVE: "bold yellow",
}


def print_failures(
    console: Console,
    found: Iterable[Cause],
    *,
    verbose: bool = False,
    more: str = _MORE,
) -> None:
    """Print each cause with some of its cases; `more` names what shows the others."""
    for cause in found:
        _print_head(console, cause, verbose=verbose)
        cases = chosen(cause.findings, len(cause.findings) if verbose else LIMIT)
        for finding in cases:
            line(console)
            _print_case(console, finding)
        left = len(cause.findings) - len(cases)
        if left:
            others = f"and {counted(left, 'more case')}, see {more}"
            line(console)
            row(console, "", Text(others, "dim"))
        line(console)


def print_refusal(console: Console, result: Result, *, verbose: bool = False) -> None:
    """Print that a valid body is refused: what else is open follows from it."""
    found = refusal(result)
    if found is None:
        return
    title = Text(shown(found.title, _REASON), "bold")
    hanging(console, Text.assemble(("REFUSED", "bold yellow"), " "), title)
    row(console, "rules", _ids(found.rules, verbose=verbose))
    if found.cases[1:]:
        cases = [visible(each) for each in found.cases[1:]]
        row(console, "also", listed(cases, len(cases) if verbose else LIMIT))
    if found.finding is not None:
        # What fails has its command line below.
        fails = found.finding.verdict is Verdict.FAIL
        _print_case(console, found.finding, runs=not fails)
    line(console)


def print_failing_ids(console: Console, result: Result) -> None:
    """Print the ids of the rules that fail, each with its first case."""
    for each in result.rules:
        if each.outcome is Outcome.FAIL and not each.excused:
            cases = listed([it.case.id for it in deciding(each, result.level)], 1)
            head = Text.assemble(
                ("FAIL", "bold red"), " ", (visible(each.rule.id), "bold")
            )
            line(console, head.append(f"  {visible(cases)}", "dim") if cases else head)
    for stale in result.stale:
        text = f"{stale.known.id}: {stale.why}"
        line(console, Text.assemble(("STALE", "bold red"), " ", shown(text, _REASON)))


def print_others(
    console: Console, result: Result, warned: Sequence[Cause], *, verbose: bool = False
) -> None:
    """Print what is known, stale or inconclusive, and what only warns."""
    _print_known(console, result)
    _print_stale(console, result.stale)
    if result.learnt:
        # Else every rule would be listed, and the message says why.
        _print_open(console, result, verbose=verbose)
        _print_warnings(console, warned, verbose=verbose)


def _print_known(console: Console, result: Result) -> None:
    known: dict[Known, int] = {}
    for each in result.rules:
        for entry in each.known if each.outcome is Outcome.FAIL else ():
            found = sum(map(entry.covers, deciding(each, result.level)))
            known[entry] = known.get(entry, 0) + found
    known = {entry: number for entry, number in known.items() if number}
    if known:
        line(console, Text.assemble(("KNOWN", "cyan"), " failures, which do not gate"))
        for entry, number in known.items():
            _print_entry(console, entry, Text(f" ({counted(number, 'case')})"))
        line(console)


def _print_stale(console: Console, stale: Sequence[Stale]) -> None:
    if stale:
        about = " known failures, which fail the run"
        line(console, Text.assemble(("STALE", "bold red"), about))
        for each in stale:
            why = Text.assemble(": ", (shown(each.why, _REASON), "red"))
            _print_entry(console, each.known, why)
        line(console)


def _print_entry(console: Console, known: Known, remark: Text) -> None:
    title = Text.assemble((shown(known.id, _REASON), "bold"), remark)
    hanging(console, Text("  "), title)
    hanging(console, Text("    "), Text(_excuse(known), "dim"))


def _print_open(console: Console, result: Result, *, verbose: bool) -> None:
    for reason, rules in by_reason(result, write=_reason).items():
        cases = sum(len(each.inconclusive) for each in rules)
        named = Text(visible(rules[0].rule.id), "bold")
        if len(rules) > 1:
            named = Text(counted(len(rules), "rule"), "yellow")
        hanging(console, Text.assemble(("INCONCLUSIVE", "yellow"), " "), named)
        row(console, "", f"{reason} ({counted(cases, 'case')})")
        if len(rules) > 1:
            row(console, "", Text(_ids(rules, verbose=verbose), "dim"))
        line(console)
    # All that are untested: a rule that is not named would count as kept.
    for reason, rules in by_reason(result, Outcome.UNTESTED, _reason).items():
        named = Text(_ids(rules, verbose=True), "bold")
        hanging(console, Text.assemble(("UNTESTED", "yellow"), " "), named)
        row(console, "", reason)
        line(console)


def _print_warnings(console: Console, found: Sequence[Cause], *, verbose: bool) -> None:
    for each in found:
        said = each.title if len(each.rules) > 1 else each.findings[0].reason
        text = Text.assemble(
            (_ids(each.rules, verbose=verbose), "bold"),
            f" ({each.level.upper()}): {shown(said, _REASON)}, ",
            counted(len(each.findings), "case"),
        )
        row(console, "warn", text, indent=0)
    if found:
        line(console)


def outcome_of(result: RuleResult) -> str:
    """Return the outcome of a rule, or that its failures are all known."""
    return KNOWN if result.excused else result.outcome


def print_conclusion(console: Console, result: Result) -> None:
    """Print the last line, with the message and the hint, if any."""
    conclusion = Text(str(result.conclusion), _CONCLUSIONS[result.conclusion])
    counts = Counter(map(outcome_of, result.rules))
    in_part = result.conclusion is Conclusion.IN_PART
    rules: list[str] = []
    for outcome, (_, _, one, many) in OUTCOMES.items():
        number = counts[outcome]
        if number and outcome != Outcome.UNTESTED:  # the noun only once
            subject = str(number) if rules or in_part else counted(number, "rule")
            rules.append(f"{subject} {one if number == 1 else many}")
    named = ", ".join(rules) or "no rule was looked at"
    took = ", ".join(extent(result))
    by = f", by {', '.join(result.narrowed)}" if result.narrowed else ""
    if in_part:
        named, by = f"{judged_share(result)}{by}: {named}", ""
    rest = f"{untested_share(result)}: {named} at level {result.level}{by} ({took})"
    text = Text.assemble(conclusion, rest)
    if live(console.file):
        row(console, "", text, indent=0)
    else:
        line(console, text)  # one line to look for in a log
    print_message(console, result)


def _print_head(console: Console, cause: Cause, *, verbose: bool) -> None:
    """Print what a cause breaks; of several rules the sentence of the first."""
    rule, ids = cause.rules[0].rule, _ids(cause.rules, verbose=verbose)
    is_one = len(cause.rules) == 1
    name = visible(rule.id) if is_one else shown(cause.title, _REASON)
    level = f"  {cause.level.upper()}{f', {rule.evidence}' if is_one else ''}"
    title = Text.assemble((name, "bold"), (level, "dim"))
    hanging(console, Text.assemble(("FAIL", "bold red"), " "), title)
    if is_one:
        row(console, "", shown(rule.sentence, 1000))
        row(console, "source", shown(rule.source, 1000))
    else:
        row(console, "rules", f"{len(cause.rules):,}: {ids}")
        row(console, "such as", shown(f"{rule.sentence} ({rule.source})", 1000))
    if cause.common:
        row(console, "common", shown(cause.common, _REASON))
    if cause.weaker:
        rules = {each.rule for each in cause.weaker}
        rules -= {each.rule.id for each in cause.rules}
        cases = counted(len(cause.weaker), "more case")
        others = f" of {counted(len(rules), 'more rule')}" if rules else ""
        row(console, "also", f"{cases}{others} below the level")


def chosen(findings: Sequence[Finding], number: int = LIMIT) -> Sequence[Finding]:
    """Return some failures: of many rules, the first ones first."""
    first: dict[str, Finding] = {}
    for each in findings if number < len(findings) else ():
        first.setdefault(each.rule, each)
    again = (each for each in findings if first.get(each.rule) is not each)
    return (*first.values(), *again)[:number]


def _print_case(console: Console, finding: Finding, *, runs: bool = True) -> None:
    row(console, "case", Text(visible(finding.case.id), "bold"))
    before = ""
    for name, text in case_rows(finding):
        label = "answer" if name == "body" else name
        row(console, label if label != before else " ", visible(text))
        before = label
    row(console, "why", Text(shown(finding.reason, _REASON), "red"))
    # At the margin: a here-document does not end within an indent.
    command = curl(finding.exchange, finding.case.id) if runs else ""
    for part in command.splitlines():
        line(console, part, "cyan")


def _ids(rules: Sequence[RuleResult], *, verbose: bool) -> str:
    ids = [visible(each.rule.id) for each in rules]
    return listed(ids, len(ids) if verbose else _IDS)


def _excuse(known: Known) -> str:
    owner = f"owner {shown(known.owner, 100)}" if known.owner else "no owner"
    issue = [shown(known.issue, 200)] if known.issue else []
    parts = (*issue, owner, expiry(known) or "no expiry")
    return f"{_reason(known.reason)} ({', '.join(parts)})"


def _reason(text: str) -> str:
    return shown(text, _REASON) or "no reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleText:
    """The text of one rule: why it did not pass, all that fails it, its warnings.

    The outcome sets known failures aside, and is a fail where one of them is stale.
    """

    outcome: Outcome
    excused: bool = False
    reason: str = ""
    text: str = ""
    warnings: str = ""


class RuleTexts:
    """Writes the text of each rule of a run, free of secrets."""

    def __init__(
        self,
        result: Result,
        judged: Sequence[Judged] = (),
        *,
        width: int = 80,
        verbose: bool = False,
        more: str = _MORE,
    ) -> None:
        found, self._warned = explained(result, judged)
        self._found = tuple(each for each in found if not each.known)
        self._result = result
        self._width, self._verbose, self._more = width, verbose, more

    def rules(self) -> dict[RuleId, RuleText]:
        """Return the text of each rule."""
        return {each.rule.id: self._rule(each) for each in self._result.rules}

    def other_text(self) -> str:
        """Write what is inconclusive, only warns or is known, of all rules."""
        console, text = page(self._width)
        print_refusal(console, self._result, verbose=self._verbose)
        print_others(console, self._result, self._warned, verbose=self._verbose)
        return text.getvalue()

    def conclusion(self) -> str:
        """Write the last line, with the message and the hint if there are any."""
        console, text = page(self._width)
        print_conclusion(console, self._result)
        return text.getvalue()

    def _rule(self, result: RuleResult) -> RuleText:
        found = self._result.stale
        stale = [it for it in found if it.known.id.partition("/")[0] == result.rule.id]
        outcome = result.otherwise or result.outcome
        if stale and outcome is Outcome.PASS:
            outcome = Outcome.FAIL
        console, text = page(self._width)
        about = [each for each in self._warned if result in each.rules]
        _print_warnings(console, about, verbose=self._verbose)
        return RuleText(
            outcome=outcome,
            excused=result.excused and outcome is Outcome.PASS,
            reason=shown(self._reason(result, outcome, stale), _REASON),
            text=self._text(result, stale),
            warnings=text.getvalue().rstrip("\n"),
        )

    def _reason(
        self, result: RuleResult, outcome: Outcome, stale: Sequence[Stale]
    ) -> str:
        if outcome is Outcome.FAIL:
            found = deciding(result, self._result.level)
            if found and not stale:
                return found[0].reason
            return f"known failure {stale[0].known.id}: {stale[0].why}"
        if outcome is Outcome.INCONCLUSIVE and result.inconclusive:
            return first_reason(result)
        if result.excused:
            return f"known failure: {_excuse(result.known[0])}"
        return result.why or ("" if outcome is Outcome.PASS else str(outcome))

    def _text(self, result: RuleResult, stale: Sequence[Stale]) -> str:
        console, text = page(self._width)
        _print_stale(console, stale)
        for cause in self._found:
            if result not in cause.rules:
                continue
            # All of a cause stands at its first rule.
            if result is not cause.rules[0]:
                first = f"{cause.rules[0].rule.id}: {cause.title}"
                hanging(console, Text("as      "), shown(first, _REASON))
                shared = {each.case.id for each in cause.findings}
                found = deciding(result, self._result.level)
                own = tuple(each for each in found if each.case.id in shared)
                cause = replace(  # noqa: PLW2901 - that of this rule
                    cause, rules=(result,), findings=own, weaker=()
                )
            print_failures(console, [cause], verbose=self._verbose, more=self._more)
        return text.getvalue().rstrip("\n")
