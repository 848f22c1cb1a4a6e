"""No lawful variant is ever accused."""

from __future__ import annotations

import pytest

from ringspec.cli.selftest_command import fleet, run_against
from ringspec.reports import FleetRun, ServerKind
from ringspec.spec import Level, load

LAWFUL = [
    each
    for each in fleet(load(), (), Level.MAY, over_network=False)
    if each.kind is ServerKind.LAWFUL
]


@pytest.mark.parametrize("subject", LAWFUL, ids=lambda each: each.name)
def test_lawful_variant_is_conformant(subject: FleetRun) -> None:
    trial = run_against(subject)

    assert (trial.noticed, trial.exit_code) == ({}, 0), trial.reason


def test_there_are_enough_lawful_variants() -> None:
    assert len({each.name for each in LAWFUL}) == len(LAWFUL) >= 45
