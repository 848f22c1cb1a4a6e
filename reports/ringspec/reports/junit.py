"""The JUnit report: a testcase for each rule.

A failure below the level leaves its testcase green and stands in its output; an
inconclusive rule is an error, never a skip. What fails as known beforehand is skipped;
a known failure that is not right any longer is a failing testcase of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree as ET

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from ringspec.harness import Conclusion, Finding, Known, Outcome, RuleResult, Stale
from ringspec.reports.case_text import body_start, fault_lines, status_line, step_lines
from ringspec.reports.curl import curl
from ringspec.reports.files import Record, rule_link
from ringspec.reports.json_report import utc
from ringspec.reports.printable import counted, cut, shown, xml_safe
from ringspec.spec import Level, Rule, RuleId

# Cases of one rule that are written out.
LIMIT = 5
_REASON = 500


def render(record: Record) -> bytes:
    """Write the whole report."""
    suite = TestSuite("ringspec")
    for name, value in _properties(record):
        suite.add_property(name, xml_safe(value))
    elapsed = _elapsed(record)
    for result in record.result.rules:
        suite.add_testcase(
            _testcase(result, record.result.level, elapsed[result.rule.id], record.docs)
        )
    for stale in record.result.stale:
        suite.add_testcase(_stale(stale))
    lone = _conclusion(record)
    if lone is not None:
        suite.add_testcase(lone)
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


def _elapsed(record: Record) -> dict[RuleId, float]:
    """Add up the time that each rule's own cases took."""
    elapsed: dict[RuleId, float] = defaultdict(float)
    for each in record.judged:
        elapsed[each.case.rule] += each.exchange.elapsed_s
    return elapsed


def _testcase(
    result: RuleResult, level: Level, elapsed_s: float, docs: str
) -> TestCase:
    rule, link = result.rule, rule_link(docs, result.rule.id)
    testcase = TestCase(xml_safe(rule.id), xml_safe(f"ringspec.{rule.group}"))
    testcase.time = round(elapsed_s, 3)
    warnings = result.warnings(level)
    match result.outcome:
        case Outcome.FAIL if result.excused:
            known = [f"known failure: {_excuse(each)}" for each in result.known]
            why = shown("; ".join(known) or "known failure", _REASON)
            testcase.result = [Skipped(xml_safe(why), "known")]
            failed = _text(rule, result.gating(level) or result.failures, link)
            testcase.system_out = xml_safe(failed)
        case Outcome.FAIL:
            gating = result.gating(level) or result.failures
            testcase.result = [_broken(Failure, rule, gating, link)]
        case Outcome.INCONCLUSIVE:
            testcase.result = [
                _broken(Error, rule, result.inconclusive, link, result.why)
            ]
        case Outcome.SKIPPED | Outcome.NOT_APPLICABLE:
            why = shown(result.why or str(result.outcome), _REASON)
            testcase.result = [Skipped(xml_safe(why), str(result.outcome))]
    if warnings:
        note = f"warning: below the level {level}\n"
        told = filter(None, (testcase.system_out, note + _text(rule, warnings, link)))
        testcase.system_out = xml_safe("\n\n".join(told))
    return testcase


def _excuse(known: Known) -> str:
    until = f"until {known.expires.isoformat()}" if known.expires else ""
    return ", ".join(filter(None, (known.reason, known.issue, known.owner, until)))


def _stale(stale: Stale) -> TestCase:
    known = stale.known
    testcase = TestCase(xml_safe(known.id), "ringspec.known-failures")
    failure = Failure(xml_safe(shown(stale.why, _REASON)), "stale")
    failure.text = xml_safe(f"{known.id}: {stale.why}\n{_excuse(known)}")
    testcase.result = [failure]
    return testcase


def _broken(
    kind: type[Failure | Error],
    rule: Rule,
    findings: tuple[Finding, ...],
    link: str,
    why: str = "",
) -> Failure | Error:
    first = findings[0].reason if findings else why
    written = kind(xml_safe(shown(first, _REASON)), str(rule.level))
    written.text = xml_safe(_text(rule, findings, link))
    return written


def _text(rule: Rule, findings: tuple[Finding, ...], link: str) -> str:
    lines = [
        f"{rule.id} ({rule.level.upper()}, {rule.evidence})",
        rule.sentence,
        f"source: {rule.source}",
        *([f"documentation: {link}"] if link else []),
    ]
    for finding in findings[:LIMIT]:
        lines += ["", *_case(finding)]
    if len(findings) > LIMIT:
        lines += ["", f"and {counted(len(findings) - LIMIT, 'more case')}"]
    return "\n".join(lines)


def _case(finding: Finding) -> Iterable[str]:
    exchange = finding.exchange
    yield f"case: {finding.case.id}"
    yield f"reason: {cut(finding.reason, _REASON)}"
    for line in fault_lines(finding.case, finding.twin):
        yield f"fault: {line}"
    if finding.case.twin:
        yield f"twin: {finding.case.twin}"
    for line in step_lines(exchange):
        yield f"before: {line}"
    yield f"answer: {status_line(exchange)}"
    body = body_start(exchange)
    if body:
        yield f"  {body}"
    yield curl(exchange, finding.case.id)


def _conclusion(record: Record) -> TestCase | None:
    """Return a testcase for a bad end that no rule accounts for.

    Without it a run that executed nothing would look green.
    """
    result = record.result
    told = {each.outcome for each in result.rules if not each.excused}
    bad = result.stale or {Outcome.FAIL, Outcome.INCONCLUSIVE} & told
    if result.conclusion is Conclusion.CONFORMANT or bad:
        return None
    kind = Failure if result.conclusion is Conclusion.NONCONFORMANT else Error
    message = result.message or str(result.conclusion)
    written = kind(xml_safe(shown(message, _REASON)), str(result.conclusion))
    written.text = xml_safe("\n".join(filter(None, (result.message, result.hint))))
    testcase = TestCase("conclusion", "ringspec.run")
    testcase.result = [written]
    return testcase
