"""`ringspec run` with explore, as a command."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from ringspec.reference import Embedded

Ringspec = Callable[..., Any]
Started = Callable[..., subprocess.Popen[str]]

WITHOUT = """
import sys
from ringspec.cli.main import status_of
status = status_of(["run", "--phase", "cases", "--select", "name", "--quiet"])
assert not {"hypothesis", "schemathesis"} & sys.modules.keys()
sys.exit(status)
"""


def test_embedded_server_stands_exploring(ringspec: Ringspec) -> None:
    ended = ringspec(
        "run", "--phase", "explore", "--examples", "40", "--level", "may", report=True
    )

    assert ended.status == 0, ended.stdout + ended.stderr
    assert ended.report is not None
    assert ended.report["counts"]["cases"] == 41
    # A walk through the life cycle takes several.
    assert ended.report["counts"]["requests"] > 41
    assert ended.outcomes["body.accepted"] == "pass"
    assert ended.outcomes["answer.echo"] == "pass"
    assert ended.outcomes["name.required"] == "skipped"


def test_examples_come_after_the_phases_that_are_named(ringspec: Ringspec) -> None:
    named = ("run", "--phase", "cases", "--select", "name")
    without = ringspec(*named, report=True)

    ended = ringspec(*named, "--examples", "12", report=True)

    assert ended.status == without.status == 0
    assert ended.report is not None
    assert without.report is not None
    more = ended.report["counts"]["cases"] - without.report["counts"]["cases"]
    assert more == 12


def test_mutant_is_found_without_the_list(ringspec: Ringspec) -> None:
    select = ("--select", "retryDelays.items", "--examples", "40")
    with Embedded(mutant="delay-4321-accepted") as mutant:
        told = [
            ringspec(
                *("run", mutant.url, "--bearer", mutant.token, "--phase", "explore"),
                *select,
                report=True,
            )
            for _ in range(2)
        ]

    first, second = (failures(ended.report) for ended in told)
    (found,) = first
    assert [ended.status for ended in told] == [1, 1]
    assert found["rule"] == "retryDelays.items.max"
    assert found["case"].startswith("explore/retryDelays.items.max-")
    assert found["twin"] is None
    assert found["request"]["body"]["retryDelays"] == [4321]
    assert found["case"] in told[0].stdout
    assert [(each["case"], each["request"]) for each in second] == [
        (found["case"], found["request"])
    ]


def failures(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"rule": rule["id"], **failure}
        for rule in report["rules"]
        for failure in rule["failures"]
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--examples", "0", "--phase", "explore"), "nothing to explore"),
        (("--examples", "-1"), "--examples"),
        (("http://192.0.2.1", "--examples", "5"), "not on this machine"),
        (("http://192.0.2.1", "--phase", "explore"), "not on this machine"),
    ],
)
def test_what_cannot_be_explored_is_wrong_usage(
    ringspec: Ringspec, arguments: tuple[str, ...], said: str
) -> None:
    ended = ringspec("run", *arguments)

    assert ended.status == 2
    assert said in ended.stderr


def test_interrupt_ends_exploring_at_once(started: Started) -> None:
    process = started("run", "--phase", "explore", "--examples", "100000")
    assert process.stdout is not None
    while "run" not in process.stdout.readline():
        assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)

    process.send_signal(signal.SIGINT)

    assert process.wait(10) == 130
    assert "interrupted after" in process.stdout.read()


def test_run_that_does_not_explore_loads_nothing_for_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr
