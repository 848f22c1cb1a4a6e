"""The JUnit report: a testcase for each rule, and for each stale known failure.

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
_KINDS = {Outcome.FAIL: "failure", Outcome.INCONCLUSIVE: "error", Outcome.PASS: ""}


def render(record: Record) -> bytes:
    """Write the whole report."""
    result, made = record.result, provenance(record.started, record.result)
    if refused := refusal(result):
        made["refused"] = refused.title
    elapsed_s: dict[RuleId, float] = defaultdict(float)
    for judged in record.judged:
        elapsed_s[judged.case.rule] += judged.exchange.elapsed_s
    kinds = Counter(map(_kind, result.rules))
    kinds["failure"] += len(result.stale)
    end = "failure" if result.conclusion is Conclusion.NONCONFORMANT else "error"
    if not result.conclusion.exit_code or kinds["failure"] or kinds["error"]:
        end = ""
    kinds[end] += 1
    began = utc(min((each.exchange.began_s for each in record.judged), default=0))
    return filled(
        "junit.xml",
        result=result,
        made=made,
        # Cases overlap, so that their times do not add up to that of the run.
        elapsed_s=elapsed_s,
        began=(began or "").partition(".")[0],  # readers differ on what follows
        kind=_kind,
        kinds=kinds,
        end=end,
        most=LIMIT,
        link=lambda rule: rule_link(record.docs, rule.id),
    )


def _kind(result: RuleResult) -> str:
    return "skipped" if result.excused else _KINDS.get(result.outcome, "skipped")
