"""The command against real servers: verdicts, selection, output."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringspec.reference import Embedded
from ringspec.reports.json_report import REPORT_FORMAT
from ringspec.strategies import FORMAT as CASE_FORMAT

from ..called import at  # noqa: TID252 - tests are no distribution
from .conftest import on_windows

MUTANT = "delay-4321-accepted"

Ringspec = Callable[..., Any]
Started = Callable[..., subprocess.Popen[str]]


def test_version_names_the_formats_of_cases_and_reports(ringspec: Ringspec) -> None:
    ended = ringspec("--version")

    assert ended.status == 0
    assert ended.stdout.endswith(f" ({CASE_FORMAT}, {REPORT_FORMAT})\n")


def test_embedded_server_is_conformant_at_every_level(ringspec: Ringspec) -> None:
    ended = ringspec("run", "--level", "may", report=True)

    assert ended.status == 0, ended.stdout
    assert set(ended.outcomes.values()) == {"pass"}
    assert "conformant" in ended.stdout


def test_mutant_is_nonconformant_by_its_rule_alone(
    ringspec: Ringspec, mutant: Embedded
) -> None:
    ended = ringspec("run", *at(mutant), report=True)

    failing = [rule for rule, outcome in ended.outcomes.items() if outcome == "fail"]
    assert ended.status == 1
    assert failing == ["retryDelays.items.max"]
    assert "FAIL retryDelays.items.max" in ended.stdout
    assert mutant.token not in ended.stdout


def test_what_takes_long_before_a_run_is_told(ringspec: Ringspec) -> None:
    path = str(Path(__file__).parents[1] / "general" / "payments.openapi.yaml")
    unheard = ("run", "http://127.0.0.1:1", "--seed", "7", "--contract", path)

    ended = ringspec(*unheard, "--operation", "createPaymentOrder")

    assert [each.rstrip("0123456789 case") for each in ended.stderr.splitlines()] == [
        f"reading {path}",
        "compiling cases for 109 rules of createPaymentOrder",
        "proving",
    ]
    assert ringspec("run", unheard[1], "--quiet").stderr == ""


def test_failure_below_the_level_is_a_warning(ringspec: Ringspec) -> None:
    with Embedded(mutant="invalid-as-conflict") as embedded:
        ended = ringspec(
            *("run", *at(embedded)),
            *("--select", "error.status", "--exclude", "voiceFlow"),
        )

    assert ended.status == 0
    assert "error.status" in ended.stdout
    assert "warn" in ended.stdout


@pytest.mark.parametrize(
    "options",
    [
        ("--select", "name"),
        ("--select", "retryDelays", "--exclude", "retryDelays.items.max"),
    ],
    ids=["select", "exclude"],
)
def test_selected_rules_alone_are_judged(
    ringspec: Ringspec, mutant: Embedded, options: tuple[str, ...]
) -> None:
    ended = ringspec("run", *at(mutant), *options, report=True)

    selected = {rule for rule in ended.outcomes if rule.startswith(options[1])}
    selected -= {"retryDelays.items.max"}
    assert ended.status == 0
    assert {ended.outcomes[rule] for rule in selected} == {"pass"}
    assert {ended.outcomes[r] for r in ended.outcomes.keys() - selected} == {"skipped"}


@pytest.mark.parametrize(
    "names", ["bearer", "token", "client_id client_secret token_url"]
)
def test_credentials_come_from_the_environment(
    ringspec: Ringspec, reference: Embedded, names: str
) -> None:
    given = {"bearer": reference.token, **reference.access}
    environ = {f"RINGSPEC_{name.upper()}": given[name] for name in names.split()}

    ended = ringspec("run", reference.url, "--select", "auth", **environ)

    assert ended.status == 0, ended.stdout


def test_wrong_client_secret_is_inconclusive_and_not_shown(
    ringspec: Ringspec, reference: Embedded
) -> None:
    ended = ringspec(
        *("run", reference.url, "--client-id", reference.client_id),
        *("--client-secret", "wr0ng-s3cr3t", "--token-url", reference.token_url),
    )

    assert ended.status == 3
    assert "hint: check client id and client secret" in ended.stderr
    assert "wr0ng" not in ended.stderr


def test_fail_fast_ends_at_the_first_failure(
    ringspec: Ringspec, mutant: Embedded
) -> None:
    ended = ringspec("run", *at(mutant), "--fail-fast", report=True)

    failures = sum(len(rule["failures"]) for rule in ended.report["rules"])
    assert ended.status == 1
    assert failures == 1
    assert "stopped at the first failure" in ended.stdout
    assert "pass" in ended.outcomes.values()
    assert ended.outcomes["robustness"] == "inconclusive"


@pytest.mark.parametrize(
    "command",
    ["rules", "rules --format=json", "rules --format=markdown", "prove", "cases"],
)
def test_screen_that_has_not_every_letter_ends_no_command(
    ringspec: Ringspec, tmp_path: Path, command: str
) -> None:
    plain = (Path(__file__).parent / "data" / "small.yaml").read_text("utf-8")
    path = tmp_path / "foreign.yaml"
    path.write_text(plain.replace("Small", "名").replace("colour", "名"), "utf-8")

    words = (*command.split(), "--contract", str(path))
    ended = ringspec(*words, PYTHONIOENCODING="cp1252")

    assert (ended.status, ended.stderr) == (0, "")
    assert "名" in ended.stdout or "\\u540d" in ended.stdout


@pytest.mark.parametrize("command", ["run", "rules", "cases"])
def test_reader_that_leaves_early_causes_no_noise(
    started: Started, command: str
) -> None:
    process = started(command, "--select", "name")
    assert process.stdout is not None
    assert process.stderr is not None

    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()

    assert process.wait(timeout=60) == 0
    assert "Traceback" not in err
    assert "Exception ignored" not in err


def test_reader_that_leaves_early_does_not_change_the_verdict(
    started: Started, mutant: Embedded
) -> None:
    process = started("run", *at(mutant), "--select", "retryDelays")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()

    assert process.wait(timeout=60) == 1


@on_windows
@pytest.mark.parametrize(
    "more", [[], ["--record=/dev/null", "--mutant=name-type-unchecked"]]
)
def test_serve_takes_a_token_announces_where_it_is_and_ends_at_a_signal(
    started: Started, ringspec: Ringspec, more: list[str]
) -> None:
    dialect = "--dialect=naxai-sdk"
    process = started("serve", "--port=0", "--token=84219973", dialect, *more)
    assert process.stdout is not None
    announced = json.loads(process.stdout.readline())

    ended = ringspec(
        *("run", announced["url"], dialect, "--select", "name.type"),
        *("--select", "auth.token", "--level", "may"),  # which has no letters
        RINGSPEC_TOKEN="84219973",
    )
    process.terminate()

    parts = ["url", "token_url", "client_id", "client_secret", "token"]
    assert list(announced) == parts
    assert announced["token"] == "84219973"
    assert ended.status == (1 if more else 0), ended.stderr
    assert process.wait(timeout=60) == (1 if more else 0)


def test_report_links_rules_to_their_documentation(
    ringspec: Ringspec, reference: Embedded, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"

    ended = ringspec(
        *("run", *at(reference)),
        *("--select", "name.type", "--phase", "cases", "--report", f"html={path}"),
        RINGSPEC_DOCS="http://127.0.0.1:8000/docs/",
    )

    assert ended.status == 0, ended.stderr
    link = 'href="http://127.0.0.1:8000/docs/reference/rules/#name.type"'
    assert link in path.read_text()
