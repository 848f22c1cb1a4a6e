"""The JUnit report: a testcase for each rule.

A failure below the level leaves its testcase green and stands in its output; an
inconclusive rule is an error, never a skip. A known failure is skipped; one that is
stale is a failing testcase of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from ringspec.harness import Conclusion, Finding, Known, Outcome, RuleResult
from ringspec.reports.case_text import case_rows, deciding, expiry
from ringspec.reports.curl import curl
from ringspec.reports.files import Record, rule_link
from ringspec.reports.json_report import utc
from ringspec.reports.printable import counted, cut, shown, xml_safe
from ringspec.spec import RuleId

# Cases of one rule that are written out.
LIMIT = 5
_REASON = 500


def render(record: Record) -> bytes:
    """Write the whole report."""
    suite = TestSuite("ringspec")
    for name, value in _properties(record):
        suite.add_property(name, xml_safe(value))
    elapsed_s: dict[RuleId, float] = defaultdict(float)
    for each in record.judged:
        elapsed_s[each.case.rule] += each.exchange.elapsed_s
    for result in record.result.rules:
        testcase = _testcase(result, record)
        testcase.time = round(elapsed_s[result.rule.id], 3)
        suite.add_testcase(testcase)
    for stale in record.result.stale:
        text = f"{stale.known.id}: {stale.why}\n{_excuse(stale.known)}"
        failure = _result(Failure, stale.why, "stale", text)
        suite.add_testcase(_case(stale.known.id, "known-failures", failure))
    for conclusion in _conclusion(record):
        suite.add_testcase(_case("conclusion", "run", conclusion))
    document = JUnitXml("ringspec")
    document.add_testsuite(suite)
    document.update_statistics()  # type: ignore[no-untyped-call] # as it ships
    # Cases overlap, so that their times do not add up to that of the run.
    suite.time = document.time = round(record.result.duration_s, 3)
    began = utc(min((each.exchange.began_s for each in record.judged), default=0))
    if began is not None:
        suite.timestamp = began.partition(".")[0]  # readers differ on what follows
    return _indented(document)


def _indented(document: JUnitXml) -> bytes:
    """Write a document for readers too, with a declaration."""
    written: bytes = document.tostring()  # type: ignore[no-untyped-call] # as it ships
    root = ET.fromstring(written)  # noqa: S314 - our own text
    root.attrib.pop("skipped", None)  # Jenkins' schema has none here
    ET.indent(root)
    data: bytes = ET.tostring(root, "utf-8", xml_declaration=True)
    return data + b"\n"


def _properties(record: Record) -> Iterator[tuple[str, str]]:
    contract = record.started.contract
    yield "target", record.started.target
    if record.started.clients:
        yield "judged", "clients"
    yield "level", record.result.level
    yield "seed", str(record.started.seed)
    yield "contract.title", contract.title
    yield "contract.version", contract.version
    yield "contract.sha256", contract.sha256
    yield "dialect", contract.dialect or ""
    yield "conclusion", record.result.conclusion


def _case(name: str, group: str, result: Failure | Error | None = None) -> TestCase:
    testcase = TestCase(xml_safe(name), xml_safe(f"ringspec.{group}"))
    if result is not None:
        testcase.result = [result]
    return testcase


def _testcase(result: RuleResult, record: Record) -> TestCase:
    rule, level = result.rule, record.result.level
    link = rule_link(record.docs, rule.id)
    testcase = _case(rule.id, rule.group)
    output = []
    match result.outcome:
        case Outcome.FAIL if result.excused:
            known = [f"known failure: {_excuse(each)}" for each in result.known]
            testcase.result = [_skipped("; ".join(known) or "known failure", "known")]
            output.append(_text(result, deciding(result, level), link))
        case Outcome.FAIL:
            found = deciding(result, level)
            text = _text(result, found, link)
            reason = found[0].reason if found else ""
            testcase.result = [_result(Failure, reason, rule.level, text)]
        case Outcome.INCONCLUSIVE:
            found = result.inconclusive
            text = _text(result, found, link)
            reason = found[0].reason if found else result.why
            testcase.result = [_result(Error, reason, rule.level, text)]
        case Outcome.SKIPPED | Outcome.NOT_APPLICABLE:
            outcome = str(result.outcome)
            testcase.result = [_skipped(result.why or outcome, outcome)]
    warnings = result.warnings(level)
    if warnings:
        note = f"warning: below the level {level}\n"
        output.append(note + _text(result, warnings, link))
    if output:
        testcase.system_out = xml_safe("\n\n".join(output))
    return testcase


def _excuse(known: Known) -> str:
    parts = (known.reason, known.issue, known.owner, expiry(known))
    return ", ".join(filter(None, parts))


def _skipped(why: str, kind: str) -> Skipped:
    return Skipped(xml_safe(shown(why, _REASON)), kind)


def _result(
    kind: type[Failure | Error], reason: str, sort: str, text: str
) -> Failure | Error:
    written = kind(xml_safe(shown(reason, _REASON)), str(sort))
    written.text = xml_safe(text)
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
        lines += ["", *_case_lines(finding)]
    if len(findings) > LIMIT:
        lines += ["", f"and {counted(len(findings) - LIMIT, 'more case')}"]
    return "\n".join(lines)


def _case_lines(finding: Finding) -> Iterator[str]:
    yield f"case: {finding.case.id}"
    yield f"reason: {cut(finding.reason, _REASON)}"
    for label, text in case_rows(finding):
        yield f"  {text}" if label == "body" else f"{label}: {text}"
    yield curl(finding.exchange, finding.case.id)


def _conclusion(record: Record) -> Iterator[Failure | Error]:
    """Yield a bad end that no rule accounts for.

    Without it a run that executed nothing would look green.
    """
    result = record.result
    outcomes = {each.outcome for each in result.rules if not each.excused}
    bad = result.stale or outcomes & {Outcome.FAIL, Outcome.INCONCLUSIVE}
    if result.conclusion is not Conclusion.CONFORMANT and not bad:
        kind = Failure if result.conclusion is Conclusion.NONCONFORMANT else Error
        message = result.message or str(result.conclusion)
        text = "\n".join(filter(None, (result.message, result.hint)))
        yield _result(kind, message, result.conclusion, text)
