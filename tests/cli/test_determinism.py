"""Two runs with one seed against one target differ in nothing but time."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ..serving import answering  # noqa: TID252 - tests are no distribution

Run = Callable[..., Any]


def without_time(report: dict[str, Any]) -> str:
    return json.dumps({**report, "duration_s": 0, "run": {}})


@pytest.mark.parametrize("more", [(), ("--quick", "--workers=9")])
def test_reports_are_the_same_but_for_times(
    ringspec: Run, served: Callable[..., str], more: tuple[str, ...]
) -> None:
    url = served(answering(200, b'{"broadcastId":"b-1","state":"draft"}'))
    arguments = ("run", url, "--bearer", "some-token", "--level", "may", *more)

    first, second = (ringspec(*arguments, report=True) for _ in range(2))

    assert first.status == second.status == 1
    assert len(first.report["rules"]) > 100
    assert without_time(first.report) == without_time(second.report)


@pytest.mark.parametrize("phase", ["wire", "auth", "lifecycle"])
def test_one_phase_judges_its_own_rules_alone(ringspec: Run, phase: str) -> None:
    ended = ringspec("run", "--level", "may", "--phase", phase, report=True)

    assert ended.status == 0
    outcomes = ended.outcomes
    assert {outcomes[rule] for rule in outcomes if rule.startswith(f"{phase}.")} == {
        "pass"
    }
    assert outcomes["retryDelays.count"] == "skipped"
    assert outcomes["robustness"] == "pass"
    assert ended.report["counts"]["cases"] < 150
