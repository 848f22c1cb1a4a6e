"""Wrong usage ends with exit 2, one message and a hint, and nothing is sent."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringspec.reference import Embedded
from ringspec.spec import reading

from .conftest import COMMAND

Ringspec = Callable[..., Any]

DATA = reading.read(Path(__file__).parent / "data" / "wrong_usage.yaml")
ROWS = [
    pytest.param(f"{command} {words}", said, id=f"{command} {words}")
    for command, rows in DATA["commands"].items()
    for words, said in rows.items()
]


@pytest.mark.parametrize(("words", "said"), ROWS)
def test_wrong_usage_says_what_and_what_to_do(
    ringspec: Ringspec,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    said: str | list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in DATA["files"].items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text, "utf-8")
    before = sorted(tmp_path.rglob("*"))

    ended = ringspec(*shlex.split(words))

    lines = ended.stderr.strip().splitlines()
    assert ended.status == 2, ended.stderr
    # A profile is tried step by step.
    assert ended.stdout == "" or words.startswith("profile check")
    if not lines[0].startswith("Usage: "):
        assert any(it.startswith("ringspec: ") for it in lines)
        assert lines[-1].startswith("    hint: ") or said == "nothing to explore"
    for each in [said] if isinstance(said, str) else said:
        assert each in ended.stderr
    assert "hush" not in ended.stderr
    assert "Traceback" not in ended.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_full_disk_behind_the_output_is_an_error(reference: Embedded) -> None:
    options = ("run", reference.url, "--bearer", reference.token, "--select", "name")

    with Path("/dev/full").open("w") as out:
        full = subprocess.run(
            [*COMMAND, *options],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    assert full.returncode == 2
    assert "the output cannot be written: No space left on device" in full.stderr
    assert "Traceback" not in full.stderr
    assert "Exception ignored" not in full.stderr
