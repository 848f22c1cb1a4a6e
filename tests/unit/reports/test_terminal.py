from __future__ import annotations

import io
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ringspec.harness import Finding, Outcome, Response, Result, Verdict
from ringspec.reports import Terminal


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


def shown(
    sample: ModuleType,
    result: Result | None = None,
    kind: type[io.StringIO] = io.StringIO,
    **options: Any,
) -> tuple[str, str]:
    out, err = kind(), kind()
    with closing(Terminal(out, err, **options)) as terminal:
        for event in sample.events(result):
            terminal.handle(event)
    return out.getvalue(), err.getvalue()


def failed(sample: ModuleType, found: Finding, copies: int = 1) -> Result:
    rule = replace(sample.RULES[1], outcome=Outcome.FAIL, failures=(found,) * copies)
    result: Result = replace(sample.result(), rules=(rule,))
    return result


def test_screen_gets_colour_and_a_bar_that_vanishes(sample: ModuleType) -> None:
    out, err = shown(sample, kind=Screen)

    assert "\x1b[1;31mFAIL" in out
    assert "━" in err
    assert err.endswith("\x1b[2K")


@pytest.mark.parametrize(
    ("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")], ids=["no", "dumb"]
)
def test_environment_turns_colour_off(
    sample: ModuleType, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    assert "\x1b" not in shown(sample, kind=Screen)[0]


def test_always_outweighs_the_environment_but_draws_no_bar_in_a_log(
    sample: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")

    out, err = shown(sample, color="always")

    assert "\x1b[1;31mFAIL" in out
    assert "━" not in err


def test_megabytes_are_cut(sample: ModuleType) -> None:
    case = sample.case("a.b/1", b"{}")
    answer = Response(status=599, headers=(), body=b"x" * 5_000_000)
    fired = replace(sample.exchange(case), response=answer)
    found = sample.finding(fired, case, Verdict.FAIL, "y" * 1_000_000)

    out, _ = shown(sample, failed(sample, found))

    assert len(out) < 3000
    assert "HTTP 599\n" in out
    assert "(5,000,000 bytes in all)" in out


def test_ascii_stream_shows_escapes(sample: ModuleType, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="ascii") as out:
        terminal = Terminal(out, io.StringIO())
        for event in sample.events():
            terminal.handle(event)

    assert "\\U0001f600" in (tmp_path / "out").read_text()


@pytest.mark.parametrize(
    ("names", "coloured"),
    [
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": ""}, False),
    ],
    ids=["forced", "dumb", "not-wanted", "zero", "empty"],
)
def test_environment_turns_colour_on_in_a_log(
    sample: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    names: dict[str, str],
    coloured: bool,  # noqa: FBT001 - a table's column
) -> None:
    for name, value in names.items():
        monkeypatch.setenv(name, value)

    out, err = shown(sample)

    assert ("\x1b[1;31mFAIL" in out) is coloured
    assert "━" not in err


def test_next_lines_are_few_and_lead_to_the_first_case(sample: ModuleType) -> None:
    out, _ = shown(sample)

    told = out[out.index("\nnext\n") :].splitlines()[2:]
    assert 1 <= len(told) <= 3
    assert told[0].startswith(
        "  ringspec replay delays.count/2 http://127.0.0.1:8080 --seed 7"
    )
    assert any("--report html=" in each for each in told)


@pytest.mark.parametrize("width", ["1", "40", "80", "300"])
def test_any_width_shows_all_of_what_fails(
    sample: ModuleType, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)

    for kind in (io.StringIO, Screen):
        out, _ = shown(sample, kind=kind, color="never")

        joined = "".join(out.split())
        assert "FAILdelays.count" in joined
        assert "total" in joined
