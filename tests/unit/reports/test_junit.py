from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest
from junitparser import JUnitXml, TestSuite

from ringspec.harness import Conclusion, Known, Result, Stale
from ringspec.reports import Record, rendered
from ringspec.reports.junit import render


def cases(record: Record) -> dict[str | None, ET.Element]:
    suite = ET.fromstring(render(record))
    return {each.get("name"): each for each in suite.iter("testcase")}


def test_many_cases_are_cut(record: Record) -> None:
    rule = record.result.rules[1]
    many = replace(rule, failures=rule.failures * 4)

    found = cases(replace(record, result=replace(record.result, rules=(many,))))

    failure = found["delays.count"].find("failure")
    assert failure is not None
    assert (failure.text or "").count("reason: ") == 5
    assert (failure.text or "").endswith("and 7 more cases")


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


def test_known_failures_alone_do_not_account_for_a_bad_end(
    sample: ModuleType, record: Record
) -> None:
    result = replace(sample.excused(), stale=(), rules=sample.excused().rules[:2])

    found = cases(replace(record, result=result))

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


def test_another_reader_counts_the_same(sample: ModuleType, record: Record) -> None:
    result = replace(sample.excused(), stale=())
    document = JUnitXml.fromstring(render(replace(record, result=result)))

    (suite,) = document
    assert isinstance(suite, TestSuite)
    kinds = Counter(type(kind).__name__ for case in suite for kind in case.result)
    assert kinds == {"Failure": 1, "Error": 2, "Skipped": 4}
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (9, 1, 2, 4)


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


def test_document_has_only_what_jenkins_knows(
    sample: ModuleType, record: Record
) -> None:
    root = ET.fromstring(render(replace(record, result=sample.excused())))

    found = {each.tag for each in root.iter()}
    assert found == set(ATTRIBUTES)
    for each in root.iter():
        assert set(each.attrib) <= ATTRIBUTES[each.tag], each.tag


def badge(record: Record, result: Result) -> tuple[str, str]:
    told = json.loads(rendered("badge", replace(record, result=result)))
    assert told.keys() == {"schemaVersion", "label", "message", "color"}
    assert told["schemaVersion"] == 1
    assert told["label"] == "conformance"
    return told["message"], told["color"]


STALE = Stale(known=Known(id="a.b", reason="r"), why="it passes")


@pytest.mark.parametrize(
    ("conclusion", "more", "said", "color"),
    [
        ("conformant", {}, "conformant (must)", "green"),
        ("inconclusive", {}, "inconclusive", "yellow"),
        ("inconclusive", {"interrupted": True}, "interrupted", "yellow"),
        ("nonconformant", {"stale": (STALE,)}, "1 stale known failure", "red"),
        ("nonconformant", {}, "nonconformant", "red"),
    ],
)
def test_badge_says_in_a_word_what_came_of_it(
    sample: ModuleType,
    record: Record,
    *,
    conclusion: str,
    more: dict[str, object],
    said: str,
    color: str,
) -> None:
    found = replace(sample.clean(), conclusion=Conclusion(conclusion), **more)

    assert badge(record, found) == (f"{said}, 1 of 2 rules untested", color)


def test_badge_counts_failures_and_known_ones_apart(
    sample: ModuleType, record: Record
) -> None:
    known = replace(sample.excused(), stale=())
    conformant = replace(known, rules=known.rules[:2], conclusion=Conclusion.CONFORMANT)
    untested = "1 of 9 rules untested"

    assert badge(record, sample.result())[0] == f"2 of 6 rules fail, {untested}"
    assert badge(record, known)[0] == f"1 of 6 rules fails, {untested}"
    assert badge(record, conformant) == ("conformant (must), 1 known failure", "green")
