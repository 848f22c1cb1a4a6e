"""What is fired under load and at whom, how it is judged, and what load has changed."""

from __future__ import annotations

import io
import json
from pathlib import Path

import jsonschema_rs
import pytest

from ringspec.harness import (
    Conclusion,
    Exchange,
    Failure,
    Judged,
    Response,
    Trouble,
    Verdict,
)
from ringspec.load.conformance import (
    EXAMPLES,
    LoadComparison,
    LoadCounts,
    LoadSetup,
    Roll,
    Shooter,
)
from ringspec.reports import console, failure_json, print_template
from ringspec.reports.json_report import SCHEMA
from ringspec.spec import Level, RuleId, UsageError
from ringspec.strategies import Case, Expect, Request

from ...plain import PLAIN  # noqa: TID252 - tests are no distribution

URL = "http://127.0.0.1:9"
TOKEN = "a-token-of-length"
DELAYS = RuleId("retryDelays.items.max")
FIGURES = {
    "users": 20,
    "workers": 2,
    "seconds": 10.0,
    "requests": 5000,
    "rate": 500.0,
    "percentiles_ms": {"50": 12.0, "99": 80.0},
}


@pytest.fixture(scope="module")
def setup() -> LoadSetup:
    select = "retryDelays, answer.echo,robustness,lifecycle.deleted"
    parsed = {"ringspec_select": select, "ringspec_timeout": 2, "host": URL}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RINGSPEC_TOKEN", TOKEN)
        return LoadSetup(URL, parsed)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://192.0.2.1:8000", "is live: no load is ever put on it"),
        ("https://api.example.com/v1", "is live: no load is ever put on it"),
        ("http://[2001:db8::1]", "is live: no load is ever put on it"),
        (None, "no server to load is named"),
        ("", "no server to load is named"),
    ],
)
def test_live_target_never_gets_load(url: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        LoadSetup(url, {})


def test_profile_cannot_allow_load_on_a_live_target(tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text(
        f'url = "{URL}"\n[safety]\nlive = true\nallow_create = true\nmax_creates = 9\n'
    )

    with pytest.raises(UsageError, match="is live"):
        LoadSetup(None, {"ringspec_profile": str(profile)})


def test_cases_are_of_one_request_and_come_after_their_twins(setup: LoadSetup) -> None:
    seen: set[str | None] = {None}
    for case in setup.cases:
        assert not case.steps
        assert case.twin in seen
        seen.add(case.id)
    assert len(seen) > 1


def test_what_is_not_judged_has_a_reason(setup: LoadSetup) -> None:
    assert setup.left_out[RuleId("name.required")] == "deselected"
    assert "no case of one request" in setup.left_out[RuleId("lifecycle.deleted")]
    assert RuleId("retryDelays.count") not in setup.left_out


def test_options_are_those_of_a_run(setup: LoadSetup) -> None:
    parsed = {
        "ringspec_level": "may",
        "ringspec_seed": 7,
        "ringspec_dialect": "naxai-sdk",
    }

    other = LoadSetup(URL, parsed)

    found = [
        (it.level, it.plan.seed, it.plan.pacing.timeout_s) for it in (setup, other)
    ]
    assert found == [(Level.MUST, 0, 2), (Level.MAY, 7, 5)]
    assert other.contract.dialect == "naxai-sdk"


class Server:
    """Answers all with one status; 0 for no answer."""

    def __init__(self, status: int, body: bytes = b"{}") -> None:
        self.status = status
        self.body = body

    def __call__(self, request: Request) -> Exchange:
        if not self.status:
            failure = Failure(trouble=Trouble.TIMEOUT, message="nothing came")
            return Exchange(url="", request=request, failure=failure)
        headers = (("Content-Type", "application/json"),)
        response = Response(status=self.status, headers=headers, body=self.body)
        return Exchange(url="", request=request, response=response)


@pytest.fixture
def rejected(setup: LoadSetup) -> Case:
    first = setup.cases[0].id
    return next(
        case
        for case in setup.cases
        if case.expect == Expect.REJECT and case.broken and case.twin == first
    )


def verdicts(judged: Judged) -> dict[str, Verdict]:
    return {str(each.rule): each.verdict for each in judged.findings}


def test_twin_is_fired_first_until_it_is_accepted(
    setup: LoadSetup, rejected: Case
) -> None:
    server = Server(201)
    shooter = Shooter(setup, server)

    first = list(shooter.fire(rejected))
    server.status = 422
    (second,) = shooter.fire(rejected)

    assert [each.case.id for each in first] == [rejected.twin, rejected.id]
    assert verdicts(second)[rejected.rule] == Verdict.PASS


def test_refusal_says_nothing_while_its_twin_is_refused(
    setup: LoadSetup, rejected: Case
) -> None:
    *_, refused = Shooter(setup, Server(422)).fire(rejected)
    *_, unanswered = Shooter(setup, Server(0)).fire(rejected)

    assert verdicts(refused)[rejected.rule] == Verdict.INCONCLUSIVE
    assert verdicts(unanswered) == {
        "robustness": Verdict.FAIL,
        str(rejected.rule): Verdict.INCONCLUSIVE,
    }


def test_only_selected_rules_are_judged_and_reasons_show_no_secret(
    setup: LoadSetup,
) -> None:
    echo = json.dumps({**PLAIN, "retryDelays": [TOKEN]}).encode()

    found = [
        finding
        for case in setup.cases[:20]
        for judged in Shooter(setup, Server(201, echo)).fire(case)
        for finding in judged.findings
    ]

    assert {each.rule for each in found} <= setup.selected
    assert any("[redacted]" in each.reason for each in found)
    assert not any(TOKEN in each.reason for each in found)


def fired(setup: LoadSetup, *, busy: bool = False, status: int = 0) -> list[Judged]:
    """Fire everything once at a server that is right, or that forgets a rule."""
    expected = {case.request.body: case for case in setup.cases}

    def send(request: Request) -> Exchange:
        case = expected[request.body]
        accepted = case.expect != Expect.REJECT or (busy and case.rule == DELAYS)
        answer = {**case.body, "id": "1"} if isinstance(case.body, dict) else {}
        body = answer if accepted else {"error": {"code": "x", "message": "y"}}
        response = Response(
            status=status or (201 if accepted else 422),
            headers=(("Content-Type", "application/json"),),
            body=json.dumps(body).encode(),
        )
        return Exchange(url=URL, request=request, response=response)

    shooter = Shooter(setup, send)
    return [judged for case in setup.cases for judged in shooter.fire(case)]


def counted(found: list[Judged]) -> LoadCounts:
    counts = LoadCounts()
    for judged in found:
        counts.add_judged(judged, Level.MUST, failure_json)
    return counts


@pytest.fixture(scope="module")
def right(setup: LoadSetup) -> LoadCounts:
    return counted(fired(setup))


@pytest.fixture(scope="module")
def wrong(setup: LoadSetup) -> LoadCounts:
    counts = LoadCounts()
    counts.add(counted(fired(setup, busy=True)).wire(), 20)
    return counts


def test_rule_that_breaks_only_under_load_is_told_from_others(
    setup: LoadSetup, right: LoadCounts, wrong: LoadCounts
) -> None:
    found = LoadComparison(setup, right, wrong, FIGURES)
    at_rest = LoadComparison(setup, wrong, wrong, FIGURES)

    (only,) = found.only_under_load
    assert (only, found.load.users[only]) == (DELAYS, 20)
    assert 0 < found.load.rules[only]["wrong"] <= found.load.rules[only]["judged"]
    assert "an invalid body was accepted" in found.failures(only)[0]["reason"]
    assert (at_rest.broken, at_rest.only_under_load) == ([DELAYS], [])


def test_report_keeps_to_the_schema_of_reports(
    setup: LoadSetup, right: LoadCounts, wrong: LoadCounts
) -> None:
    found = LoadComparison(setup, right, wrong, FIGURES)

    report, result = found.report(), found.result

    schema = jsonschema_rs.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    assert list(schema.iter_errors(json.loads(json.dumps(report)))) == []
    assert (report["conclusion"], result.exit_code) == ("nonconformant", 1)
    assert report["load"]["only_under_load"] == [DELAYS]


def test_right_server_is_so_in_part_once_all_had_a_turn(
    setup: LoadSetup, right: LoadCounts
) -> None:
    found = LoadComparison(setup, right, right, FIGURES)
    unreached = LoadComparison(setup, right, LoadCounts(), FIGURES)

    assert found.result.conclusion is Conclusion.IN_PART
    assert unreached.result.conclusion is Conclusion.INCONCLUSIVE
    assert "had no turn under load" in next(unreached.notices())


@pytest.mark.parametrize(
    ("numbers", "lost"), [([1, 2, 3], 0), ([1, 3], 1), ([1, None], 1), ([2], 1)]
)
def test_part_that_did_not_come_leaves_rules_open(
    setup: LoadSetup, right: LoadCounts, numbers: list[int | None], lost: int
) -> None:
    roll = Roll()
    for number in numbers:
        roll.note("worker", number)

    found = LoadComparison(setup, right, right, {**FIGURES, "lost": len(roll.lost)})

    ends = Conclusion.INCONCLUSIVE if lost else Conclusion.IN_PART
    assert (len(roll.lost), found.result.conclusion) == (lost, ends)
    assert any("1 worker lost" in each for each in found.notices()) == bool(lost)


def test_being_turned_away_is_no_verdict(setup: LoadSetup, right: LoadCounts) -> None:
    busy = counted(fired(setup, status=429))

    found = LoadComparison(setup, LoadCounts(), busy, FIGURES)

    assert not any(count["wrong"] for count in busy.rules.values())
    assert busy.troubles["429"] == busy.requests
    assert found.result.conclusion is Conclusion.INCONCLUSIVE
    assert any("turned away" in each for each in found.notices())
    # What was settled before, and while it was not busy, stays so.
    busy.add(right.wire(), 0)
    settled = LoadComparison(setup, right, busy, FIGURES)
    assert settled.result.conclusion is Conclusion.IN_PART


def test_counts_of_workers_add_up(setup: LoadSetup) -> None:
    found = fired(setup, busy=True)
    whole, halves = counted(found), LoadCounts()

    for part in (found[::2], found[1::2]):
        halves.add(json.loads(json.dumps(counted(part).wire())), 20)

    assert halves.rules == whole.rules
    assert halves.requests == whole.requests == len(found)
    assert (halves.settled, halves.fired) == (whole.settled, whole.fired)
    assert halves.examples.keys() == whole.examples.keys()
    assert 0 < len(whole.examples[DELAYS]) <= EXAMPLES


def test_summary_has_what_breaks_only_under_load_and_hides_no_warning(
    setup: LoadSetup, right: LoadCounts, wrong: LoadCounts
) -> None:
    warned = LoadCounts()
    warned.add(wrong.wire(), 20)
    warned.rules["answer.echo"]["warned"] += 3

    told = io.StringIO()
    found = LoadComparison(setup, right, warned, FIGURES)
    print_template(console(told, "never", 100), "load.txt", found=found)

    text, judged = told.getvalue(), right.rules["answer.echo"]["judged"]
    lines = text.splitlines()
    row = next(each for each in lines if each.startswith(DELAYS))
    assert row.split()[1:4] == ["0", "of", str(right.rules[DELAYS]["judged"])]
    assert row.endswith("20 users")
    assert f"ONLY UNDER LOAD {DELAYS}" in text
    assert "curl -sS -X POST http://127.0.0.1:9" in text
    assert f"0 of {judged} at rest, 3 of {judged} under load" in text
    assert "load: 20 users, 2 workers, 5,000 requests in 10.0 s, 500.0 a second" in text
    assert "latency: 50 % 12 ms, 99 % 80 ms" in text
    assert lines[-1].startswith("nonconformant: ")
    assert lines[-1].endswith("1 failing, 1 only under load at level must")
