"""What a run found, for people: failures by what explains them, and all the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from ringspec.harness import Finding, Known, Outcome, Result, RuleResult, Stale
from ringspec.reports.case_text import body_start, fault_lines, status_line, step_lines
from ringspec.reports.causes import Cause
from ringspec.reports.console import hanging, line, row
from ringspec.reports.curl import LIMIT as CURL_LIMIT
from ringspec.reports.curl import curl
from ringspec.reports.printable import counted, shown, visible
from ringspec.spec import Level

# Cases of one cause that are written out unless all are wanted.
LIMIT = 2
# Where the others are to be had.
MORE = "--verbose or --report json=PATH"
# Ids that are listed unless all are wanted.
_IDS = 8
_REASON = 300
# Bodies beyond are hard to read; and such as nobody wants to paste.
_LONG, _HUGE = 512, 1024


def print_failures(
    console: Console,
    found: Iterable[Cause],
    *,
    verbose: bool = False,
    more: str = MORE,
) -> None:
    """Print why a run fails, with what is needed to act on each cause.

    Args:
        console: where to.
        found: the causes.
        verbose: whether every case is written out.
        more: the options that tell of the others.
    """
    for each in found:
        _print_cause(console, each, verbose=verbose, more=more)


def print_failing_ids(console: Console, result: Result) -> None:
    """Print the ids of the rules that fail, each with its first case."""
    for each in result.rules:
        if each.outcome is Outcome.FAIL and not each.excused:
            findings = each.gating(result.level) or each.failures
            more = f" and {len(findings) - 1:,} more" if len(findings) > 1 else ""
            cases = f"  {findings[0].case.id}{more}" if findings else ""
            named = (visible(each.rule.id), "bold"), (visible(cases), "dim")
            line(console, Text.assemble(("FAIL", "bold red"), " ", *named))
    for stale in result.stale:
        text = f"{stale.known.id}: {stale.why}"
        line(console, Text.assemble(("STALE", "bold red"), " ", shown(text, _REASON)))


def print_known(console: Console, result: Result) -> None:
    """Print the failures that are known beforehand, and why they are excused."""
    known: dict[Known, list[Finding]] = {}
    for each in result.rules:
        for entry in each.known if each.outcome is Outcome.FAIL else ():
            gating = each.gating(result.level) or each.failures
            covered = [finding for finding in gating if entry.covers(finding)]
            known.setdefault(entry, []).extend(covered)
    known = {entry: found for entry, found in known.items() if found}
    if not known:
        return
    line(console, Text.assemble(("KNOWN", "cyan"), " failures, which do not gate"))
    for entry, found in known.items():
        cases = counted(len(found), "case")
        hanging(
            console,
            Text("  "),
            Text.assemble((shown(entry.id, _REASON), "bold"), f" ({cases})"),
        )
        hanging(console, Text("    "), Text(excuse(entry), "dim"))
    line(console)


def print_stale(console: Console, stale: Iterable[Stale]) -> None:
    """Print the known failures that may not be listed any longer."""
    stale = tuple(stale)
    if not stale:
        return
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
    reasons: dict[str, list[RuleResult]] = {}
    for each in result.rules:
        if each.outcome is Outcome.INCONCLUSIVE:
            first = each.inconclusive[0].reason if each.inconclusive else each.why
            reasons.setdefault(shown(first, _REASON) or "no reason", []).append(each)
    for reason, rules in reasons.items():
        _print_reason(console, reason, rules, verbose=verbose)


def print_warnings(
    console: Console, found: Sequence[Cause], *, verbose: bool = False
) -> None:
    """Print what fails below the level, but for what a failure already explains."""
    for each in found:
        ids = [visible(it.rule.id) for it in each.rules]
        said = each.title if len(ids) > 1 else each.findings[0].reason
        text = Text.assemble(
            (_listed(ids, verbose=verbose), "bold"),
            f" ({each.level.upper()}): {shown(said, _REASON)}, ",
            counted(len(each.findings), "case"),
        )
        row(console, "warn", text, indent=0)
    if found:
        line(console)


def _print_cause(console: Console, cause: Cause, *, verbose: bool, more: str) -> None:
    if len(cause.rules) == 1:
        _print_rule(console, cause)
    else:
        _print_rules(console, cause, verbose=verbose)
    if cause.common:
        row(console, "common", shown(cause.common, _REASON))
    if cause.weaker:
        row(console, "also", _weaker(cause))
    told = chosen(cause.findings, len(cause.findings) if verbose else LIMIT)
    for finding in told:
        line(console)
        _print_case(console, finding, CURL_LIMIT if verbose else _HUGE)
    left = len(cause.findings) - len(told)
    if left:
        others = f"and {counted(left, 'more case')}, see {more}"
        line(console)
        row(console, "", Text(others, "dim"))
    line(console)


def _print_rule(console: Console, cause: Cause) -> None:
    result = cause.rules[0]
    rule = result.rule
    attested = f"  {cause.level.upper()}, {rule.evidence}"
    title = Text.assemble((visible(rule.id), "bold"), (attested, "dim"))
    hanging(console, Text.assemble(("FAIL", "bold red"), " "), title)
    row(console, "", shown(rule.sentence, 1000))
    row(console, "source", shown(rule.source, 1000))


def _print_rules(console: Console, cause: Cause, *, verbose: bool) -> None:
    """Print what one defect breaks; the sentence is that of the first rule."""
    title = Text.assemble(
        (shown(cause.title, _REASON), "bold"), (f"  {cause.level.upper()}", "dim")
    )
    hanging(console, Text.assemble(("FAIL", "bold red"), " "), title)
    ids = [visible(each.rule.id) for each in cause.rules]
    row(console, "rules", f"{len(ids):,}: {_listed(ids, verbose=verbose)}")
    first = cause.rules[0].rule
    row(console, "such as", shown(f"{first.sentence} ({first.source})", 1000))


def _weaker(cause: Cause) -> str:
    """Say what else the defect breaks, below the level."""
    told = {each.rule.id for each in cause.rules}
    rules = {each.rule for each in cause.weaker} - told
    cases = counted(len(cause.weaker), "more case")
    more = f" of {counted(len(rules), 'more rule')}" if rules else ""
    return f"{cases}{more} below the level"


def chosen(findings: Sequence[Finding], number: int) -> Sequence[Finding]:
    """Return some failures: of many rules, easy to read, the first ones first."""
    if number >= len(findings):
        return findings
    fresh: list[Finding] = []
    again: list[Finding] = []
    rules: set[str] = set()
    for each in sorted(findings, key=_is_long):
        (again if each.rule in rules else fresh).append(each)
        rules.add(each.rule)
    return (*fresh, *again)[:number]


def _is_long(finding: Finding) -> bool:
    return len(finding.exchange.request.body) > _LONG


def _print_case(console: Console, finding: Finding, limit: int) -> None:
    case, exchange = finding.case, finding.exchange
    row(console, "case", Text(visible(case.id), "bold"))
    _print_rows(console, "fault", fault_lines(case, finding.twin))
    if case.twin:
        row(console, "twin", visible(case.twin))
    _print_rows(console, "before", step_lines(exchange))
    answer = (status_line(exchange), body_start(exchange))
    _print_rows(console, "answer", filter(None, answer))
    row(console, "why", Text(shown(finding.reason, _REASON), "red"))
    # At the margin: a here-document does not end within an indent.
    for part in curl(exchange, case.id, limit).splitlines():
        line(console, part, "cyan")


def _print_rows(console: Console, label: str, values: Iterable[str]) -> None:
    for number, value in enumerate(values):
        row(console, label if number == 0 else " ", value)


def _print_reason(
    console: Console, reason: str, rules: Sequence[RuleResult], *, verbose: bool
) -> None:
    cases = sum(len(each.inconclusive) for each in rules)
    named = Text(visible(rules[0].rule.id), "bold")
    if len(rules) > 1:
        named = Text(counted(len(rules), "rule"), "yellow")
    hanging(console, Text.assemble(("INCONCLUSIVE", "yellow"), " "), named)
    row(console, "", f"{reason} ({counted(cases, 'case')})")
    if len(rules) > 1:
        ids = [visible(each.rule.id) for each in rules]
        row(console, "", Text(_listed(ids, verbose=verbose), "dim"))
    line(console)


def _listed(ids: Sequence[str], *, verbose: bool) -> str:
    listed = ids if verbose or len(ids) <= _IDS else ids[:_IDS]
    more = f" and {len(ids) - len(listed):,} more" if len(ids) > len(listed) else ""
    return ", ".join(listed) + more


def excuse(known: Known) -> str:
    """Write why a failure is excused, and who sees to it until when."""
    until = f"until {known.expires.isoformat()}" if known.expires else "no expiry"
    owner = f"owner {shown(known.owner, 100)}" if known.owner else "no owner"
    issue = [shown(known.issue, 200)] if known.issue else []
    reason = shown(known.reason, _REASON) or "no reason"
    return f"{reason} ({', '.join((*issue, owner, until))})"


def _strongest(findings: Sequence[Finding]) -> Level:
    return min((each.level for each in findings), key=lambda level: level.rank)
