from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest

from ringspec.harness import Conclusion, Outcome
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
