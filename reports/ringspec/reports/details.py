"""What a run found, for people: failures, what is inconclusive, warnings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from ringspec.harness import Finding, Outcome, Result, RuleResult
from ringspec.reports.answer import body_start, status_line, step_lines
from ringspec.reports.consoles import line, row
from ringspec.reports.curl import curl
from ringspec.reports.fault import fault_lines
from ringspec.reports.text import counted, shown, visible
from ringspec.spec import Level

# Cases of one rule that are written out unless all are wanted.
LIMIT = 2
_REASON = 300


def print_failures(console: Console, result: Result, *, verbose: bool = False) -> None:
    """Print the rules that fail, with what is needed to act on each."""
    for each in result.rules:
        if each.outcome is Outcome.FAIL:
            _print_failure(console, each, result.level, verbose=verbose)


def print_failing_ids(console: Console, result: Result) -> None:
    """Print the ids of the rules that fail, each with its first case."""
    for each in result.rules:
        if each.outcome is Outcome.FAIL:
            findings = each.gating(result.level) or each.failures
            more = f" and {len(findings) - 1:,} more" if len(findings) > 1 else ""
            cases = f"  {findings[0].case.id}{more}" if findings else ""
            line(console, _title("FAIL", "bold red", each, visible(cases)))


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


def print_warnings(console: Console, result: Result) -> None:
    """Print what fails below the level, one line a rule where it fits."""
    found = [(each, each.warnings(result.level)) for each in result.rules]
    found = [(each, warnings) for each, warnings in found if warnings]
    for each, warnings in found:
        level = _strongest(warnings).upper()
        text = Text.assemble(
            (visible(each.rule.id), "bold"),
            f" ({level}): {shown(warnings[0].reason, _REASON)}, ",
            counted(len(warnings), "case"),
        )
        row(console, "warn", text, indent=0)
    if found:
        line(console)


def _print_failure(
    console: Console, result: RuleResult, level: Level, *, verbose: bool
) -> None:
    rule = result.rule
    findings = result.gating(level) or result.failures
    attested = f"  {rule.level.upper()}, {rule.evidence}"
    line(console, _title("FAIL", "bold red", result, attested))
    row(console, "", shown(rule.sentence, 1000))
    row(console, "source", shown(rule.source, 1000))
    shown_cases = findings if verbose else findings[:LIMIT]
    for finding in shown_cases:
        line(console)
        _print_case(console, finding)
    left = len(findings) - len(shown_cases)
    if left:
        more = f"and {counted(left, 'more case')}, see --verbose or --report json=PATH"
        line(console)
        row(console, "", Text(more, "dim"))
    line(console)


def _print_case(console: Console, finding: Finding) -> None:
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
    for part in curl(exchange).splitlines():
        line(console, part, "cyan")


def _print_rows(console: Console, label: str, values: Iterable[str]) -> None:
    for number, value in enumerate(values):
        row(console, label if number == 0 else " ", value)


def _print_reason(
    console: Console, reason: str, rules: Sequence[RuleResult], *, verbose: bool
) -> None:
    cases = sum(len(each.inconclusive) for each in rules)
    if len(rules) == 1:
        line(console, _title("INCONCLUSIVE", "yellow", rules[0], ""))
    else:
        line(console, Text(f"INCONCLUSIVE {counted(len(rules), 'rule')}", "yellow"))
    row(console, "", f"{reason} ({counted(cases, 'case')})")
    if len(rules) > 1:
        ids = [visible(each.rule.id) for each in rules]
        listed = ids if verbose else ids[:8]
        more = f" and {len(ids) - len(listed):,} more" if len(ids) > len(listed) else ""
        row(console, "", Text(", ".join(listed) + more, "dim"))
    line(console)


def _title(word: str, style: str, result: RuleResult, rest: str) -> Text:
    return Text.assemble(
        (word, style), " ", (visible(result.rule.id), "bold"), (rest, "dim")
    )


def _strongest(findings: Sequence[Finding]) -> Level:
    return min((each.level for each in findings), key=lambda level: level.rank)
