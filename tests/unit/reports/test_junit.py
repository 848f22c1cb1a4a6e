from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest
from junitparser import JUnitXml, TestSuite

from ringspec.harness import Conclusion, Known, Outcome, Stale
from ringspec.reports import Record
from ringspec.reports.junit import render


def cases(record: Record) -> dict[str | None, ET.Element]:
    suite = ET.fromstring(render(record))
    return {each.get("name"): each for each in suite.iter("testcase")}


def test_each_rule_is_a_testcase(record: Record) -> None:
    found = cases(record)

    assert list(found) == [each.rule.id for each in record.result.rules]
    assert found["delays.count"].get("classname") == "ringspec.delays"


@pytest.mark.parametrize(
    ("rule", "child"),
    [
        ("delays.count", "failure"),
        ("file.required", "error"),
        ("auth.token", "skipped"),
        ("voice.unique", "skipped"),
    ],
)
def test_outcome_is_its_child(record: Record, rule: str, child: str) -> None:
    assert [each.tag for each in cases(record)[rule]] == [child]


def test_failure_text_suffices_to_act(record: Record) -> None:
    failure = cases(record)["delays.count"].find("failure")

    assert failure is not None
    assert failure.get("message") == "an invalid body was accepted \\x1b[31m"
    for part in (
        "There are as many delays as redials.",
        "source: seed 79",
        "case: delays.count/2",
        "fault: replace /retries: 1 -> 2",
        "answer: HTTP 201 Created",
        "curl -sS -X POST",
    ):
        assert part in (failure.text or "")


def test_failure_below_the_level_leaves_the_testcase_green(record: Record) -> None:
    children = list(cases(record)["voice.enum"])

    assert [each.tag for each in children] == ["system-out"]
    assert "warning" in (children[0].text or "")


def test_many_cases_are_cut(record: Record) -> None:
    rule = record.result.rules[1]
    many = replace(rule, failures=rule.failures * 4)

    found = cases(replace(record, result=replace(record.result, rules=(many,))))

    failure = found["delays.count"].find("failure")
    assert failure is not None
    assert (failure.text or "").count("reason: ") == 5
    assert (failure.text or "").endswith("and 7 more cases")


def test_suite_says_what_was_tested(record: Record) -> None:
    suite = ET.fromstring(render(record)).find("testsuite")

    assert suite is not None
    assert suite.get("time") == "1.941"
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == [
        "8",
        "2",
        "2",
        "2",
    ]
    properties = {
        each.get("name"): each.get("value") for each in suite.iter("property")
    }
    assert properties["target"] == "http://127.0.0.1:8080"
    assert properties["seed"] == "7"
    assert properties["conclusion"] == "nonconformant"


@pytest.mark.parametrize(
    ("conclusion", "child"),
    [(Conclusion.INCONCLUSIVE, "error"), (Conclusion.NONCONFORMANT, "failure")],
)
def test_bad_end_without_a_bad_rule_is_not_green(
    sample: ModuleType, record: Record, conclusion: Conclusion, child: str
) -> None:
    result = replace(sample.clean(), conclusion=conclusion, message="nothing listens")

    found = cases(replace(record, result=result))

    assert [each.tag for each in found["conclusion"]] == [child]


def test_conformant_run_has_only_its_rules(sample: ModuleType, record: Record) -> None:
    assert list(cases(replace(record, result=sample.clean()))) == ["body.accepted"]


def test_inconclusive_rule_without_findings_gives_its_why(record: Record) -> None:
    rule = replace(
        record.result.rules[2],
        inconclusive=(),
        outcome=Outcome.INCONCLUSIVE,
        why="given up",
    )

    found = cases(replace(record, result=replace(record.result, rules=(rule,))))

    error = found["file.required"].find("error")
    assert error is not None
    assert error.get("message") == "given up"


KNOWN = Known(
    id="delays.count",
    reason="they are at it",
    issue="X-1",
    owner="me",
    expires=date(2027, 1, 31),
)


