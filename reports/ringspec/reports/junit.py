"""The JUnit report: a testcase for each rule, and for each stale known failure.

A failure below the level stands in the output of a green testcase; an inconclusive rule
is an error, never a skip; a known failure is skipped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias
from xml.etree import ElementTree as ET

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from ringspec.harness import Conclusion, Finding, Known, Outcome, RuleResult
from ringspec.reports.case_text import (
    case_rows,
    deciding,
    expiry,
    first_reason,
    provenance,
)
from ringspec.reports.causes import refusal
from ringspec.reports.curl import curl
from ringspec.reports.files import Record, rule_link
from ringspec.reports.json_report import utc
from ringspec.reports.printable import counted, cut, harmless, shown
from ringspec.spec import RuleId

_Result: TypeAlias = Failure | Error | Skipped

# Cases of one rule that are written out.
LIMIT = 5
_REASON = 500


def render(record: Record) -> bytes:
    """Write the whole report."""
    suite = TestSuite("ringspec")
    for name, value in provenance(record.started, record.result).items():
        suite.add_property(name, harmless(value))
    if refused := refusal(record.result):
        suite.add_property("refused", harmless(refused.title))
    elapsed_s: dict[RuleId, float] = defaultdict(float)
    for judged in record.judged:
        elapsed_s[judged.case.rule] += judged.exchange.elapsed_s
    for each in record.result.rules:
        testcase = _testcase(each, record)
        testcase.time = round(elapsed_s[each.rule.id], 3)
        suite.add_testcase(testcase)
    for stale in record.result.stale:
        text = f"{stale.known.id}: {stale.why}\n{_excuse(stale.known)}"
        failure = _result(Failure, stale.why, "stale", text)
        suite.add_testcase(_case(stale.known.id, "known-failures", failure))
    result = record.result
    outcomes = {each.outcome for each in result.rules if not each.excused}
    bad = result.stale or outcomes & {Outcome.FAIL, Outcome.INCONCLUSIVE}
    if result.conclusion.exit_code and not bad:
        # No rule accounts for it: a run that executed nothing would look green.
        kind = Failure if result.conclusion is Conclusion.NONCONFORMANT else Error
        reason = result.message or result.conclusion
        text = "\n".join(filter(None, (result.message, result.hint)))
        failure = _result(kind, reason, result.conclusion, text)
        suite.add_testcase(_case("conclusion", "run", failure))
    document = JUnitXml("ringspec")
    document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call] # as it ships
    # Cases overlap, so that their times do not add up to that of the run.
    suite.time = document.time = round(result.duration_s, 3)
    began = utc(min((each.exchange.began_s for each in record.judged), default=0))
    if began is not None:
        suite.timestamp = began.partition(".")[0]  # readers differ on what follows
    written: bytes = document.tostring()  # type: ignore[no-untyped-call] # as it ships
    root = ET.fromstring(written)  # noqa: S314 - our own text
    root.attrib.pop("skipped", None)  # Jenkins' schema has none here
    ET.indent(root)
    data: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
    return data + b"\n"


def _case(name: str, group: str, result: _Result | None = None) -> TestCase:
    testcase = TestCase(harmless(name), harmless(f"ringspec.{group}"))
    if result is not None:
        testcase.result = [result]
    return testcase


def _testcase(result: RuleResult, record: Record) -> TestCase:
    rule, level = result.rule, record.result.level
    link = rule_link(record.docs, rule.id)
    testcase = _case(rule.id, rule.group)
    found = deciding(result, level)
    output = []
    match result.outcome:
        case Outcome.FAIL if result.excused:
            known = "; ".join(f"known failure: {_excuse(it)}" for it in result.known)
            testcase.result = [_result(Skipped, known or "known failure", "known")]
            output.append(_text(result, found, link))
        case Outcome.FAIL:
            text = _text(result, found, link)
            reason = found[0].reason if found else ""
            bound = found[0].level if found else rule.level
            testcase.result = [_result(Failure, reason, bound, text)]
        case Outcome.INCONCLUSIVE:
            text = _text(result, result.inconclusive, link)
            testcase.result = [_result(Error, first_reason(result), rule.level, text)]
        case Outcome.UNTESTED | Outcome.SKIPPED | Outcome.NOT_APPLICABLE as outcome:
            untested = outcome is Outcome.UNTESTED
            why = f"untested: {result.why}" if untested else result.why or outcome
            testcase.result = [_result(Skipped, why, outcome)]
    warnings = result.warnings(level)
    if warnings:
        note = f"warning: below the level {level}\n"
        output.append(note + _text(result, warnings, link))
    if output:
        testcase.system_out = harmless("\n\n".join(output))
    return testcase


def _excuse(known: Known) -> str:
    parts = (known.reason, known.issue, known.owner, expiry(known))
    return ", ".join(filter(None, parts))


def _result(kind: type[_Result], reason: str, sort: str, text: str = "") -> _Result:
    written = kind(harmless(shown(reason, _REASON)), str(sort))
    if text:
        written.text = harmless(text)
    return written


def _text(result: RuleResult, findings: Sequence[Finding], link: str) -> str:
    rule = result.rule
    lines = [
        f"{rule.id} ({rule.level.upper()}, {rule.evidence})",
        rule.sentence,
        f"source: {rule.source}",
        *([f"documentation: {link}"] if link else []),
    ]
    for finding in findings[:LIMIT]:
        lines += ["", f"case: {finding.case.id}"]
        lines.append(f"reason: {cut(finding.reason, _REASON)}")
        for label, text in case_rows(finding):
            lines.append(f"  {text}" if label == "body" else f"{label}: {text}")
        lines.append(curl(finding.exchange, finding.case.id))
    if len(findings) > LIMIT:
        lines += ["", f"and {counted(len(findings) - LIMIT, 'more case')}"]
    return "\n".join(lines)
