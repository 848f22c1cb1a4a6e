"""Parts of a run, chosen by `--phase`; and the credentials that some of them need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ringspec.reference import Embedded

Run = Callable[..., Any]


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


def test_token_endpoint_is_tried_where_it_is_known(ringspec: Run) -> None:
    with Embedded() as server:
        with_token = ringspec(
            "run", server.url, "--bearer", server.token, "--phase=auth", report=True
        )
        with_client = ringspec(
            *("run", server.url, "--phase=auth", "--client-id", server.client_id),
            *("--client-secret", server.client_secret),
            *("--token-url", server.token_url),
            report=True,
        )

    assert with_token.outcomes["auth.client"] == "not-applicable"
    assert with_client.outcomes["auth.client"] == "pass"