def excused(record: Record) -> Record:
    rules = tuple(
        replace(each, excused=True, known=(KNOWN,))
        if each.rule.id == KNOWN.id
        else each
        for each in record.result.rules
    )
    return replace(record, result=replace(record.result, rules=rules))


def test_known_failure_is_skipped_with_its_reason(record: Record) -> None:
    children = {each.tag: each for each in cases(excused(record))["delays.count"]}

    assert children.keys() == {"skipped", "system-out"}
    assert children["skipped"].get("message") == (
        "known failure: they are at it, X-1, me, until 2027-01-31"
    )
    assert "case: delays.count/2" in (children["system-out"].text or "")


def test_stale_known_failure_is_a_failing_testcase(record: Record) -> None:
    stale = Stale(known=replace(KNOWN, id="voice.enum/x"), why="it fails no more")
    result = replace(excused(record).result, stale=(stale,))
    result = replace(result, rules=result.rules[:2])

    found = cases(replace(record, result=result))

    assert found["voice.enum/x"].get("classname") == "ringspec.known-failures"
    failure = found["voice.enum/x"].find("failure")
    assert failure is not None
    assert failure.get("message") == "it fails no more"
    assert "conclusion" not in found


def test_known_failures_alone_do_not_account_for_a_bad_end(record: Record) -> None:
    result = excused(record).result

    found = cases(replace(record, result=replace(result, rules=result.rules[:2])))

    assert "conclusion" in found


@pytest.mark.parametrize(
    "text",
    [
        "\x00\x0b\x1b",
        "]]><b>&amp;\"'",
        "\ud800\udfff\ufffe",
        "a\r\nb\u202e",
        "x" * 10**6,
    ],
    ids=["controls", "markup", "surrogates", "lines", "megabyte"],
)
def test_what_xml_cannot_hold_is_escaped(record: Record, text: str) -> None:
    rules = tuple(
        replace(
            each,
            why=text,
            failures=tuple(replace(it, reason=text) for it in each.failures),
            inconclusive=tuple(replace(it, reason=text) for it in each.inconclusive),
        )
        for each in record.result.rules
    )
    result = replace(record.result, rules=rules)

    data = render(replace(record, result=result))

    assert len(data) < 64 * 1024
    document = JUnitXml.fromstring(data)
    assert document.failures == 2
    assert "\x1b" not in data.decode()


def test_another_reader_counts_the_same(record: Record) -> None:
    document = JUnitXml.fromstring(render(excused(record)))

    (suite,) = document
    assert isinstance(suite, TestSuite)
    kinds = Counter(type(kind).__name__ for case in suite for kind in case.result)
    assert kinds == {"Failure": 1, "Error": 2, "Skipped": 3}
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (8, 1, 2, 3)


def test_suite_says_when_it_began(record: Record) -> None:
    first = record.judged[0]
    began = replace(first, exchange=replace(first.exchange, began_s=1_800_000_000.7))

    suite = ET.fromstring(render(replace(record, judged=(began,)))).find("testsuite")

    assert suite is not None
    assert suite.get("timestamp") == "2027-01-15T08:00:00"


# What Jenkins' schema knows. Source: jenkinsci/xunit-plugin, junit-10.xsd.
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "disabled", "errors"},
    "testsuite": {
        *("name", "tests", "failures", "errors", "group", "time", "skipped"),
        *("timestamp", "hostname", "id", "package", "file", "log", "url", "version"),
    },
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {
        *("name", "assertions", "time", "timestamp", "classname", "status", "class"),
        *("file", "line", "log", "group", "url"),
    },
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}


def test_document_has_only_what_jenkins_knows(record: Record) -> None:
    stale = Stale(known=KNOWN, why="it fails no more")
    result = replace(excused(record).result, stale=(stale,))

    root = ET.fromstring(render(replace(record, result=result)))

    found = {each.tag for each in root.iter()}
    assert found == set(ATTRIBUTES)
    for each in root.iter():
        assert set(each.attrib) <= ATTRIBUTES[each.tag], each.tag
