"""Every mutant of the reference server is noticed, by its rule; itself it is not."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import get_args

import pytest

from ringspec import reference
from ringspec.cli import selftest_command
from ringspec.cli.selftest_command import fleet, run_against
from ringspec.harness.sending.inprocess import InProcess
from ringspec.reference import DIALECTS, Behaviour, application
from ringspec.reports import Channel, FleetRun
from ringspec.spec import Level, load

SUBJECTS = fleet(load(), (), Level.MAY, over_network=False)
MUTANTS = [each for each in SUBJECTS if each.kind == "mutant"]
# It takes all of a life to tell whether an operation is there, and any case may show
# that a server is not robust.
LIFE, ANY = "lifecycle.", ("robustness", "lifecycle.listed")
# With every case, or over a socket, all of them would take minutes.
IN_PROCESS = [each for each in MUTANTS if each.way == "in process"]
SAMPLE = IN_PROCESS[:: max(len(IN_PROCESS) // 24, 1)][:24]
BOTH = SAMPLE[::4]


def named(subject: FleetRun) -> str:
    return subject.name


@pytest.mark.parametrize("subject", MUTANTS, ids=named)
def test_mutant_is_noticed_by_the_cases_of_its_rule(
    subject: FleetRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    if subject.name.startswith("hang-"):
        quick = partial(InProcess, timeout_s=0.5)
        monkeypatch.setattr(selftest_command, "InProcess", quick)
    select = LIFE if subject.rule.startswith(LIFE) else subject.rule

    trial = run_against(subject, select=(select,))
    if subject.rule in ANY and subject.rule not in trial.noticed:
        trial = run_against(subject)

    assert trial.exit_code == 1
    assert subject.rule in trial.noticed


@pytest.mark.parametrize("subject", SAMPLE, ids=named)
def test_mutant_is_noticed_by_a_whole_run(subject: FleetRun) -> None:
    trial = run_against(subject)

    assert trial.exit_code == 1
    assert trial.mark == "noticed"
    if subject in BOTH:
        over_network = run_against(replace(subject, way="network"))
        assert over_network.exit_code == trial.exit_code
        assert over_network.noticed == trial.noticed
        assert over_network.cases.keys() == trial.cases.keys()


@pytest.mark.parametrize("way", get_args(Channel))
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_reference_is_never_accused(dialect: str, way: Channel) -> None:
    reference = replace(SUBJECTS[0], way=way)

    trial = run_against(reference, dialect)

    assert reference.kind == "reference"
    assert trial.reason == ""
    assert trial.noticed == {}
    assert trial.exit_code == 0


@pytest.fixture(scope="module")
def enveloped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = Path(__file__).parents[2].joinpath("docs/dialect.md").read_text("utf-8")
    path = tmp_path_factory.mktemp("dialects") / "enveloped.yaml"
    path.write_text(page.split('title="enveloped.yaml"\n')[1].split("```")[0])
    return path


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("defaults-for-absent", ""),
        ("name-cut", "answer.echo"),
        ("default-voice-wrong", "answer.defaults"),
        ("retries-not-required", "retries.required"),
        ("absent-type-taken-as-another", "type.required"),
        ("count-as-text", "answer.types"),
        ("read-in-short", "lifecycle.readable"),
        ("update-without-effect", "lifecycle.updated"),
        ("list-without-newest", "lifecycle.listed"),
        ("list-of-first-page", "lifecycle.listed"),
        ("deleted-but-readable", "lifecycle.deleted"),
    ],
)
def test_a_dialect_says_where_answers_have_what(
    enveloped: Path, name: str, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    around = reference.MUTANTS["answer-in-an-envelope"].apply(Behaviour())
    monkeypatch.setattr(
        selftest_command,
        "application",
        lambda settings: application(replace(settings, dialect="canonical"), around),
    )
    subject = replace(SUBJECTS[0], name=name, rule=rule, kind="lawful")

    # It takes many broadcasts for a list to have pages.
    select = () if rule in {"", "lifecycle.listed"} else (rule,)
    trial = run_against(subject, str(enveloped), select=select)

    assert trial.noticed.keys() >= {*filter(None, [rule])}, trial.reason
    assert trial.exit_code == bool(rule)


def test_every_mutant_has_a_name_of_its_own() -> None:
    names = [each.name for each in SUBJECTS]

    assert len(names) == len(set(names))
