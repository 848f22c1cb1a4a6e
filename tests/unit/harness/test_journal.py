"""The journal: what is on disk, and what is read of it again."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ringspec.harness.sending import journal
from ringspec.harness.sending.journal import Entry, Journal, Status, default_path, read
from ringspec.spec import UsageError

ENTRY = Entry(
    url="http://127.0.0.1:1",
    id={"broadcastId": "b-1"},
    delete="/voice/broadcasts/b-1",
    headers=(("Authorization", "Bearer {token}"),),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.jsonl"


def test_entry_comes_back_with_what_became_of_it_last(path: Path) -> None:
    kept = Journal(path)
    other = replace(ENTRY, delete="/voice/broadcasts/b-2")

    kept.note(ENTRY)
    kept.note(other)
    kept.note(replace(ENTRY, status=Status.DELETED))

    assert read(path) == (replace(ENTRY, status=Status.DELETED), other)
    assert [entry.is_open for entry in read(path)] == [False, True]


def test_each_entry_without_a_path_is_one_of_its_own(path: Path) -> None:
    kept = Journal(path)
    lost = Entry(url=ENTRY.url, status=Status.UNKNOWN)

    kept.note(lost)
    kept.note(lost)

    assert read(path) == (lost, lost)


def test_line_has_what_the_format_says(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    then = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    monkeypatch.setattr(journal, "datetime", SimpleNamespace(now=lambda _: then))
    Journal(path).note(ENTRY)

    assert json.loads(path.read_text()) == {
        "time": "2030-01-02T03:04:05.000+00:00",
        "url": "http://127.0.0.1:1",
        "id": {"broadcastId": "b-1"},
        "delete": "/voice/broadcasts/b-1",
        "headers": [["Authorization", "Bearer {token}"]],
        "status": "accepted",
    }


def test_entry_is_synced_before_the_next_request(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(path.read_text()))

    Journal(path).note(ENTRY)

    assert len(synced) == 1
    assert "b-1" in synced[0]


def test_journal_is_nobody_elses_business(path: Path) -> None:
    Journal(path).note(ENTRY)

    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_line_that_was_cut_off_is_left_out(path: Path) -> None:
    kept = Journal(path)
    kept.note(ENTRY)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])

    assert read(path) == (ENTRY,)

    Journal(path).note(replace(ENTRY, status=Status.GONE))
    assert read(path) == (replace(ENTRY, status=Status.GONE),)


@pytest.mark.parametrize(
    "data",
    [
        "rubbish",
        "[]",
        "7",
        "{}",
        json.dumps({"url": 1, "delete": None, "id": {}, "headers": [], "status": "x"}),
        ENTRY.line("t").decode().strip().replace("/voice", "http://example.com/voice"),
        ENTRY.line("t").decode().strip().replace("accepted", "eaten"),
    ],
)
def test_what_is_no_journal_is_wrong_usage_with_its_line(path: Path, data: Any) -> None:
    Journal(path).note(ENTRY)
    with path.open("a") as file:
        file.write(data + "\n")

    with pytest.raises(UsageError, match="line 2 is no entry"):
        read(path)


def test_journal_that_is_not_there_is_wrong_usage(path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read(path)


def test_empty_journal_is_taken_away_again(path: Path) -> None:
    kept = Journal(path)
    kept.open()
    assert path.exists()

    kept.discard()

    assert not path.exists()


def test_journal_with_an_entry_stays(path: Path) -> None:
    kept = Journal(path)
    kept.note(ENTRY)

    kept.discard()

    assert path.exists()


@pytest.mark.parametrize(
    ("system", "told", "where"),
    [
        ("linux", "/state", "/state/ringspec"),
        ("linux", "", "/nowhere/.local/state/ringspec"),
        ("linux", "relative", "/nowhere/.local/state/ringspec"),
        ("darwin", "", "/nowhere/Library/Application Support/ringspec"),
        ("win32", "", "/nowhere/AppData/Local/ringspec"),
    ],
)
def test_journal_stands_in_the_state_of_the_user(
    monkeypatch: pytest.MonkeyPatch, system: str, told: str, where: str
) -> None:
    for name in [each for each in sys.modules if each.startswith("platformdirs")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ctypes", None)  # nor has Windows its own here
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setenv("LOCALAPPDATA", "/nowhere/AppData/Local")
    monkeypatch.setenv("XDG_STATE_HOME", told)
    monkeypatch.setenv("HOME", "/nowhere")

    assert str(default_path().parent) == where
