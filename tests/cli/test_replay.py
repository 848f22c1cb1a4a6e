"""`ringspec replay`, as a command, against servers over real sockets."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ringspec.harness import Exchange, Finding, Response, Verdict
from ringspec.reference import Embedded
from ringspec.reports import failure_json
from ringspec.spec import Contract, Level, RuleId, load
from ringspec.strategies import Case, Expect, Phase, cases_of

from ..called import at, call  # noqa: TID252 - tests are no distribution
from ..serving import Heard, answering  # noqa: TID252 - tests are no distribution
from .conftest import TABLES

MUTANT = "retry-delays-count-unchecked"

Ringspec = Callable[..., Any]

RULE = "retryDelays.count"
CASE = f"{RULE}/1-for-0"
PLAIN = "body.accepted/plain"


@pytest.fixture
def recording() -> Heard:
    return Heard()


@pytest.fixture
def recorder(served: Callable[..., str], recording: Heard) -> str:
    return served(recording)


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load()


@pytest.fixture(scope="module")
def cases(contract: Contract) -> dict[str, Case]:
    return {case.id: case for case in cases_of(contract, 0)}


@pytest.fixture(scope="module")
def run_report(tmp_path_factory: pytest.TempPathFactory, mutant: Embedded) -> Path:
    """Write the report of a run against the mutant."""
    path = tmp_path_factory.mktemp("run") / "before.json"
    options = ("--select", RULE, "--phase", "cases", "--report", f"json={path}")
    ended = call("run", *at(mutant), *options)
    assert ended.status == 1
    return path


@pytest.fixture
def report(run_report: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(run_report, tmp_path))


def edited(report: Path, **members: Any) -> Path:
    """Write a report with some members changed."""
    written = json.loads(report.read_text("utf-8"))
    path = report.with_name("edited.json")
    path.write_text(json.dumps({**written, **members}), "utf-8")
    return path


# What changed.


def test_report_replayed_at_its_own_target_still_fails(
    ringspec: Ringspec, report: Path, mutant: Embedded
) -> None:
    ended = ringspec("replay", str(report), "--bearer", mutant.token)

    lines = ended.stdout.splitlines()
    failing = json.loads(report.read_text("utf-8"))["rules"]
    ids = [it["case"] for rule in failing for it in rule["failures"]]
    assert ended.status == 1
    assert lines[::2][:-1] == [f"still fails      {each}" for each in ids]
    accepted = "an invalid body was accepted with HTTP 201: size([15]) == 0"
    assert lines[1].strip().startswith(f"{RULE}: {accepted}")
    assert lines[-1].startswith(f"{len(ids)} still fail at level must (")


def test_report_replayed_at_a_correct_server_is_fixed(
    ringspec: Ringspec, report: Path, reference: Embedded
) -> None:
    ended = ringspec("replay", str(report), *at(reference))

    *lines, last = ended.stdout.splitlines()
    assert ended.status == 0
    assert {line.split()[0] for line in lines} == {"fixed"}
    assert f"fixed            {CASE}" in lines
    assert last.startswith(f"{len(lines)} fixed at level must (")


def test_case_by_its_id_fails_at_a_mutant(ringspec: Ringspec, mutant: Embedded) -> None:
    ended = ringspec("replay", CASE, *at(mutant), "--verbose", report=True)

    assert ended.status == 1
    assert ended.stdout.startswith(f"fails            {CASE}\n")
    assert "HTTP 201 Created" in ended.stdout
    assert f"curl -sS -X POST {mutant.url}" in ended.stdout
    assert mutant.token not in ended.stdout
    assert ended.report["conclusion"] == "nonconformant"
    assert ended.outcomes[RULE] == "fail"
    assert ended.outcomes["name.required"] == "skipped"


def test_cases_by_their_ids_pass_at_the_embedded_server(ringspec: Ringspec) -> None:
    life = "lifecycle.readable/body.accepted-plain"

    ended = ringspec("replay", CASE, life, "auth.client/wrong-secret")

    assert ended.status == 0, ended.stdout
    assert ended.stdout.splitlines()[:3] == [
        f"passes           {CASE}",
        f"passes           {life}",
        "passes           auth.client/wrong-secret",
    ]


def test_a_case_of_a_thorough_run_is_replayed_and_verified(
    ringspec: Ringspec, tmp_path: Path
) -> None:
    evidence = tmp_path / "evidence"
    done = ringspec(
        *("run", "--thorough", "--phase=cases", f"--report=evidence={evidence}"),
        report=True,
    )
    usual = {json.loads(it)["id"] for it in ringspec("cases").stdout.splitlines()}
    listed = ringspec("cases", "--thorough").stdout.splitlines()
    more = [json.loads(it)["id"] for it in listed if json.loads(it)["id"] not in usual]

    assert done.status == 0, done.stdout
    assert f"--thorough adds {len(more)} cases to a default run" in str(
        done.report["notices"]
    )
    assert ringspec("verify", str(evidence)).status == 0
    ended = ringspec("replay", more[-1])
    assert ended.stdout.startswith(f"passes           {more[-1]}\n")


@pytest.mark.parametrize(("answer", "case", "status", "lines"), TABLES["replays"])
def test_case_of_a_report_at_a_server_that_answers_otherwise(
    ringspec: Ringspec,
    report: Path,
    served: Callable[..., str],
    *,
    answer: int,
    case: str,
    status: int,
    lines: str,
) -> None:
    url = served(answering(answer))

    ended = ringspec("replay", str(report), url, "--case", case)

    assert ended.status == status
    assert ended.stdout.startswith(lines.rstrip("\n"))


def test_unreachable_target_is_inconclusive(ringspec: Ringspec, report: Path) -> None:
    ended = ringspec("replay", str(report), "http://127.0.0.1:9", "--quiet")

    assert ended.status == 3
    assert f"not judged       {CASE}\n" in ended.stdout
    assert ended.stdout.count("cannot connect") == 1
    assert "hint: is the server running" in ended.stdout


def test_level_is_that_of_the_report_or_of_the_case_named(
    ringspec: Ringspec, recorder: str, contract: Contract, cases: dict[str, Case]
) -> None:
    weak = next(c for c in cases.values() if c.level == Level.MAY and c.broken)

    named = ringspec("replay", weak.id, recorder)
    strict = ringspec("replay", weak.id, recorder, "--level", "must")

    assert named.status == 1
    assert "at level may" in named.stdout
    assert strict.status == 0
    assert "warning, MAY" in strict.stdout


# Exact bytes.


NASTY = {
    "emoji": '{"name":"\U0001f4de\u202e\'\\"$(x)`\\\\"}'.encode(),
    "nul": b'{"name":"\\u0000"}',
    "bare-nul": b'{"name":"\x00"}',
    "lone-surrogate": b'{"name":"\\ud83d"}',
    "surrogate-in-capitals": b'{"name":"\\uD83D"}',
    "surrogate-and-umlaut": '{"name":"\u00fc\\ud83d"}'.encode(),
    "not-utf-8": b'{"name":"\xff\xfe"}',
    "spaced": b'{ "name" : 1.0 }\n',
    "number": b'{"retries":1e400,"x":1E2,"y":-0}',
    "repeated": b'{"name":1,"name":2}',
    "deep": b"[" * 5000,
    "empty": b"",
}


def explored(cases: dict[str, Case], bodies: dict[str, bytes]) -> list[Case]:
    """Make cases of bodies, as explore does."""
    return [
        Case(
            id=f"explore/body.accepted-{name}",
            rule=RuleId("body.accepted"),
            level=Level.MUST,
            expect=Expect.ACCEPT,
            status=("2xx",),
            request=replace(cases[PLAIN].request, body=body),
            phase=Phase.EXPLORE,
        )
        for name, body in bodies.items()
    ]


def explored_report(report: Path, url: str, *found: Case) -> Path:
    """Write the report of a run in which explore found what fails by one rule."""
    failures = [
        failure_json(
            Finding(
                rule=case.rule,
                verdict=Verdict.FAIL,
                reason="it failed",
                level=Level.MUST,
                gate=Level.MUST,
                case=case,
                exchange=Exchange(
                    url=url + case.request.path,
                    request=case.request,
                    response=Response(status=400, headers=(), body=b""),
                ),
            )
        )
        for case in found
    ]
    rules = json.loads(report.read_text("utf-8"))["rules"]
    (rule,) = (each for each in rules if each["id"] == found[0].rule)
    return edited(report, target=url, rules=[{**rule, "failures": failures}])


def test_explored_bodies_arrive_byte_for_byte_unless_they_were_cut(
    ringspec: Ringspec,
    report: Path,
    recorder: str,
    recording: Heard,
    cases: dict[str, Case],
) -> None:
    long = b'"' + b"x" * 70_000 + b'"'
    found = explored(cases, {**NASTY, "long": long})
    path = explored_report(report, recorder, *found)

    ended = ringspec("replay", str(path))

    assert ended.status == 3
    assert "not judged       explore/body.accepted-long" in ended.stdout
    assert "only a part of its body of 70,002 bytes" in ended.stdout
    assert ended.stdout.count("fixed            explore/") == len(NASTY)
    heard = (it.partition(b"\r\n\r\n")[2] for it in recording.requests)
    plain, *others = heard
    assert plain == cases[PLAIN].request.body
    assert sorted(others) == sorted(NASTY.values())


def test_what_explore_found_is_replayed_from_its_report_alone(
    ringspec: Ringspec, tmp_path: Path, mutant: Embedded, reference: Embedded
) -> None:
    path = tmp_path / "explored.json"
    ringspec(
        *("run", *at(mutant), "--level", "may"),
        *("--phase", "explore", "--examples", "120", "--report", f"json={path}"),
        *("--select", RULE, "--select", "lifecycle"),
    )
    found = json.loads(path.read_text("utf-8"))["rules"]
    failures = [each for rule in found for each in rule["failures"]]

    same = ringspec("replay", str(path), "--bearer", mutant.token)
    right = ringspec("replay", str(path), *at(reference))

    assert failures
    assert {each["phase"] for each in failures} == {"explore"}
    assert same.status == 1
    assert same.stdout.count("still fails      explore/") == len(failures)
    assert right.status == 0, right.stdout
    assert right.stdout.count("fixed            explore/") == len(failures)


# What is refused.


CONTRACT = {"title": "Payments", "version": "1", "sha256": "0" * 64, "dialect": None}


@pytest.mark.parametrize(
    ("edits", "options", "status", "message"),
    [
        (
            {"target": "https://api.example.com"},
            *((), 2, "https://api.example.com, is not on this machine: nothing was se"),
        ),
        ({"contract": CONTRACT}, ("--case", "payments/x"), 2, "contract 'Payments'"),
        ({"rules": []}, (), 3, "nothing failed at level must"),
    ],
    ids=["live", "of another api", "without failures"],
)
def test_report_that_is_not_replayed(
    ringspec: Ringspec,
    report: Path,
    *,
    edits: dict[str, Any],
    options: tuple[str, ...],
    status: int,
    message: str,
) -> None:
    ended = ringspec("replay", str(edited(report, **edits)), *options)

    assert (ended.status, ended.stdout) == (status, "")
    assert message in ended.stderr


def test_live_target_that_is_named_is_sent_no_create(
    ringspec: Ringspec, report: Path, recorder: str, recording: Heard
) -> None:
    # What is meant for elsewhere goes to a proxy on this machine.
    ended = ringspec(
        *("replay", str(report), "http://provider.invalid"), http_proxy=recorder
    )

    assert ended.status == 3
    assert "the profile does not allow creates" in ended.stdout
    assert recording.requests == []


def test_text_that_a_live_run_has_numbered_is_no_other_case(
    ringspec: Ringspec, report: Path, reference: Embedded
) -> None:
    before = json.loads(report.read_text("utf-8"))
    (rule,) = (each for each in before["rules"] if each["failures"])
    rule["failures"][0]["request"]["body"]["name"] += " 7"
    path = edited(report, rules=before["rules"])

    ended = ringspec("replay", str(path), *at(reference))

    assert ended.status == 0
    assert ended.stdout.count("fixed   ") == len(rule["failures"])


def test_changed_contract_is_noted_and_changed_cases_are_left_out(
    ringspec: Ringspec, report: Path, reference: Embedded
) -> None:
    before = json.loads(report.read_text("utf-8"))
    contract = {**before["contract"], "sha256": "0" * 64}
    (rule,) = (each for each in before["rules"] if each["failures"])
    first, second, *_ = rule["failures"]
    first["request"]["body"]["name"] = "Another"
    second["case"] = "retryDelays.count/nosuch"
    path = edited(report, contract=contract, rules=before["rules"])

    ended = ringspec("replay", str(path), *at(reference))

    assert ended.status == 3
    assert f"the contract is not the one of {path}" in ended.stderr
    assert "the contract has another case of that id now" in ended.stdout
    assert "the contract has no such case any more" in ended.stdout
    assert ended.stdout.count("fixed   ") == len(rule["failures"]) - 2
