"""Another contract, another server: the engine notices each defect, and only that."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ..called import Ended  # noqa: TID252 - tests are no distribution
from .mutants import LIARS, MUTANTS, Mutant
from .payments import TOKEN

HERE = Path(__file__).parent
CONTRACT = HERE / "payments.openapi.yaml"
OPERATION = "createPaymentOrder"
WIDEST = ("--level", "may")
# Tested with every case; the others with the cases of their member, which is quicker.
WHOLE = {
    "fewer-dates-than-instalments-accepted",
    "charges-account-not-asked-for",
    "both-remittances-accepted",
    "amount-one-above-accepted",
    "scheme-case-ignored",
    "amount-rounded",
    "crash-at-text-for-amount",
    "any-token-accepted",
}


@pytest.fixture
def run(ringspec: Callable[..., Ended], payments: str) -> Callable[..., Ended]:
    """Run against the correct server, or a mutant."""

    def call(name: str, *more: object, contract: Path = CONTRACT) -> Ended:
        given = ("--contract", contract, "--operation", OPERATION, "--bearer", TOKEN)
        return ringspec("run", f"{payments}/{name}", *given, *(more or WIDEST))

    return call


@pytest.fixture
def catalogued(tmp_path: Path) -> Path:
    """Put the catalogue beside a copy of the contract, where it is looked for."""
    shutil.copy(CONTRACT, tmp_path / "payments.yaml")
    shutil.copy(HERE / "payments.rules.yaml", tmp_path)
    return tmp_path / "payments.yaml"


def test_a_correct_server_is_conformant(run: Callable[..., Ended]) -> None:
    done = run("correct")

    assert done.failing == set()
    assert done.having("inconclusive") == set()
    assert done.report["conclusion"] == "conformant"
    assert done.status == 0


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_a_mutant_is_noticed_by_its_rule_alone(
    mutant: Mutant, run: Callable[..., Ended]
) -> None:
    member = mutant.rule.split(".")[0]
    select = () if mutant.name in WHOLE else ("--select", member)

    done = run(mutant.name, *WIDEST, *select)

    assert done.failing == {mutant.rule}
    assert done.report["conclusion"] == "nonconformant"
    assert done.status == 1


@pytest.mark.parametrize("mutant", LIARS, ids=lambda each: each.name)
def test_a_lie_about_what_became_of_an_order_is_noticed(
    mutant: Mutant, run: Callable[..., Ended]
) -> None:
    done = run(mutant.name, *WIDEST, "--select", "lifecycle")

    assert mutant.rule in done.failing
    assert done.status == 1


def test_there_are_mutants_of_every_kind() -> None:
    rules = {each.rule for each in MUTANTS}
    names = {each.name for each in [*MUTANTS, *LIARS]}

    assert len(names) == len(MUTANTS) + len(LIARS)
    assert len(MUTANTS) >= 10
    assert names > WHOLE
    assert {"robustness", "auth.token", "answer.echo", "answer.defaults"} < rules


def test_a_correct_server_is_conformant_by_a_catalogue_too(
    run: Callable[..., Ended], catalogued: Path
) -> None:
    narrow = ("--select", "amount", "--select", "charges")

    done = run("correct", *WIDEST, *narrow, contract=catalogued)

    assert done.report["conclusion"] == "conformant in part"
    assert done.levels["chargesAccount.required"] == "may"
    assert done.levels["amount.max"] == "must"
    assert done.status == 0


@pytest.mark.parametrize(
    ("level", "status", "failing"),
    [("should", 0, set[str]()), ("may", 1, {"chargesAccount.required"})],
)
def test_a_rule_of_a_catalogue_fails_a_run_at_its_own_level_only(
    level: str,
    status: int,
    failing: set[str],
    run: Callable[..., Ended],
    catalogued: Path,
) -> None:
    narrow = ("--level", level, "--select", "chargesAccount")

    done = run("charges-account-not-asked-for", *narrow, contract=catalogued)

    assert (done.status, done.failing) == (status, failing)


def test_a_server_that_lets_nobody_in_is_not_judged(
    ringspec: Callable[..., Ended], payments: str
) -> None:
    only = ("--contract", CONTRACT, "--operation", OPERATION)
    done = ringspec("run", f"{payments}/correct", *only)

    assert done.status == 3
    assert "refuses every request" in done.stdout + done.stderr
    assert done.failing == set()


def test_evidence_of_another_contract_follows(
    run: Callable[..., Ended], ringspec: Callable[..., Ended], tmp_path: Path
) -> None:
    path = tmp_path / "e.zip"

    made = run("amount-rounded", *WIDEST, f"--report=evidence={path}")
    held = ringspec("verify", path)

    assert made.status == 1
    assert held.status == 0, held.stdout
    assert "it holds: nonconformant at level may" in held.stdout
