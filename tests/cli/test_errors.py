"""Wrong usage ends with exit 2, one message and a hint, and nothing is sent."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringspec.reference import Embedded

from .conftest import COMMAND

Ringspec = Callable[..., Any]

CLOSED = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", CLOSED, "--dialect", "naxia-sdk"), "did you mean naxai-sdk?"),
        (("run", "--dialect", "klingon"), "no dialect 'klingon'"),
        (("run", CLOSED, "--contract", "no-such.yaml"), "no-such.yaml"),
        (("run", "--contract", "no-such.yaml"), "the embedded server knows only"),
        (("run", CLOSED, "--operation", "noSuch"), "noSuch"),
        (("run", CLOSED, "--select", "retrydelay"), "did you mean retryDelays?"),
        (("run", CLOSED, "--exclude", "nosuch"), "no rule begins with 'nosuch'"),
        (("run", CLOSED, "--select", "name", "--exclude", "name"), "no rule is sel"),
        (("run", CLOSED, "--report", "json"), "'json' has no path"),
        (("run", CLOSED, "--report", "htlm=x"), "did you mean html?"),
        (("run", CLOSED, "--phase", "wier"), "did you mean wire?"),
        (("run", CLOSED, "--report", "json=/no/such/dir/r.json"), "/no/such/dir"),
        (("run", CLOSED, "--timeout", "nan"), "--timeout is no number"),
        (("run", CLOSED, "--bearer", "a b\nc"), "the token has characters"),
        (("run", CLOSED, "--client-id", "me"), "belong together"),
        (("run", "ftp://127.0.0.1"), "'ftp://127.0.0.1' is not the URL"),
        (("run", "127.0.0.1:8000"), "did you mean http://127.0.0.1:8000?"),
        (("replay", "name.type/null", "localhost:8"), "did you mean http://loc"),
        (("run", "api.example.com/v1"), "did you mean https://api.example.com/v1?"),
        (("run", "http://127.0.0.1:99999"), "its port is a number from 1 to 65535"),
        (("run", "http://0.0.0.0:8000"), "names no server, only where one listens"),
        (("run", f"{CLOSED}/voice/broadcasts/"), f"did you mean {CLOSED}?"),
        (("run", "http://127.0.0.1/?a=b"), "is not the URL of a server"),
        (("run", "me:hush@127.0.0.1"), "would show in every report"),
        (("run", CLOSED, "--report", "json=r", "--report", "junit=r"), "two reports"),
        (("rules", "--select", "namee"), "did you mean name?"),
        (("cases", "--dialect", "klingon"), "klingon"),
        (("serve", "--mutant", "no-such"), "no mutant 'no-such'"),
        (("run", CLOSED, "--quiet", "--verbose"), "--quiet and --verbose exclude"),
        (("run", CLOSED, "--phase", ""), "no phase ''"),
        (("prove", "--select", "lifecycle"), "no mutant of the contract concerns"),
        (("compare", "--runs", "--providers"), "--runs and --providers exclude"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_says_what_and_what_to_do(
    ringspec: Ringspec, arguments: tuple[str, ...], message: str
) -> None:
    ended = ringspec(*arguments)

    lines = ended.stderr.strip().splitlines()
    assert ended.status == 2, ended.stderr
    assert ended.stdout == ""
    assert lines[-2].startswith("ringspec: ")
    assert lines[-1].startswith("    hint: ")
    assert message in "".join(lines[-2:])
    assert "hush" not in ended.stderr


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "just text",
        "openapi: 3.0.3\ninfo: {title: x, version: '1'}\npaths: {}\n",
        "openapi: 3.1.0\ninfo: {title: x, version: '1'}\npaths: {}\n",
        "swagger: '2.0'\n",
        "\x00",
    ],
    ids=["cut", "text", "3.0", "no-operation", "swagger", "binary"],
)
def test_file_that_is_no_contract_is_wrong_usage(
    ringspec: Ringspec, tmp_path: Path, text: str
) -> None:
    contract = tmp_path / "api.yaml"
    contract.write_text(text)

    ended = ringspec("run", CLOSED, "--contract", str(contract))

    assert ended.status == 2, ended.stderr
    assert ended.stdout == ""
    assert ended.stderr.splitlines()[1].startswith("ringspec: ")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "--level", "MSUT"), "'should', 'may'; did you mean must?"),
        (("run", "--seed", "x"), "'x' is not a valid integer"),
        (("run", "--no-such-option"), "No such option"),
        (("rnu",), "No such command 'rnu'. Did you mean 'run'?"),
        (("completion", "tcsh"), "'tcsh' is not one of 'bash', 'zsh', 'fish'"),
    ],
    ids=["level", "seed", "option", "command", "shell"],
)
def test_wrong_option_is_wrong_usage(
    ringspec: Ringspec, arguments: tuple[str, ...], message: str
) -> None:
    ended = ringspec(*arguments)

    assert ended.status == 2
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


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
