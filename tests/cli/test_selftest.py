"""The real selftest on a few servers of the fleet."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ringspec.cli import fleet as fleet_module
from ringspec.cli.fleet import FleetRunner, FleetServer, fleet, prepare, run_in_pool
from ringspec.reference import LAWFUL, MUTANTS, Behaviour, Variant
from ringspec.reports import Channel, RunMark, ServerKind
from ringspec.spec import InternalError, Level, UsageError, load

from ..waiting import eventually  # noqa: TID252 - tests are no distribution

Command = Callable[..., Any]
Started = Callable[..., subprocess.Popen[str]]

MUTANT = "delay-4321-accepted"


def subjects(
    *prefixes: str, level: Level = Level.MAY, over_network: bool = False
) -> list[FleetServer]:
    return list(fleet(load(), prefixes, level, over_network=over_network))


def test_a_noticed_mutant_makes_a_selftest_succeed(
    ringspec: Command, tmp_path: Path
) -> None:
    json_path = tmp_path / "m.json"

    ended = ringspec(
        "selftest", MUTANT, "created-is-202", "--report", f"json={json_path}"
    )

    assert ended.status == 0
    assert "1 of 1 mutant noticed, 1 by their rule" in ended.stdout
    assert "0 false alarms on 2 correct servers" in ended.stdout
    written = json.loads(json_path.read_text())
    assert [each["name"] for each in written["trials"]] == [
        "reference", MUTANT, "created-is-202",
    ]  # fmt: skip
    assert written["trials"][1]["noticed"] == [
        {"rule": "retryDelays.items.max", "level": "must"}
    ]
    assert written["trials"][1]["until"] < written["requests"]["whole"]


def test_a_matrix_is_the_same_over_the_network(
    ringspec: Command, tmp_path: Path
) -> None:
    path = tmp_path / "m.json"

    ended = ringspec(
        "selftest", MUTANT, "created-is-202", "--over-network", "--workers", "1",
        "--report", f"json={path}",
    )  # fmt: skip

    assert ended.status == 0
    ways = {each["way"] for each in json.loads(path.read_text())["trials"]}
    assert ways == {"network"}


def test_a_dialect_is_spoken_by_all(ringspec: Command) -> None:
    ended = ringspec("selftest", MUTANT, "--dialect", "naxai-sdk")

    assert ended.status == 0
    assert "dialect naxai-sdk" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("no-such-name",), "no server of the fleet begins with 'no-such-name'"),
        (("--report", "json"), "has no path"),
        (("--report", "pdf=x"), "no format 'pdf' of a matrix"),
        (("--report", "json=/no/such/folder/m.json"), "cannot be written"),
    ],
    ids=["name", "no-path", "format", "folder"],
)
def test_wrong_usage_is_refused_before_any_run(
    ringspec: Command, arguments: tuple[str, ...], said: str
) -> None:
    ended = ringspec("selftest", *arguments)

    assert ended.status == 2
    assert said in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_interrupt_tells_what_is_known_and_leaves_nobody_behind(
    started: Started, tmp_path: Path, sign: signal.Signals
) -> None:
    path = tmp_path / "m.json"
    process = started("selftest", "--over-network", "--report", f"json={path}")
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    workers = eventually(lambda: children.read_text().split())

    process.send_signal(sign)
    out, err = process.communicate(timeout=300)

    assert process.returncode == 130
    assert "interrupted after" in out
    assert "Traceback" not in err
    assert json.loads(path.read_text())["interrupted"] is True
    assert workers
    # Python's own tracker of resources ends a moment after us.
    assert eventually(
        lambda: not any(Path(f"/proc/{each}").exists() for each in workers)
    )


def test_the_whole_fleet_is_run_without_prefixes() -> None:
    names = [each.name for each in subjects()]

    assert names == ["reference", *MUTANTS, *(each.name for each in LAWFUL)]


def test_mutants_of_rules_below_the_level_are_left_out() -> None:
    contract = load()
    strict = subjects(level=Level.MUST)

    mutants = [each for each in strict if each.kind is ServerKind.MUTANT]
    levels = {contract.rules[each].level for each in contract.rules}
    rules = {str(rule): contract.rules[rule].level for rule in contract.rules}
    assert len(levels) > 1
    assert {rules.get(each.rule, Level.MUST) for each in mutants} == {Level.MUST}
    assert 0 < len(mutants) < len(MUTANTS)


def test_lawful_variants_are_run_at_their_own_level() -> None:
    levels = {each.name: each.level for each in subjects("unauthorised-is-403")}

    assert levels["unauthorised-is-403"] is Level.MUST


def test_rules_that_a_dialect_drops_have_no_mutants() -> None:
    contract = load(dialect="naxai-sdk")

    rules = {each.rule for each in fleet(contract, (), Level.MAY, over_network=False)}

    assert contract.dropped
    assert not rules & set(contract.dropped)


def test_what_changes_the_wire_needs_a_socket() -> None:
    ways = {each.name: each.way for each in subjects("gzip", "created-is-202")}

    assert ways["gzip"] is Channel.NETWORK
    assert ways["created-is-202"] is Channel.IN_PROCESS


def test_over_the_network_everything_needs_one() -> None:
    assert {each.way for each in subjects(over_network=True)} == {Channel.NETWORK}


def test_unknown_prefix_is_refused() -> None:
    with pytest.raises(UsageError, match="no-such"):
        subjects("delay", "no-such")


@pytest.fixture(scope="module")
def runner() -> FleetRunner:
    return FleetRunner.of("canonical")


@pytest.mark.parametrize("name", ["gzip", "created-is-202"], ids=["socket", "process"])
def test_a_lawful_variant_is_never_accused(runner: FleetRunner, name: str) -> None:
    _, subject = subjects(name)

    found = runner.run(subject)

    assert (found.mark, found.reason, found.until) == (RunMark.QUIET, "", None)


def test_a_trial_tells_rules_cases_and_requests(runner: FleetRunner) -> None:
    subject = next(each for each in subjects() if each.name == MUTANT)

    found = runner.run(subject)

    assert found.mark is RunMark.NOTICED
    assert found.noticed == {"retryDelays.items.max": Level.MUST}
    assert all(name.startswith("retryDelays.items.max/") for name in found.cases)
    assert found.until is not None
    assert 1 < found.until < found.requests
    assert found.reason == "an invalid body was accepted with HTTP 201"


def test_a_server_that_lets_nobody_in_is_a_trial_with_a_reason(
    runner: FleetRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = _Closed(name="closed", rule="auth.token", defect="Closed.")
    monkeypatch.setitem(MUTANTS, "closed", closed)
    subject = next(each for each in subjects() if each.name == "closed")

    found = runner.run(subject)

    assert found.mark is RunMark.SURVIVED
    assert found.exit_code == 3
    assert "lets nobody in" in found.reason


class _Closed(Variant):
    def apply(self, behaviour: Behaviour) -> Behaviour:
        return replace(behaviour, admit=lambda _request, _token: False)


def test_a_process_of_the_pool_is_prepared_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fleet_module, "_runner", None)
    before = signal.getsignal(signal.SIGINT)
    (subject,) = subjects("reference")
    with pytest.raises(InternalError):
        run_in_pool(subject)

    try:
        prepare("canonical")
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)

    assert run_in_pool(subject).mark is RunMark.QUIET
