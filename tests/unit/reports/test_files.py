from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ringspec.reports import FORMATS, Record, check, checked_docs, rendered, write
from ringspec.reports.case_text import fault_lines
from ringspec.reports.files import rule_link
from ringspec.spec import ReportError, RuleId, UsageError

from .conftest import TABLES


def test_report_replaces_an_older_one_behind_a_link(
    tmp_path: Path, record: Record
) -> None:
    old, link = tmp_path / "old.xml", tmp_path / "link.xml"
    old.write_text("old")
    link.symlink_to(old)

    write("junit", link, record)

    assert link.is_symlink()
    assert old.read_text().startswith("<?xml")


def test_directory_without_permission_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)

    with pytest.raises(ReportError, match="permission denied"):
        check("", tmp_path / "r.json")


def test_failure_while_writing_leaves_the_old_report(
    tmp_path: Path, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    old = tmp_path / "r.json"
    old.write_text("old")
    monkeypatch.setattr(Path, "replace", full)

    with pytest.raises(ReportError, match="No space left"):
        write("json", old, record)

    assert old.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["r.json"]


BASE = "https://example.com/ringspec"


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://example.com/ringspec/", "https://example.com/ringspec"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/docs", "http://[::1]:8000/docs"),
    ],
    ids=["slash", "port", "version 6"],
)
def test_base_is_an_address_of_the_web(given: str, base: str) -> None:
    assert checked_docs(given) == base


@pytest.mark.parametrize("given", TABLES["addresses"])
def test_anything_else_is_refused(given: str) -> None:
    with pytest.raises(UsageError, match="no documentation can be at"):
        checked_docs(given)


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("html", '<a href="{}" rel="noreferrer"><code>{}</code></a>'),
        ("markdown", "[`{1}`]({0})"),
        ("junit", "documentation: {}"),
    ],
)
def test_report_links_what_fails(record: Record, name: str, link: str) -> None:
    failing = next(each.rule for each in record.result.rules if each.failures)
    linked = link.format(rule_link(BASE, failing.id), failing.id)

    assert linked in rendered(name, replace(record, docs=BASE)).decode()
    assert "reference/rules" not in rendered(name, record).decode()


@pytest.mark.parametrize("name", sorted({*FORMATS} - {"badge"}))
def test_warning_stands_in_every_report(record: Record, name: str) -> None:
    made = replace(record.started.made, warning="INSECURE: beware")
    warned = replace(record, started=replace(record.started, made=made))

    assert b"INSECURE: beware" in rendered(name, warned)


@pytest.mark.parametrize("name", ["html", "markdown", "junit"])
def test_hostile_id_stays_text(record: Record, name: str) -> None:
    hostile = RuleId('x"><script>alert(1)</script>](http://example.com)|')
    rules = tuple(
        replace(each, rule=replace(each.rule, id=hostile))
        for each in record.result.rules
    )
    result = replace(record.result, rules=rules)

    text = rendered(name, replace(record, docs=BASE, result=result)).decode()

    assert "<script>alert" not in text
    assert name != "markdown" or "](http://example.com" not in text
    assert "#x%22%3E%3Cscript%3E" in text


@pytest.mark.parametrize(
    ("operation", "line"),
    [
        *TABLES["operations"],
        (
            {"op": "add", "path": "/m", "value": "\u202e" + "x" * 99},
            'add /m: "\\u202e' + "x" * 59 + '…" (40 more characters)',
        ),
        (
            {"op": "add", "path": "/m", "value": "\x01" * 30},
            'add /m: "' + "\\u0001" * 30 + '"',
        ),
        (
            {"op": "add", "path": "/m", "value": "\x01" * 99},
            'add /m: "' + "\\u0001" * 60 + '…" (39 more characters)',
        ),
    ],
)
def test_operation_in_words(
    sample: ModuleType, operation: dict[str, Any], line: str
) -> None:
    twin = sample.case("a.b/twin", b'{"n":1,"l":["a","b"],"z":null}')
    case = sample.case("a.b/1", b"{}", fault=(operation,))

    assert fault_lines(case, twin) == [line]
