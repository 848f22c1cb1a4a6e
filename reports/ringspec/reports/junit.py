"""The JUnit report: a testcase for each rule, and for each stale known failure.

Of several operations each has a suite, and what belongs to none of them the last one.
A failure below the level stands in the output of a green testcase; an inconclusive rule
is an error, never a skip; a known failure is skipped.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from ringspec.harness import Conclusion, Outcome, RuleResult
from ringspec.reports.case_text import provenance
from ringspec.reports.causes import refusal
from ringspec.reports.files import Record, rule_link
from ringspec.reports.html_templates import filled
from ringspec.reports.json_report import utc
from ringspec.spec import RuleId

# Cases of one rule that are written out.
LIMIT = 5
_REST = "ringspec"
_KINDS = {Outcome.FAIL: "failure", Outcome.INCONCLUSIVE: "error", Outcome.PASS: ""}


def render(record: Record) -> bytes:
    """Write the whole report."""
    result, made = record.result, provenance(record.started, record.result)
    if refused := refusal(result):
        made["refused"] = refused.title
    elapsed_s: dict[RuleId, float] = defaultdict(float)
    for judged in record.judged:
        elapsed_s[judged.case.rule] += judged.exchange.elapsed_s
    groups: dict[str, list[RuleResult]] = {it.id: [] for it in result.operations}
    for each in result.rules:
        groups.setdefault(each.rule.operation or _REST, []).append(each)
    kinds = Counter(map(_kind, result.rules))
    failed = bool(result.stale or kinds["failure"])
    end = "failure" if result.conclusion is Conclusion.NONCONFORMANT else "error"
    if not result.conclusion.exit_code or failed or kinds["error"]:
        end = ""
    if result.stale or end or not groups:
        groups.setdefault(_REST, [])
    suites = {name: Counter(map(_kind, rules)) for name, rules in groups.items()}
    if _REST in suites:
        suites[_REST] += Counter({"failure": len(result.stale)})
        suites[_REST] += Counter([end] if end else [])
    spent_s = {k: sum(elapsed_s[it.rule.id] for it in v) for k, v in groups.items()}
    began = utc(min((each.exchange.began_s for each in record.judged), default=0))
    return filled(
        "junit.xml",
        result=result,
        made=made,
        # Cases overlap, so that their times do not add up to that of the run.
        elapsed_s=elapsed_s,
        began=(began or "").partition(".")[0],  # readers differ on what follows
        kind=_kind,
        groups=groups,
        spent_s=spent_s if result.operations else {_REST: result.duration_s},
        suites=suites,
        kinds=sum(suites.values(), Counter()),
        end=end,
        rest=_REST,
        most=LIMIT,
        link=lambda rule: rule_link(record.docs, rule.id),
    )


def _kind(result: RuleResult) -> str:
    return "skipped" if result.excused else _KINDS.get(result.outcome, "skipped")
