from __future__ import annotations

import os
from pathlib import Path

import pytest

from ringspec.reports import FORMATS, Record, check, write
from ringspec.spec import ReportError, UsageError


def test_report_replaces_an_older_one_behind_a_link(
    tmp_path: Path, record: Record
) -> None:
    old, link = tmp_path / "old.xml", tmp_path / "link.xml"
    old.write_text("old")
    link.symlink_to(old)

    write("junit", link, record)

    assert link.is_symlink()
    assert old.read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("none/r.json", "none does not exist"),
        (".", "is a directory"),
        ("file/r.json", "is not a directory"),
        ("x" * 300 + "/r.json", "too long"),
    ],
    ids=["missing", "directory", "below a file", "long"],
)
def test_path_that_cannot_be_written_is_told(
    tmp_path: Path, record: Record, path: str, why: str
) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ReportError, match=why) as refused:
        write("json", tmp_path / path, record)

    assert "the json report cannot be written" in str(refused.value)
    assert refused.value.hint
    assert refused.value.exit_code == 2


def test_directory_without_permission_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)

    with pytest.raises(ReportError, match="permission denied"):
        check(tmp_path / "r.json")


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


def test_unknown_format_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="pdf") as refused:
        check(tmp_path / "r.pdf", "pdf")

    assert ", ".join(FORMATS) in refused.value.hint
