"""Completion of command lines, by what shells ask for and in the shells themselves."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ringspec.cli import completing
from ringspec.cli.completing import SHELLS, answers

from ..called import call, environment  # noqa: TID252 - tests are no distribution

FILE = "file\t\t"


def words(line: str, shell: str = "zsh") -> list[str]:
    """Complete a line, whose last word is unfinished."""
    return [answer.split("\t")[1] for answer in answers(line.split(" ")[1:], shell)]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("ringspec com", ["compare", "completion"]),
        ("ringspec profile ", ["check", "init"]),
        ("ringspec run --se", ["--select", "--seed"]),
        ("ringspec run --level m", ["must", "may"]),
        ("ringspec run --level=m", ["--level=must", "--level=may"]),
        ("ringspec run --select retryDelays.it", [
            "retryDelays.items.type",
            "retryDelays.items.min",
            "retryDelays.items.max",
        ]),
        ("ringspec rules --exclude err", ["error", "error.status", "error.envelope"]),
        ("ringspec serve --dialect n", ["naxai-sdk"]),
        ("ringspec run --profile r", ["reference"]),
        ("ringspec run --phase cases,w", ["cases,wire"]),
        ("ringspec run --report j", ["json=", "junit="]),
        ("ringspec compare a.json --report h", ["html="]),
        ("ringspec serve --mutant delay-432", [
            "delay-4321-accepted",
            "delay-4320-refused",
        ]),
        ("ringspec completion z", ["zsh"]),
        ("ringspec run --seed 1 --qu", ["--quick", "--quiet"]),
        ("ringspec nonsense --", ["--version", "--traceback", "--help"]),
        ("ringspec run --seed ", []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_next_words_are_offered(line: str, offered: list[str]) -> None:
    assert words(line) == offered


def test_every_mutant_rule_and_option_is_offered_with_its_help() -> None:
    assert len(words("ringspec serve --mutant ")) > 800
    assert len(words("ringspec run --select ")) > 142
    assert "word\t--quick\t" in answers(["run", "--qui"], "zsh")[0]
    assert "fewest bodies" in answers(["run", "--qui"], "zsh")[0]


@pytest.mark.parametrize(
    "given",
    [
        ["run", "--contract", ""],
        ["run", "--dialect", "./mi"],
        ["run", "--report", "html", "=", "re"],
        ["replay", "rep"],
    ],
    ids=["contract", "dialect", "report", "argument"],
)
def test_files_are_left_to_the_shell(given: list[str]) -> None:
    assert answers(given, "bash") == [FILE]


def test_bash_is_given_what_follows_the_sign_alone() -> None:
    assert answers(["run", "--level", "=", "mu"], "bash") == ["word\tmust\t"]
    assert answers(["run", "--level", "="], "bash")[0] == "word\tmust\t"


def test_trouble_offers_nothing_and_is_not_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(completing, "TABLE", tmp_path / "gone.json")

    called = call("run", "--", _RINGSPEC_COMPLETE="bash")

    assert (called.status, called.stdout, called.stderr) == (0, "", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_is_printed(shell: str) -> None:
    called = call("completion", shell)

    assert called.status == 0
    assert called.stdout == (SHELLS / f"ringspec.{shell}").read_text("utf-8")
    assert f"ringspec completion {shell}" in called.stdout


def test_shell_that_is_not_known_is_wrong_usage() -> None:
    called = call("completion", "tcsh")

    assert called.status == 2
    assert "bash" in called.stderr


def in_shell(shell: str, *program: str) -> list[str]:
    """Run a program by a shell that has no start-up files; return its lines."""
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here: apt-get install {shell}")
    environ = environment({"LC_ALL": "C.UTF-8"})
    environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
    done = subprocess.run(
        [shell, *program],
        capture_output=True,
        text=True,
        env=environ,
        check=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


def test_bash_completes_rules() -> None:
    program = f"""
        . {SHELLS}/ringspec.bash
        complete -p ringspec
        COMP_WORDS=(ringspec run --select "retryDelays.items.m") COMP_CWORD=3
        _ringspec_completion ringspec
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """

    assert in_shell("bash", "--norc", "-c", program) == [
        "complete -o nosort -F _ringspec_completion ringspec",
        "retryDelays.items.min",
        "retryDelays.items.max",
    ]


def test_fish_completes_rules() -> None:
    program = f"""
        source {SHELLS}/ringspec.fish
        complete -C "ringspec run --select retryDelays.items.m"
    """

    assert in_shell("fish", "--no-config", "-c", program) == [
        "retryDelays.items.min\tA delay is not negative.",
        "retryDelays.items.max\tA delay is at most 4320 minutes.",
    ]


def test_zsh_completes_rules_and_formats() -> None:
    # What its completion system provides says here what it was given.
    program = f"""
        compdef() {{ print -r -- "compdef $*" }}
        _describe() {{ print -rl -- "${{(@P)@[-1]}}" }}
        compadd() {{ print -r -- "compadd $*" && print -rl -- "${{(@P)@[-1]}}" }}
        . {SHELLS}/ringspec.zsh
        words=(ringspec run --select retryDelays.items.m) CURRENT=4
        _ringspec
        words=(ringspec run --report j) CURRENT=4
        _ringspec
    """

    assert in_shell("zsh", "-f", "-c", program) == [
        "compdef _ringspec ringspec",
        "retryDelays.items.min:A delay is not negative.",
        "retryDelays.items.max:A delay is at most 4320 minutes.",
        "compadd -S  -a parts",
        "json=",
        "junit=",
    ]


def test_bash_offers_nothing_where_nothing_fits() -> None:
    program = f"""
        . {SHELLS}/ringspec.bash
        COMP_WORDS=(ringspec run --level "x") COMP_CWORD=3
        _ringspec_completion ringspec
        echo "${{#COMPREPLY[@]}}"
    """

    assert in_shell("bash", "--norc", "-c", program) == ["0"]
