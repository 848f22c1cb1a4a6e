"""Comparisons: what is read, what differs, and what became of it."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ringspec.reports import Record, compare_reports, read_history
from ringspec.reports.comparison import Comparison, RuleMark
from ringspec.reports.json_report import report_json
from ringspec.spec import UsageError

from .conftest import TABLES

Made = Callable[..., Path]
RuleChange = Callable[[dict[str, Any]], None]
RULE = "delays.count"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def made(record: Record, tmp_path: Path) -> Made:
    """Write the sample's report to a file, changed as wished."""
    data = json.loads(json.dumps(report_json(record)))

    def make(name: str, *changes: RuleChange, **members: Any) -> Path:
        changed = {**copy.deepcopy(data), **members}
        for change in changes:
            change(changed)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(changed))
        return path

    return make


def rule(data: dict[str, Any], name: str = RULE) -> dict[str, Any]:
    found: dict[str, Any] = next(it for it in data["rules"] if it["id"] == name)
    return found


def told(said: str) -> RuleChange:
    """Let a rule come out so, by some of its cases where it fails; or be `absent`."""
    outcome, _, number = said.partition(" ")

    def change(data: dict[str, Any]) -> None:
        found, cases = rule(data), int(number or 3)
        if outcome == "absent":
            data["rules"].remove(found)
        found["outcome"] = "fail" if outcome == "known" else outcome
        fails = outcome in {"fail", "known"}
        found["failures"] = found["failures"][:cases] if fails else []
        if outcome == "known":
            found["excused"] = True
            for each in found["failures"]:
                each["known"] = True

    return change


def runs(*paths: Path) -> Comparison:
    return compare_reports(paths, "runs")


def text(found: Comparison, **options: Any) -> str:
    out = io.StringIO()
    found.show(out, **options)
    return out.getvalue()


@pytest.mark.parametrize(("before", "after", "kind", "status"), TABLES["changes"])
def test_what_became_of_a_rule(
    made: Made, before: str, after: str, kind: str, status: int
) -> None:
    found = runs(made("a.json", told(before)), made("b.json", told(after)))

    kinds = {it["id"]: it["kind"] for each in found.changes.values() for it in each}
    assert kinds.pop(RULE) == kind
    assert found.exit_code == status
    assert set(kinds.values()) == {"unchanged"}
    assert f"{kind.upper()}" in text(found, everything=True)


def test_new_cases_of_a_failing_rule_are_named(made: Made) -> None:
    found = runs(made("a.json", told("fail 1")), made("b.json"))

    (change,) = found.changes["worse"]
    assert [it["case"] for it in change["new"]] == ["delays.count/3", "delays.count/4"]
    assert "cases   delays.count/3, delays.count/4" in text(found)


def test_cases_of_another_seed_tell_nothing(made: Made) -> None:
    found = runs(made("a.json", told("fail 1")), made("b.json", seed=8))

    assert not found.changes["worse"]
    assert "another seed: 7 (a); 8 (b)" in found.remarks


def test_levels_are_brought_to_the_strongest(made: Made) -> None:
    def wider(data: dict[str, Any]) -> None:
        data["level"] = "should"
        rule(data, "voice.enum")["outcome"] = "fail"

    found = runs(made("a.json"), made("b.json", wider))

    assert {kind for kind, it in found.changes.items() if it} == {"unchanged"}
    assert found.marks["voice.enum"][1] is RuleMark.WARN
    assert "another level: must (a); should (b); compared at must" in found.remarks


@pytest.mark.parametrize(("change", "remark"), TABLES["remarks"].values())
def test_what_is_hard_to_compare_is_said(
    made: Made, change: dict[str, str], remark: str
) -> None:
    first = made("a.json")
    contract = json.loads(first.read_text())["contract"]

    found = runs(first, made("b.json", contract={**contract, **change}))

    assert any(each.startswith(remark) for each in found.remarks)
    assert "note    another " in text(found)


def test_two_reports_of_one_target_are_runs_and_others_providers(made: Made) -> None:
    first, second = made("a.json"), made("b.json")
    other = made("c.json", target="http://127.0.0.1:9")

    assert compare_reports((first, second)).mode == "runs"
    assert compare_reports((first, second), "providers").mode == "providers"
    assert compare_reports((first, other)).mode == "providers"
    assert compare_reports((first, other), "runs").mode == "runs"
    assert compare_reports((first, second, second)).mode == "providers"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b'{"format": "ringspec-rep', "is cut off"),
        (b'{"format": "ringspec-report/1", "rules": [', "is cut off"),
        (b"<html></html>", "is not JSON: Expecting value at line 1, column 1"),
        (b"\xff\xfe\x00", "is no text in UTF-8"),
        (b"[1, 2]", "is no report: it does not say 'ringspec-report/1'"),
        (b'{"format": "ringspec-matrix/1"}', "is of the format 'ringspec-matrix/1'"),
        (b'{"format": "ringspec-report/2"}', "is of version 2 of the format"),
        (b'{"format": "ringspec-report/1"}', "is no whole report: as a whole: "),
        (b"[" * 200_000, "is JSON that no report is made of"),
        (b'{"format": "\x1b[2J"}', "is not JSON"),
    ],
)
def test_what_is_no_report_is_refused_with_the_reason(
    made: Made, tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)

    with pytest.raises(UsageError, match=r"other\.json: ") as caught:
        compare_reports((made("a.json"), path))

    assert said in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "--report json=PATH" in caught.value.hint


