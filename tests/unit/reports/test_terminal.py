from __future__ import annotations

import io
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ringspec.harness import (
    Conclusion,
    Ended,
    Finding,
    Known,
    Outcome,
    Response,
    Result,
    Stale,
    Verdict,
)
from ringspec.reports import Redactor, Terminal, curl


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
    with Terminal(out, err, **options) as terminal:
        for event in sample.events(result):
            terminal.handle(event)
    return out.getvalue(), err.getvalue()


def failed(sample: ModuleType, found: Finding, copies: int = 1) -> Result:
    rule = replace(sample.RULES[1], outcome=Outcome.FAIL, failures=(found,) * copies)
    result: Result = replace(sample.result(), rules=(rule,))
    return result


def test_results_go_to_stdout_and_progress_to_stderr(sample: ModuleType) -> None:
    out, err = shown(sample)

    assert "done" not in out
    assert "FAIL" not in err
    assert "8/8 cases done, 4 failures" in err
    assert "note: the target answers slowly" in err


def test_log_has_no_escapes(sample: ModuleType) -> None:
    assert "\x1b" not in "".join(shown(sample))


def test_no_line_but_the_pasteable_ones_is_wider_than_the_screen(
    sample: ModuleType,
) -> None:
    out, _ = shown(sample, verbose=True)

    wide = [each for each in out.splitlines() if len(each) > 80]
    kept = ("curl", "base64", "nonconformant:", "  ringspec ")

    assert all(each.startswith(kept) for each in wide)


def test_curl_line_is_verbatim(sample: ModuleType) -> None:
    out, _ = shown(sample, verbose=True)

    for finding in (*sample.FAILS, sample.HUNG):
        assert f"\n{curl(finding.exchange)}\n" in out


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


def test_never_is_never(sample: ModuleType) -> None:
    assert "\x1b" not in shown(sample, kind=Screen, color="never")[0]


def test_always_outweighs_the_environment_but_draws_no_bar_in_a_log(
    sample: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")

    out, err = shown(sample, color="always")

    assert "\x1b[1;31mFAIL" in out
    assert "━" not in err


def test_quiet_shows_ids_and_the_end(sample: ModuleType) -> None:
    out, err = shown(sample, quiet=True)

    assert err == ""
    assert out.splitlines()[:2] == [
        "FAIL delays.count  delays.count/2 and 2 more",
        "FAIL robustness  robustness/nul",
    ]
    assert out.splitlines()[2].startswith("nonconformant: 2 rules fail, ")


def test_verbose_shows_every_case(sample: ModuleType) -> None:
    assert "delays.count/4" not in shown(sample)[0]
    assert "delays.count/4" in shown(sample, verbose=True)[0]


def test_hostile_text_cannot_reach_the_screen(sample: ModuleType) -> None:
    out, _ = shown(sample, verbose=True)

    assert "[red]boom[/red] \\x1b[2J" in out
    assert "\\u202egnp.exe" in out
    assert not any(each in out for each in "\x1b\x07\u202e\x00")


def test_megabytes_are_cut(sample: ModuleType) -> None:
    case = sample.case("a.b/1", b"{}")
    answer = Response(status=599, headers=(), body=b"x" * 5_000_000)
    fired = replace(sample.exchange(case), response=answer)
    found = sample.finding(fired, case, Verdict.FAIL, "y" * 1_000_000)

    out, _ = shown(sample, failed(sample, found))

    assert len(out) < 3000
    assert "HTTP 599\n" in out
    assert "(5,000,000 bytes in all)" in out


def test_secret_is_not_shown(sample: ModuleType) -> None:
    out, _ = shown(sample, redactor=Redactor(["boom"]))

    assert "boom" not in out


def test_single_inconclusive_rule_is_named(sample: ModuleType) -> None:
    result = replace(
        sample.result(),
        conclusion=Conclusion.INCONCLUSIVE,
        rules=sample.RULES[2:3],
        message="",
        hint="",
        interrupted=True,
    )

    out, _ = shown(sample, result)

    assert "INCONCLUSIVE file.required\n" in out
    assert out.endswith(
        "inconclusive: 1 rule inconclusive at level must"
        " (8 cases, 9 requests, 1.9 s, interrupted)\n"
    )


def test_many_inconclusive_rules_of_one_reason_are_listed_in_short(
    sample: ModuleType,
) -> None:
    rules = sample.RULES[2:3] * 12
    result = replace(sample.result(), rules=rules)

    out, _ = shown(sample, result)

    assert "INCONCLUSIVE 12 rules\n" in out
    assert "and 4 more" in out


def test_conformant_run_ends_in_one_line(sample: ModuleType) -> None:
    out, _ = shown(sample, sample.clean())

    assert out.endswith(
        "conformant: 1 rule passes at level must (8 cases, 9 requests, 1.9 s)\n"
        "\nnext\n"
        "  ringspec run … --level should  # what binds less strongly, too\n"
    )


def test_run_without_rules_says_so(sample: ModuleType) -> None:
    out, _ = shown(sample, replace(sample.clean(), rules=()))

    assert "no rule was looked at" in out


def test_dialect_is_named(sample: ModuleType) -> None:
    out = io.StringIO()
    started = sample.started()

    Terminal(out, io.StringIO()).handle(
        replace(started, contract=replace(started.contract, dialect="other"))
    )

    assert "Sample API 2023-03-25, dialect other" in out.getvalue()


def test_bar_goes_when_the_run_breaks_off(sample: ModuleType) -> None:
    err = Screen()

    with Terminal(Screen(), err) as terminal:
        terminal.handle(sample.started())

    assert err.getvalue().endswith("\x1b[2K")


def test_run_without_cases_ends(sample: ModuleType) -> None:
    out, err = io.StringIO(), io.StringIO()
    terminal = Terminal(out, err)

    terminal.handle(replace(sample.started(), total=0))
    terminal.handle(Ended(result=sample.clean()))

    assert err.getvalue() == ""


def test_ascii_stream_shows_escapes(sample: ModuleType, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="ascii") as out:
        terminal = Terminal(out, io.StringIO())
        for event in sample.events():
            terminal.handle(event)

    assert "\\U0001f600" in (tmp_path / "out").read_text()


def test_printed_curl_lines_run(sample: ModuleType, tmp_path: Path) -> None:
    stub = tmp_path / "curl"
    stub.write_text('#!/bin/sh\nif [ "${10}" = @- ]; then cat; fi >> "$OUT"\n')
    stub.chmod(0o755)
    out, _ = shown(sample)
    start = out.index("base64 -d")
    pasted = out[start : out.index("\nEOF\n", start) + 5]

    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "OUT": str(tmp_path / "body")}
    subprocess.run(["sh"], input=pasted.encode(), env=env, check=True)

    assert (tmp_path / "body").read_bytes() == sample.HANGS.request.body


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


