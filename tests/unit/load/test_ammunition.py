"""What is fired under load, and at whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringspec.load import LoadOptions, LoadSetup
from ringspec.spec import Level, RuleId, UsageError

from .conftest import TOKEN


@pytest.mark.parametrize(
    "url",
    ["http://192.0.2.1:8000", "https://api.example.com/v1", "http://[2001:db8::1]"],
)
def test_live_target_never_gets_load(url: str) -> None:
    with pytest.raises(UsageError, match="is live: no load is ever put on it"):
        LoadSetup.of(url, LoadOptions(), {})


def test_profile_cannot_allow_load_on_a_live_target(tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text(
        'url = "http://127.0.0.1:9"\n[safety]\nlive = true\n'
        "allow_create = true\nmax_creates = 9\n"
    )

    with pytest.raises(UsageError, match="is live"):
        LoadSetup.of(None, LoadOptions(profile=str(profile)), {})


@pytest.mark.parametrize("url", [None, ""])
def test_without_a_url_there_is_no_load(url: str | None) -> None:
    with pytest.raises(UsageError, match="nobody said what to put load on"):
        LoadSetup.of(url, LoadOptions(), {})


def test_cases_of_several_steps_are_left_out(setup: LoadSetup) -> None:
    assert setup.cases
    assert not any(case.steps for case in setup.cases)


def test_twins_come_before_their_cases(setup: LoadSetup) -> None:
    seen: set[str | None] = {None}
    for case in setup.cases:
        assert case.twin in seen
        seen.add(case.id)


def test_what_is_not_judged_has_a_reason(setup: LoadSetup) -> None:
    assert setup.left_out[RuleId("name.required")] == "deselected"
    assert RuleId("retryDelays.count") not in setup.left_out


def test_rule_of_a_life_is_left_out_by_name() -> None:
    options = LoadOptions(select=("lifecycle.deleted", "retries.type"))

    found = LoadSetup.of("http://127.0.0.1:9", options, {"RINGSPEC_TOKEN": TOKEN})

    assert "no case of one request" in found.left_out[RuleId("lifecycle.deleted")]


def test_secrets_are_known_to_the_redactor(setup: LoadSetup) -> None:
    assert TOKEN not in setup.redactor.text(f"it is {TOKEN}")


def test_options_are_those_of_a_run() -> None:
    found = LoadOptions.of(
        {
            "ringspec_level": "may",
            "ringspec_select": "retries, from",
            "ringspec_timeout": 2,
            "ringspec_seed": 7,
            "host": "http://127.0.0.1:9",
        }
    )

    assert found == LoadOptions(
        level=Level.MAY, select=("retries", "from"), timeout_s=2, seed=7
    )
    assert LoadOptions.of({}) == LoadOptions()