def test_place_of_what_is_wrong_in_a_report_is_named(made: Made) -> None:
    def spoil(data: dict[str, Any]) -> None:
        data["rules"][1]["outcome"] = "maybe"

    with pytest.raises(UsageError, match=r"/rules/1/outcome: "):
        compare_reports((made("a.json"), made("b.json", spoil)))


def test_every_unreadable_report_is_named(made: Made, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        compare_reports((made("a.json"), tmp_path / "gone.json", tmp_path))

    assert "gone.json: cannot be read: No such file" in str(caught.value)
    assert "cannot be read: Is a directory" in str(caught.value)


@pytest.mark.parametrize(("targets", "labels"), TABLES["labels"].values())
def test_columns_are_named_by_what_tells_them_apart(
    made: Made, targets: tuple[str, str], labels: list[str]
) -> None:
    paths = [
        made(f"{name}.json", target=target)
        for name, target in zip(("one", "two"), targets, strict=True)
    ]

    found = compare_reports(paths, "providers")

    assert [column.label for column in found.columns] == labels


class _Page(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


HOSTILE = "</td><script>alert(1)</script> | [x](javascript:1) \u202e \x1b[31m @all"


@pytest.mark.parametrize("mode", ["runs", "providers", "history"])
def test_hostile_reports_break_no_output(made: Made, mode: Any) -> None:
    def spoil(data: dict[str, Any]) -> None:
        data["contract"] |= {"title": HOSTILE, "dialect": HOSTILE}
        found = rule(data)
        found |= {"id": HOSTILE, "sentence": HOSTILE, "source": HOSTILE}
        for each in found["failures"]:
            each |= {"case": HOSTILE, "reason": HOSTILE}

    paths = (made("a.json", told("pass")), made("b.json", spoil, target=HOSTILE))
    found: Any
    if mode == "history":
        made(f"{HOSTILE.replace('/', '')}.json", spoil, **began("1", HOSTILE))
        found = read_history([paths[0].parent])
        out = io.StringIO()
        found.show(out, everything=True)
        printed = out.getvalue()
    else:
        found = compare_reports(paths, mode)
        printed = text(found, everything=True)
    markdown = found.render("markdown", everything=True).decode()
    html = found.render("html", everything=True).decode()

    page = _Page()
    page.feed(html)
    assert "script" not in page.tags
    assert not any(name.startswith("on") for name, _ in page.attributes)
    for written in (printed, markdown, html):
        assert not any(each in written for each in "\u202e\x1b")
    rows = [each for each in markdown.splitlines() if each.startswith("|")]
    assert all(each.endswith(" |") for each in rows)
    assert "<script" not in markdown


def began(day: str, profile: str = "") -> dict[str, Any]:
    when = f"2026-11-{day:0>2}T09:00:00Z" if day.isdecimal() else day
    return {"run": {"began": when, "profile": profile, "ringspec": "1"}}


A = "https://a.example/v1"


@pytest.mark.parametrize(("files", "names"), TABLES["providers"])
def test_what_names_a_provider(
    made: Made, tmp_path: Path, files: str, names: str
) -> None:
    for each in files.split():
        name, _, where = each.partition("=")
        target, _, profile = where.partition("@")
        made(f"{name}.json", target=target, **began("1", profile))

    found = read_history([tmp_path])

    assert [it.name for it in found.providers] == names.split()


OF_RUN: dict[str, dict[str, Any]] = {
    "part": {
        "conclusion": "conformant in part",
        "part": {"rules": 1, "of": 9, "by": []},
    },
    "should": {"level": "should"},
}


@pytest.mark.parametrize(("runs", "said", "status"), TABLES["histories"])
def test_what_a_history_says(
    made: Made, tmp_path: Path, runs: str, said: str, status: int
) -> None:
    for number, each in enumerate(runs.split(", ")):
        day, outcome, *more = each.split()
        members = {k: v for it in more for k, v in OF_RUN[it].items()}
        made(f"{number}.json", told(outcome), target=A, **began(day), **members)

    found = read_history([tmp_path])

    out = io.StringIO()
    found.show(out)
    assert said in out.getvalue()
    assert found.exit_code == status
    assert max(map(len, out.getvalue().splitlines())) <= 80


def test_last_days_that_fit_are_shown(made: Made, tmp_path: Path) -> None:
    for day in range(1, 31):
        made(f"{day}.json", target=A, **began(f"{day}"))
    made("clients.json", judged="clients", **began("1"))
    out = io.StringIO()

    found = read_history([tmp_path])
    found.show(out)

    head, row = out.getvalue().split("\n\n")[1].splitlines()
    assert row.split()[1:] == ["nonconformant", "2"] * len(head.split())
    assert f"{30 - len(head.split())} days before 2026-11-" in out.getvalue()
    assert "clients.json: is of clients" in "".join(found.remarks)
    assert "2026-11-01" in found.render("html", everything=False).decode()
