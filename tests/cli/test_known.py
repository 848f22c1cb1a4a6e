"""`ringspec run --known-failures`, as a command."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ringspec.reference import Embedded

from ..called import call  # noqa: TID252 - tests are no distribution

MUTANT = "retry-delays-count-unchecked"


RULE = "retryDelays.count"
SCHEMA = Path(__file__).parents[2] / "reports/ringspec/reports/report.schema.json"


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Any]:
    """Run a few cases against a server, with a file of known failures."""

    def fire(server: Embedded, text: str | None, *more: str) -> Any:
        path = tmp_path / "known.toml"
        if text is not None:
            path.write_text(text, "utf-8")
        narrow = () if "--select" in more else ("--select", RULE, "--select", "from")
        return call(
            *("run", server.url, "--bearer", server.token, "--phase", "cases"),
            *narrow,
            *("--known-failures", str(path)),
            *more,
            report=True,
        )

    return fire


def entry(name: str = RULE, **more: str) -> str:
    written = "".join(f"{key} = {value}\n" for key, value in more.items())
    kind = "case" if "/" in name else "rule"
    return f'[[known]]\n{kind} = "{name}"\nreason = "in March"\n{written}\n'


def rule_of(report: dict[str, Any], name: str = RULE) -> dict[str, Any]:
    return next(each for each in report["rules"] if each["id"] == name)


def test_known_failure_does_not_fail_the_run(
    run: Callable[..., Any], mutant: Embedded
) -> None:
    text = entry(issue='"T-17"', owner='"voice team"', expires="2999-12-31")

    ended = run(mutant, text)

    found = rule_of(ended.report)
    assert ended.status == 0, ended.stderr
    assert ": 1 fails as known" in ended.stdout
    assert ended.report["conclusion"] == "conformant in part"
    assert found["outcome"] == "fail"
    assert found["excused"] is True
    assert found["known"] == [
        {
            "id": RULE,
            "reason": "in March",
            "issue": "T-17",
            "owner": "voice team",
            "expires": "2999-12-31",
        }
    ]
    assert {each["known"] for each in found["failures"]} == {True}
    assert ended.report["stale"] == []
    schema = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator(schema).validate(ended.report)


@pytest.mark.parametrize(
    ("text", "id_", "why"),
    [
        (entry("from.type"), "from.type", "it no longer fails"),
        (entry(expires="2020-01-31"), RULE, "it expired on 2020-01-31"),
        (entry("form.type"), "form.type", "is from.type meant?"),
    ],
    ids=["gone", "expired", "misspelt"],
)
def test_stale_entry_fails_the_run_and_is_named(
    run: Callable[..., Any], mutant: Embedded, text: str, id_: str, why: str
) -> None:
    excused = "" if id_ == RULE else entry()

    ended = run(mutant, excused + text)

    (stale,) = ended.report["stale"]
    assert ended.status == 1
    assert ended.report["conclusion"] == "nonconformant"
    assert stale["id"] == id_
    assert why in stale["why"]
    assert id_ in ended.stdout
    assert why in ended.stdout
    schema = json.loads(SCHEMA.read_text("utf-8"))
    Draft202012Validator(schema).validate(ended.report)


def test_update_writes_a_file_by_which_the_next_run_passes(
    run: Callable[..., Any], mutant: Embedded, tmp_path: Path
) -> None:
    first = run(mutant, None, "--update-known-failures")
    again = run(mutant, None)

    written = tomllib.loads((tmp_path / "known.toml").read_text("utf-8"))
    assert written == {"known": [{"rule": RULE, "reason": "not yet looked at"}]}
    assert "1 added, 0 dropped, 0 kept" in first.stderr
    assert (first.status, again.status) == (0, 0)
    assert first.report["conclusion"] == "conformant in part"


def test_update_keeps_what_people_wrote_and_drops_what_is_gone(
    run: Callable[..., Any], mutant: Embedded, tmp_path: Path
) -> None:
    head = "# Ours.\n\n"
    gone = "# gone since May\n" + entry("from.type")
    kept = '# they know\n[[known]] # since May\nreason = """\nin\nMarch"""\n'
    kept += f"'rule' = \"{RULE}\" \n"
    left = entry("answer.echo", expires="2999-01-01")

    ended = run(mutant, head + gone + kept + "\n" + left, "--update-known-failures")

    assert ended.status == 0
    assert "0 added, 1 dropped, 2 kept" in ended.stderr
    assert "from.type: it no longer fails" in ended.stderr
    assert (tmp_path / "known.toml").read_text("utf-8") == head + kept + "\n" + (
        left.rstrip("\n") + "\n"
    )


def test_update_adds_to_what_is_written_in_another_way(
    run: Callable[..., Any], mutant: Embedded, tmp_path: Path
) -> None:
    inline = 'known = [{rule = "from.type", reason = "x"}, '
    inline += '{rule = "answer.echo", reason = "k\\u007f", issue = 12}]\n'

    ended = run(mutant, inline, "--update-known-failures")

    written = tomllib.loads((tmp_path / "known.toml").read_text("utf-8"))
    assert ended.status == 0
    assert written["known"] == [
        {"rule": "answer.echo", "reason": "k\x7f", "issue": "12"},
        {"rule": RULE, "reason": "not yet looked at"},
    ]


def test_update_leaves_an_expired_entry_to_people(
    run: Callable[..., Any], mutant: Embedded, tmp_path: Path
) -> None:
    text = entry(expires="2020-01-31")

    ended = run(mutant, text, "--update-known-failures")

    assert ended.status == 1
    assert "0 added, 0 dropped, 1 kept" in ended.stderr
    assert (tmp_path / "known.toml").read_text("utf-8") == text


def test_update_does_not_touch_the_file_where_nobody_answers(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text(entry(), "utf-8")
    options = ("--known-failures", str(path), "--update-known-failures")

    ended = call("run", "http://127.0.0.1:9", *options)

    assert ended.status == 3
    assert f"{path} stays as it is: the run was inconclusive" in ended.stderr
    assert path.read_text("utf-8") == entry()


def test_update_that_cannot_be_written_loses_no_report(
    run: Callable[..., Any], mutant: Embedded, tmp_path: Path
) -> None:
    place = tmp_path / "gone"
    place.mkdir()
    path = place / "known.toml"
    path.symlink_to(tmp_path / "nowhere" / "known.toml")

    ended = run(mutant, None, "--known-failures", str(path), "--update-known-failures")

    assert ended.status == 2
    assert "the known failures cannot be written" in ended.stderr


@pytest.mark.parametrize(
    ("text", "line", "said", "hint"),
    [
        ("[[knwon]]\n", 1, "'knwon'", "is 'known' meant?"),
        (entry() + entry("x.y", reaosn='"x"'), 8, "'reaosn'", "is 'reason' meant?"),
        (entry(expires='"2027-03-31"'), 4, "`expires`", "without quotes"),
        (entry(owner="7"), 4, "`owner` is no text", "quotes"),
        (entry(issue='"""\n"""'), 4, "`issue` is no text", "quotes"),
        (entry() + "[[known]]\nreason='x'\n", 5, "no rule and no case", "of the two"),
        (entry(case='"x/y"'), 1, "both a rule and a case", "of the two"),
        (entry().replace('reason = "in March"', ""), 1, "no reason", "say why"),
        (entry() + entry(), 5, f"{RULE} is listed twice", "leave one"),
        (entry("explore/x-1"), 2, "no lasting id", 'phase = "explore"'),
        (entry(phase='"wire"'), 4, "such a phase", "leave it out"),
        ("known = 1\n", 0, "no list of tables", "[[known]]"),
        ("[[known]\n", 0, "line 1", "toml"),
    ],
)
def test_slip_in_the_file_is_wrong_usage_and_says_where(
    run: Callable[..., Any],
    reference: Embedded,
    tmp_path: Path,
    text: str,
    line: int,
    said: str,
    hint: str,
) -> None:
    ended = run(reference, text)

    message, advice = ended.stderr.splitlines()
    place = f"{tmp_path / 'known.toml'}:{line}:" if line else f"{tmp_path}/known.toml:"
    assert ended.status == 2
    assert ended.stdout == ""
    assert place in message
    assert said in message
    assert hint in advice
