"""Counts that add up, and what load has changed."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest

from ringspec.harness import Conclusion, Exchange, Failure, Judged, Response, Trouble
from ringspec.load import (
    LoadCounts,
    LoadFigures,
    LoadSetup,
    Shooter,
    report_load,
    rules_under_load,
    summarise_load,
)
from ringspec.load.load_counts import EXAMPLES
from ringspec.reports import failure_json
from ringspec.reports.json_report import SCHEMA
from ringspec.spec import Level, RuleId
from ringspec.strategies import Expect, Request

DELAYS = RuleId("retryDelays.items.max")
FIGURES = LoadFigures(
    users=20,
    workers=2,
    seconds=10.0,
    requests=5000,
    rate=500.0,
    percentiles_ms={"50": 12.0, "99": 80.0},
)


def shots(setup: LoadSetup, *, busy: bool = False, status: int = 0) -> list[Judged]:
    """Fire everything once at a server that is right, or that forgets a rule."""
    expected = {case.request.body: case for case in setup.cases}

    def send(request: Request) -> Exchange:
        case = expected[request.body]
        forgets = busy and case.rule == DELAYS
        accepted = case.expect != Expect.REJECT or forgets
        found = status or (201 if accepted else 422)
        answer = {**case.body, "id": "1"} if isinstance(case.body, dict) else {}
        body = answer if accepted else {"error": {"code": "x", "message": "y"}}
        headers = (("Content-Type", "application/json"),)
        response = Response(
            status=found, headers=headers, body=json.dumps(body).encode()
        )
        return Exchange(url="http://127.0.0.1:9", request=request, response=response)

    shooter = Shooter(setup, send)
    return [shot for case in setup.cases for shot in shooter.fire(case)]


def counted(found: list[Judged]) -> LoadCounts:
    account = LoadCounts()
    for shot in found:
        account.add_judged(shot, Level.MUST, failure_json)
    return account


@pytest.fixture(scope="module")
def right(setup: LoadSetup) -> LoadCounts:
    return counted(shots(setup))


@pytest.fixture(scope="module")
def wrong(setup: LoadSetup) -> LoadCounts:
    account = counted(shots(setup, busy=True))
    account.note_users(20)
    return account


def test_rule_that_breaks_only_under_load_is_news(
    setup: LoadSetup, right: LoadCounts, wrong: LoadCounts
) -> None:
    found = rules_under_load(setup, right, wrong)

    news = [row for row in found if row.only_under_load]
    assert [row.rule for row in news] == [DELAYS]
    assert news[0].rest.wrong == 0
    assert 0 < news[0].load.wrong <= news[0].load.judged
    assert news[0].users == 20
    assert "an invalid body was accepted" in news[0].example["reason"]


def test_rule_that_breaks_at_rest_is_none(setup: LoadSetup, wrong: LoadCounts) -> None:
    found = rules_under_load(setup, wrong, wrong)

    assert [row.rule for row in found if row.is_broken] == [DELAYS]
    assert not any(row.only_under_load for row in found)


def test_report_keeps_to_the_schema_of_reports(
    setup: LoadSetup, right: LoadCounts, wrong: LoadCounts
) -> None:
    report, result = report_load(setup, right, wrong, FIGURES)

    schema = jsonschema_rs.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    assert list(schema.iter_errors(json.loads(json.dumps(report)))) == []
    assert (report["conclusion"], result.exit_code) == ("nonconformant", 1)
    assert report["load"]["only_under_load"] == [DELAYS]


def test_right_server_is_conformant(setup: LoadSetup, right: LoadCounts) -> None:
    _, result = report_load(setup, right, right, FIGURES)

    assert result.conclusion is Conclusion.CONFORMANT


def test_rule_without_a_turn_under_load_stays_open(
    setup: LoadSetup, right: LoadCounts
) -> None:
    report, result = report_load(setup, right, LoadCounts(), FIGURES)

    assert result.conclusion is Conclusion.INCONCLUSIVE
    assert "had no turn under load" in report["notices"][0]


def test_being_turned_away_is_no_report_load(
    setup: LoadSetup, right: LoadCounts
) -> None:
    busy = counted(shots(setup, status=429))

    report, result = report_load(setup, LoadCounts(), busy, FIGURES)

    assert not any(count.wrong for count in busy.rules.values())
    assert busy.troubles["429"] == busy.requests
    assert result.conclusion is Conclusion.INCONCLUSIVE
    assert any("turned away" in each for each in report["notices"])
    # What was settled before, and while it was not busy, stays so.
    busy.add(right)
    _, settled = report_load(setup, right, busy, FIGURES)
    assert settled.conclusion is Conclusion.CONFORMANT


def test_failures_of_transport_are_counted_by_kind(setup: LoadSetup) -> None:
    def send(request: Request) -> Exchange:
        failure = Failure(trouble=Trouble.TIMEOUT, message="nothing came")
        return Exchange(url="", request=request, failure=failure)

    found = counted(list(Shooter(setup, send).fire(setup.cases[0])))

    assert found.troubles == {"timeout": 1}
    assert found.rules["robustness"].wrong == 1


def test_accounts_of_workers_add_up(setup: LoadSetup) -> None:
    found = shots(setup, busy=True)
    whole, halves = counted(found), LoadCounts()

    for part in (found[::2], found[1::2]):
        wire = json.loads(json.dumps(counted(part).wire()))
        halves.add(LoadCounts.from_wire(wire))

    assert halves.rules == whole.rules
    assert halves.requests == whole.requests == len(found)
    assert (halves.settled, halves.fired) == (whole.settled, whole.fired)
    assert halves.examples.keys() == whole.examples.keys()


def test_few_examples_of_a_rule_are_kept(wrong: LoadCounts) -> None:
    assert 0 < len(wrong.examples[DELAYS]) <= EXAMPLES


def test_summary_tells_the_news_with_a_line_of_curl(
    setup: LoadSetup, right: LoadCounts, wrong: LoadCounts
) -> None:
    _, result = report_load(setup, right, wrong, FIGURES)

    lines = list(
        summarise_load(rules_under_load(setup, right, wrong), result, FIGURES, wrong)
    )

    text = "\n".join(lines)
    assert lines[1].split()[:4] == [DELAYS, "0", "of", str(right.rules[DELAYS].judged)]
    assert lines[1].endswith("20 users")
    assert f"ONLY UNDER LOAD {DELAYS}" in text
    assert "curl -sS -X POST http://127.0.0.1:9" in text
    assert "load: 20 users, 2 workers, 5,000 requests in 10.0 s, 500.0 a second" in text
    assert "latency: 50 % 12 ms, 99 % 80 ms" in text
    assert lines[-1].startswith("nonconformant: ")
    assert lines[-1].endswith("1 failing, 1 only under load at level must")


def test_what_breaks_below_the_level_is_not_hidden(
    setup: LoadSetup, right: LoadCounts
) -> None:
    warned = LoadCounts()
    warned.add(right)
    warned.rules["answer.echo"].warned += 3
    _, result = report_load(setup, right, warned, FIGURES)

    lines = list(
        summarise_load(rules_under_load(setup, right, warned), result, FIGURES, warned)
    )

    judged = right.rules["answer.echo"].judged
    told = f"0 of {judged} at rest, 3 of {judged} under load"
    assert f"warn: answer.echo, below the level: {told}" in lines
