"""Blocks of the terminal report: failures by cause, and other findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from ringspec.harness import Finding, Known, Outcome, Result, RuleResult, Stale
from ringspec.reports.case_text import (
    case_rows,
    deciding,
    expiry,
    inconclusive_by_reason,
)
from ringspec.reports.causes import Cause
from ringspec.reports.console import hanging, line, row
from ringspec.reports.curl import LIMIT as CURL_LIMIT
from ringspec.reports.curl import curl
from ringspec.reports.printable import counted, listed, shown, visible

# Cases of one cause that are written out unless all are wanted.
LIMIT = 2
# The options that show the others.
MORE = "--verbose or --report json=PATH"
# Ids that are listed unless all are wanted.
_IDS = 8
_REASON = 300
# Bodies beyond are hard to read, and hard to paste.
_LONG, _HUGE = 512, 1024


def print_failures(
    console: Console, found: Iterable[Cause], *, verbose: bool = False, more: str = MORE
) -> None:
    """Print why a run fails, with the details of each cause.

    Args:
        console: where to.
        found: the causes.
        verbose: whether every case is written out.
        more: the options that show the others.
    """
    for cause in found:
        if len(cause.rules) == 1:
            _print_rule(console, cause)
        else:
            _print_rules(console, cause, verbose=verbose)
        if cause.common:
            row(console, "common", shown(cause.common, _REASON))
        if cause.weaker:
            row(console, "also", _weaker(cause))
        cases = chosen(cause.findings, len(cause.findings) if verbose else LIMIT)
        for finding in cases:
            line(console)
            _print_case(console, finding, CURL_LIMIT if verbose else _HUGE)
        left = len(cause.findings) - len(cases)
        if left:
            others = f"and {counted(left, 'more case')}, see {more}"
            line(console)
            row(console, "", Text(others, "dim"))
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


def print_known(console: Console, result: Result) -> None:
    """Print the failures that are known beforehand, and why they are excused."""
    known: dict[Known, int] = {}
    for each in result.rules:
        for entry in each.known if each.outcome is Outcome.FAIL else ():
            found = sum(map(entry.covers, deciding(each, result.level)))
            known[entry] = known.get(entry, 0) + found
    known = {entry: number for entry, number in known.items() if number}
    if known:
        line(console, Text.assemble(("KNOWN", "cyan"), " failures, which do not gate"))
        for entry, number in known.items():
            cases = f" ({counted(number, 'case')})"
            name = Text.assemble((shown(entry.id, _REASON), "bold"), cases)
            hanging(console, Text("  "), name)
            hanging(console, Text("    "), Text(excuse(entry), "dim"))
        line(console)


def print_stale(console: Console, stale: Sequence[Stale]) -> None:
    """Print the known failures that may not be listed any longer."""
    if stale:
        said = " known failures, which fail the run"
        line(console, Text.assemble(("STALE", "bold red"), said))
        for each in stale:
            title = Text.assemble((shown(each.known.id, _REASON), "bold"), ": ")
            hanging(console, Text("  "), title + Text(shown(each.why, _REASON), "red"))
            hanging(console, Text("    "), Text(excuse(each.known), "dim"))
        line(console)


def print_inconclusive(
    console: Console, result: Result, *, verbose: bool = False
) -> None:
    """Print the rules that are inconclusive, those of one reason together."""
    for reason, rules in inconclusive_by_reason(result, _reason).items():
        cases = sum(len(each.inconclusive) for each in rules)
        named = Text(visible(rules[0].rule.id), "bold")
        if len(rules) > 1:
            named = Text(counted(len(rules), "rule"), "yellow")
        hanging(console, Text.assemble(("INCONCLUSIVE", "yellow"), " "), named)
        row(console, "", f"{reason} ({counted(cases, 'case')})")
        if len(rules) > 1:
            row(console, "", Text(_ids(rules, verbose=verbose), "dim"))
        line(console)


def print_warnings(
    console: Console, found: Sequence[Cause], *, verbose: bool = False
) -> None:
    """Print failures below the level that no other failure explains."""
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


def _print_rule(console: Console, cause: Cause) -> None:
    rule = cause.rules[0].rule
    level = f"  {cause.level.upper()}, {rule.evidence}"
    title = Text.assemble((visible(rule.id), "bold"), (level, "dim"))
    hanging(console, Text.assemble(("FAIL", "bold red"), " "), title)
    row(console, "", shown(rule.sentence, 1000))
    row(console, "source", shown(rule.source, 1000))


def _print_rules(console: Console, cause: Cause, *, verbose: bool) -> None:
    """Print the rules that one defect breaks; the sentence is that of the first."""
    level = f"  {cause.level.upper()}"
    title = Text.assemble((shown(cause.title, _REASON), "bold"), (level, "dim"))
    hanging(console, Text.assemble(("FAIL", "bold red"), " "), title)
    ids = _ids(cause.rules, verbose=verbose)
    row(console, "rules", f"{len(cause.rules):,}: {ids}")
    first = cause.rules[0].rule
    row(console, "such as", shown(f"{first.sentence} ({first.source})", 1000))


def _weaker(cause: Cause) -> str:
    """Say what else the defect breaks, below the level."""
    rules = {each.rule for each in cause.weaker}
    rules -= {each.rule.id for each in cause.rules}
    cases = counted(len(cause.weaker), "more case")
    more = f" of {counted(len(rules), 'more rule')}" if rules else ""
    return f"{cases}{more} below the level"


def chosen(findings: Sequence[Finding], number: int = LIMIT) -> Sequence[Finding]:
    """Return some failures: of many rules, easy to read, the first ones first."""
    if number >= len(findings):
        return findings
    easy = sorted(findings, key=lambda it: len(it.exchange.request.body) > _LONG)
    first: dict[str, Finding] = {}
    for each in easy:
        first.setdefault(each.rule, each)
    again = (each for each in easy if first[each.rule] is not each)
    return (*first.values(), *again)[:number]


def _print_case(console: Console, finding: Finding, limit: int) -> None:
    row(console, "case", Text(visible(finding.case.id), "bold"))
    before = ""
    for name, text in case_rows(finding):
        label = "answer" if name == "body" else name
        row(console, label if label != before else " ", visible(text))
        before = label
    row(console, "why", Text(shown(finding.reason, _REASON), "red"))
    # At the margin: a here-document does not end within an indent.
    for part in curl(finding.exchange, finding.case.id, limit).splitlines():
        line(console, part, "cyan")


def _ids(rules: Sequence[RuleResult], *, verbose: bool) -> str:
    ids = [visible(each.rule.id) for each in rules]
    return listed(ids, len(ids) if verbose else _IDS)


def excuse(known: Known) -> str:
    """Write why a failure is excused, by whom and until when."""
    owner = f"owner {shown(known.owner, 100)}" if known.owner else "no owner"
    issue = [shown(known.issue, 200)] if known.issue else []
    parts = (*issue, owner, expiry(known) or "no expiry")
    return f"{_reason(known.reason)} ({', '.join(parts)})"


def _reason(text: str) -> str:
    return shown(text, _REASON) or "no reason"
