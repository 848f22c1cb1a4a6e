"""Parts are joined only if they belong together, and by the rules of a whole run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from ringspec.reports import check_merged, failed_cases, merge_reports, read_report
from ringspec.reports.json_report import SCHEMA
from ringspec.reports.merge import MergedReport
from ringspec.spec import UsageError

Report = dict[str, Any]
Join = Callable[..., MergedReport]


def rule(name: str, outcome: str = "pass", **more: Any) -> Report:
    return {
        "id": name,
        "level": "must",
        "evidence": "documented",
        "sentence": f"{name} holds.",
        "source": "seed 1",
        "places": [],
        "outcome": outcome,
        "cases": 0 if outcome == "skipped" else 2,
        "known": [],
        "excused": False,
        "failures": [],
        "inconclusive": [],
        "why": "deselected" if outcome == "skipped" else "",
        **more,
    }


def failure(case: str, level: str = "must", *, known: bool = False) -> Report:
    request = {"method": "POST", "path": "/things", "headers": {}, "body": {"a": 1}}
    return {
        "case": case,
        "phase": "cases",
        "rule": case.partition("/")[0],
        "case_level": level,
        "expect": "reject",
        "status": [400, 422],
        "level": level,
        "known": known,
        "reason": "an invalid body was accepted with HTTP 201",
        "request": {"url": "http://127.0.0.1:1/things", **request},
        "response": {"status": 201, "headers": {}, "body": "{}"},
        "twin": {"case": "body.accepted/plain", "request": request},
        "fault": [{"op": "replace", "path": "/a", "value": 1}],
        "broken": [case.partition("/")[0]],
        "before": [],
        "curl": "curl -sS http://127.0.0.1:1/things",
    }


def part(number: int, of: int, *rules: Report, **more: Any) -> Report:
    shard = {
        "part": number,
        "of": of,
        "list": "0" * 64,
        "phases": ["cases"],
        "select": [],
        "exclude": [],
        "quick": False,
        "learnt": True,
        "lent": {} if number == 1 else {"body.accepted/plain": ["a.b"]},
        "places": {},
        "known": [],
        **more.pop("shard", {}),
    }
    return {
        "format": "ringspec-report/1",
        "conclusion": "conformant",
        "level": "must",
        "seed": 0,
        "duration_s": float(number),
        "target": "http://127.0.0.1:1",
        "shard": shard,
        "contract": {
            "title": "Things",
            "version": "1",
            "sha256": "f" * 64,
            "dialect": None,
            "operation": "createThing",
        },
        "counts": {"rules": len(rules), "cases": 10, "requests": 12},
        "message": "",
        "hint": "",
        "interrupted": False,
        "notices": [],
        "stale": [],
        "rules": list(rules),
        **more,
    }


@pytest.fixture
def join(tmp_path: Path) -> Join:
    def joined(*reports: Report, **more: bool) -> MergedReport:
        paths = [tmp_path / f"{number}.json" for number in range(len(reports))]
        for path, report in zip(paths, reports, strict=True):
            path.write_text(json.dumps(report), "utf-8")
        return merge_reports(paths, **more)

    return joined


@pytest.mark.parametrize(
    ("outcomes", "outcome", "conclusion"),
    [
        (("pass", "pass"), "pass", "conformant"),
        (("pass", "inconclusive"), "inconclusive", "inconclusive"),
        (("inconclusive", "fail"), "fail", "nonconformant"),
        (("pass", "fail"), "fail", "nonconformant"),
        (("skipped", "pass"), "pass", "conformant"),
        (("skipped", "not-applicable"), "not-applicable", "conformant"),
        (("skipped", "skipped"), "skipped", "conformant"),
    ],
    ids=str,
)
def test_outcome_is_that_of_a_whole_run(
    join: Join, outcomes: tuple[str, str], outcome: str, conclusion: str
) -> None:
    more = {
        "fail": {"failures": [failure("a.b/1")]},
        "inconclusive": {"inconclusive": [{"case": "a.b/2", "reason": "HTTP 429"}]},
    }
    parts = (
        part(number, 2, rule("a.b", each, **more.get(each, {})))
        for number, each in enumerate(outcomes, 1)
    )

    found = join(*parts)

    assert found.report["rules"][0]["outcome"] == outcome
    assert found.report["conclusion"] == conclusion
    assert found.record.result.exit_code == {"conformant": 0, "nonconformant": 1}.get(
        conclusion, 3
    )


def test_failures_come_once_and_in_the_order_of_a_whole_run(join: Join) -> None:
    first = rule("a.b", "fail", failures=[failure("a.b/9"), failure("a.b/5")])
    second = rule("a.b", "fail", failures=[failure("a.b/5"), failure("a.b/1")])

    found = join(
        part(1, 2, first, shard={"places": {"a.b/9": 9, "a.b/5": 5}}),
        part(2, 2, second, shard={"places": {"a.b/5": 5, "a.b/1": 1}}),
    )

    cases = [each["case"] for each in found.report["rules"][0]["failures"]]
    assert cases == ["a.b/1", "a.b/5", "a.b/9"]


FIRST = part(1, 2, rule("a.b"))


@pytest.mark.parametrize(
    ("others", "what"),
    [
        ([FIRST], r"part 1 is there 2 times: .*part 2 of 2"),
        ([part(2, 3, rule("a.b"))], "differ in the number of parts: 2 .*; 3 "),
        ([part(4, 2, rule("a.b"))], "says it is part 4 of 2"),
        ([part(2, 2, rule("a.b"), interrupted=True)], r"1\.json was .*: run part 2 ag"),
        ([part(2, 2, rule("a.b"), judged="clients")], "is of clients"),
        ([part(2, 2, rule("a.b"), seed=7)], "differ in the seed: 0 .*; 7"),
        (
            [part(2, 2, rule("a.b"), shard={"list": "1" * 64})],
            "differ in the list of cases: 000000000000 .*; 111111111111",
        ),
        ([part(2, 2, rule("c.d"))], "do not judge the same rules"),
        (
            [part(2, 2, rule("a.b"), target="http://127.0.0.1:2")],
            "differ in the target.*say --one-deployment",
        ),
    ],
)
def test_what_does_not_belong_together_is_not_joined(
    join: Join, others: list[Report], what: str
) -> None:
    with pytest.raises(UsageError, match=rf"(?s){what}"):
        join(FIRST, *others)


def test_missing_parts_are_named(join: Join) -> None:
    with pytest.raises(UsageError, match="parts 2, 3 of 3 missing"):
        join(part(1, 3, rule("a.b")))


def test_several_urls_of_one_deployment_are_joined_with_a_notice(join: Join) -> None:
    other = part(2, 2, rule("a.b"), target="http://127.0.0.1:2")

    found = join(part(1, 2, rule("a.b")), other, one_deployment=True)

    assert found.report["merged"]["targets"] == [
        "http://127.0.0.1:1",
        "http://127.0.0.1:2",
    ]
    assert "the parts went to several URLs" in found.report["notices"][0]


def test_whole_is_a_report_that_others_read(join: Join, tmp_path: Path) -> None:
    fails = rule("a.b", "fail", failures=[failure("a.b/1")])
    found = join(part(1, 2, rule("a.b")), part(2, 2, fails))
    path = tmp_path / "whole.json"

    path.write_bytes(found.render("json"))

    written = json.loads(path.read_bytes())
    schema = jsonschema_rs.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    assert list(schema.iter_errors(written)) == []
    assert list(failed_cases(read_report(path))) == ["a.b/1"]
    with pytest.raises(UsageError, match="its parts are joined already"):
        merge_reports([path])


@pytest.mark.parametrize("name", ["har", "ndjson"])
def test_what_needs_every_exchange_cannot_be_made(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"cannot be written as {name}"):
        check_merged(name, tmp_path / "x")