KNOWN = Known(
    id="delays.count",
    reason="mended in 2.4 \x1b[31m",
    issue="VOICE-12",
    owner="jo",
    expires=date(2031, 1, 31),
)


def excused(sample: ModuleType) -> Result:
    rule = replace(
        sample.RULES[1], known=(KNOWN,), excused=True, otherwise=Outcome.PASS
    )
    result: Result = replace(
        sample.result(), rules=(sample.RULES[0], rule), message="", hint=""
    )
    return result


def test_known_failures_have_a_section_of_their_own(sample: ModuleType) -> None:
    out, _ = shown(sample, excused(sample))

    assert "FAIL" not in out
    start = out.index("KNOWN")
    assert out[start : start + 400].splitlines()[:3] == [
        "KNOWN failures, which do not gate",
        "  delays.count (3 cases)",
        "    mended in 2.4 \\x1b[31m (VOICE-12, owner jo, until 2031-01-31)",
    ]
    assert "1 rule fails as known, 1 passes at level must" in out


def test_known_failures_are_no_failures_where_it_is_quiet(sample: ModuleType) -> None:
    out, _ = shown(sample, excused(sample), quiet=True)

    assert "delays.count" not in out


def test_case_that_is_known_is_told_apart_from_those_that_are_not(
    sample: ModuleType,
) -> None:
    one = replace(KNOWN, id="delays.count/3")
    rules = (replace(sample.RULES[1], known=(one,)),)

    out, _ = shown(sample, replace(sample.result(), rules=rules))

    assert "FAIL delays.count" in out
    assert "  delays.count/3 (1 case)\n" in out


@pytest.mark.parametrize("quiet", [False, True], ids=["normal", "quiet"])
def test_stale_known_failures_are_named_with_the_reason(
    sample: ModuleType,
    quiet: bool,  # noqa: FBT001 - a parameter
) -> None:
    stale = (Stale(known=KNOWN, why="it no longer fails"),)
    result = replace(
        sample.clean(), stale=stale, conclusion=Conclusion.NONCONFORMANT, exit_code=1
    )

    out, _ = shown(sample, result, quiet=quiet)

    assert "delays.count: it no longer fails" in out
    assert ("--update-known-failures" in out) is not quiet


def test_next_lines_are_few_and_lead_to_the_first_case(sample: ModuleType) -> None:
    out, _ = shown(sample)

    told = out[out.index("\nnext\n") :].splitlines()[2:]
    assert 1 <= len(told) <= 3
    assert told[0].startswith(
        "  ringspec replay delays.count/2 http://127.0.0.1:8080 --seed 7"
    )
    assert any("--report html=" in each for each in told)


def test_quiet_says_nothing_of_what_is_next(sample: ModuleType) -> None:
    assert "next" not in shown(sample, quiet=True)[0]


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


def test_nothing_a_target_says_begins_a_line_with_a_command(
    sample: ModuleType,
) -> None:
    case = sample.case("a.b/1", b"{}")
    answer = Response(status=599, headers=(), body=b"::error::x " * 60)
    fired = replace(sample.exchange(case), response=answer)
    found = sample.finding(fired, case, Verdict.FAIL, "::stop-commands::" + "y" * 99)

    out, _ = shown(sample, failed(sample, found))

    assert "::error::" in out
    assert not any(each.lstrip().startswith("::") for each in out.splitlines())


def test_several_rules_of_one_defect_are_one_block(sample: ModuleType) -> None:
    case = sample.case("a.b/1", b"{}")
    fired = sample.exchange(case, error="nothing came")
    found = sample.finding(fired, case, Verdict.FAIL, "nothing came")
    rules = [
        replace(
            sample.RULES[1],
            rule=replace(sample.RULES[1].rule, id=f"r{number}"),
            failures=(found,),
        )
        for number in range(10)
    ]

    short, _ = shown(sample, replace(sample.result(), rules=tuple(rules)))
    whole, _ = shown(sample, replace(sample.result(), rules=tuple(rules)), verbose=True)

    assert short.count("FAIL ") == 1
    assert "FAIL no answer: nothing came  MUST" in short
    assert "r7 and 2 more" in short
    assert "r8, r9" in whole
    assert short.count("  case    a.b/1") == 1


def test_warnings_of_one_defect_are_one_line(sample: ModuleType) -> None:
    warned = sample.RULES[4]
    rules = tuple(
        replace(warned, rule=replace(warned.rule, id=f"r{number}"))
        for number in range(3)
    )

    out, _ = shown(sample, replace(sample.clean(), rules=rules))

    assert out.count("warn    ") == 1
    assert "warn    r0, r1, r2 (SHOULD): " in out
