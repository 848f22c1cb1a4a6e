"""Completion of command lines, as shells ask for it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from ringspec.cli.main import COMPLETE_VARIABLE, group

from ..called import environment, ran  # noqa: TID252 - tests are no distribution
from .conftest import TABLES


def completions(line: str) -> list[str]:
    """Complete a line, whose last word is unfinished."""
    *words, last = line.split(" ")
    completion = ShellComplete(group, {}, "ringspec", COMPLETE_VARIABLE)
    return [
        item.value if item.type == "plain" else f"{item.type}:{item.value}"
        for item in completion.get_completions(words, last)
    ]


@pytest.mark.parametrize(("line", "offered"), TABLES["completion"].items())
def test_next_words_are_offered(line: str, offered: list[str]) -> None:
    assert completions(line) == offered


@pytest.mark.parametrize(
    ("shell", "program"),
    [
        (
            "bash",
            """eval "$(ringspec completion bash)"
            COMP_WORDS=(ringspec run --select "retryDelays.items.m") COMP_CWORD=3
            _ringspec_completion ringspec
            printf '%s\\n' "${COMPREPLY[@]}" """,
        ),
        (
            "fish",
            """ringspec completion fish | source
            complete -C "ringspec run --select retryDelays.items.m" """,
        ),
        (
            # What its completion system provides prints here what it was given.
            "zsh",
            """compdef() { }
            _describe() { print -rl -- "${(@P)@[-2]}" }
            eval "$(ringspec completion zsh)"
            words=(ringspec run --select retryDelays.items.m) CURRENT=4
            _ringspec_completion""",
        ),
    ],
    ids=["bash", "fish", "zsh"],
)
def test_shell_completes_rules(shell: str, program: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here: apt-get install {shell}")
    options = {"bash": "--norc", "fish": "--no-config", "zsh": "-f"}
    environ = environment({"LC_ALL": "C.UTF-8"})
    environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"

    done = ran(shell, options[shell], "-c", program, env=environ, check=True)

    assert done.stderr == ""
    assert "retryDelays.items.min" in done.stdout
    assert "retryDelays.items.max" in done.stdout
