"""What an answer says of the rules: by kind of case, status, and fate of the twin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ringspec.harness import Exchange, Failure, Finding, Trouble, Verdict
from ringspec.harness.judging.oracle import Oracle
from ringspec.harness.sending.placeholders import Filling
from ringspec.spec import Contract, Json, Level
from ringspec.strategies import Case, Expect

Exchanges = Callable[..., Exchange]
Cases = Callable[[str], Case]

ERROR = {"error": {"code": "invalid", "message": "no"}}
ACCEPT = "body.accepted/plain"
REJECT = "name.required/"
AUTH = "auth.token/missing"


@pytest.fixture
def oracle(contract: Contract) -> Oracle:
    return Oracle(contract)


def verdicts(findings: tuple[Finding, ...]) -> dict[str, str]:
    return {each.rule: str(each.verdict) for each in findings}


@pytest.mark.parametrize(
    ("case_id", "twin_status", "status", "verdict"),
    [
        (ACCEPT, None, 201, "pass"),
        (ACCEPT, None, 200, "pass"),
        (ACCEPT, None, 400, "fail"),
        (ACCEPT, None, 404, "fail"),
        (ACCEPT, None, 422, "fail"),
        (ACCEPT, None, 302, "inconclusive"),
        (ACCEPT, None, 401, "inconclusive"),
        (ACCEPT, None, 408, "inconclusive"),
        (ACCEPT, None, 429, "inconclusive"),
        (ACCEPT, None, 503, "inconclusive"),
        (REJECT, 201, 400, "pass"),
        (REJECT, 201, 422, "pass"),
        (REJECT, 201, 409, "pass"),
        (REJECT, 201, 201, "fail"),
        (REJECT, 422, 201, "fail"),
        (REJECT, None, 201, "fail"),
        (REJECT, 422, 422, "inconclusive"),
        (REJECT, None, 422, "inconclusive"),
        (REJECT, 500, 422, "inconclusive"),
        (REJECT, 201, 302, "inconclusive"),
        (REJECT, 201, 401, "inconclusive"),
        (REJECT, 201, 407, "inconclusive"),
        (REJECT, 201, 429, "inconclusive"),
        (REJECT, 201, 500, "inconclusive"),
        (AUTH, 201, 401, "pass"),
        (AUTH, 201, 403, "fail"),
        (AUTH, 201, 201, "fail"),
        (AUTH, 422, 201, "fail"),
        (AUTH, 201, 429, "inconclusive"),
        (AUTH, 422, 401, "inconclusive"),
    ],
)
def test_verdict_on_the_rule_of_a_case(
    oracle: Oracle,
    case_of: Cases,
    exchange_of: Exchanges,
    case_id: str,
    twin_status: int | None,
    status: int,
    verdict: str,
) -> None:
    case = case_of(case_id)
    if twin_status is not None:
        oracle.judge(case_of(str(case.twin)), exchange_of(twin_status, ERROR))

    found = verdicts(oracle.judge(case, exchange_of(status, ERROR)))

    assert found[case.rule] == verdict


@pytest.mark.parametrize("case_id", [ACCEPT, REJECT, "robustness/"])
@pytest.mark.parametrize("status", [500, 503, 599])
def test_5xx_fails_robustness_whatever_was_sent(
    oracle: Oracle, case_of: Cases, exchange_of: Exchanges, case_id: str, status: int
) -> None:
    found = oracle.judge(case_of(case_id), exchange_of(status))

    assert verdicts(found)["robustness"] == "fail"
    assert {each.level for each in found if each.rule == "robustness"} == {Level.MUST}


@pytest.mark.parametrize(
    "trouble", [each for each in Trouble if each != Trouble.WITHHELD]
)
def test_failure_of_transport_is_never_held_against_the_rule_of_its_case(
    oracle: Oracle, case_of: Cases, trouble: Trouble
) -> None:
    case = case_of(REJECT)
    failure = Failure(trouble=trouble, message="gone")

    found = oracle.judge(case, Exchange(url="", request=case.request, failure=failure))

    assert verdicts(found) == {"robustness": "fail", case.rule: "inconclusive"}


@pytest.mark.parametrize("prefix", [REJECT, ACCEPT])
def test_what_was_withheld_is_held_against_nobody(
    oracle: Oracle, case_of: Cases, prefix: str
) -> None:
    case = case_of(prefix)
    failure = Failure(trouble=Trouble.WITHHELD, message="not sent")

    found = oracle.judge(case, Exchange(url="", request=case.request, failure=failure))

    assert verdicts(found) == {case.rule: "inconclusive"}


@pytest.mark.parametrize(
    ("status", "body", "unnamed", "verdict"),
    [
        (404, {}, {"segmentIds": "segment"}, "inconclusive"),
        (409, {}, {"segmentIds": "segment"}, "inconclusive"),
        (422, {"segmentIds": "unknown"}, {"segmentIds": "segment"}, "inconclusive"),
        (422, {"at": "/segmentIds/0"}, {"segmentIds": "segment"}, "inconclusive"),
        (422, {"why": "not from here"}, {"from": "caller"}, "fail"),
        (422, {}, {"segmentIds": "segment"}, "fail"),
        (404, {}, {}, "fail"),
        (404, {}, {"calendarId": "calendar"}, "fail"),
    ],
    ids=[
        *("404", "409", "named", "pointed-at", "a-word", "not-named", "all-known"),
        "not-sent",
    ],
)
def test_refusal_for_a_fixture_that_may_be_unknown_is_inconclusive(
    contract: Contract,
    case_of: Cases,
    exchange_of: Exchanges,
    status: int,
    body: Json,
    unnamed: dict[str, str],
    verdict: str,
) -> None:
    oracle = Oracle(contract, unnamed=unnamed)
    case = case_of("body.accepted/plain")

    found = verdicts(oracle.judge(case, exchange_of(status, body)))

    assert found[case.rule] == verdict


@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 418])
def test_survivor_may_be_answered_with_anything_below_500(
    oracle: Oracle, case_of: Cases, exchange_of: Exchanges, status: int
) -> None:
    found = oracle.judge(case_of("robustness/"), exchange_of(status))

    assert verdicts(found) == {"robustness": "pass"}


@pytest.mark.parametrize(
    ("status", "body", "media", "failing"),
    [
        (400, ERROR, "application/json", set()),
        (422, ERROR, "application/problem+json; charset=utf-8", set()),
        (409, ERROR, "application/json", {"error.status"}),
        (400, ERROR, "text/plain", {"error.envelope"}),
        (400, {"detail": "no"}, "application/json", {"error.envelope"}),
        (400, [], "application/json", {"error.envelope"}),
        (404, None, "text/html", {"error.status", "error.envelope"}),
    ],
)
def test_refusal_is_judged_by_rules_of_its_own(
    oracle: Oracle,
    case_of: Cases,
    exchange_of: Exchanges,
    status: int,
    body: object,
    media: str,
    failing: set[str],
) -> None:
    oracle.judge(case_of(ACCEPT), exchange_of(201, {}))

    found = verdicts(oracle.judge(case_of(REJECT), exchange_of(status, body, media)))

    assert {rule for rule, verdict in found.items() if verdict == "fail"} == failing


def test_coupled_case_that_is_accepted_fails_both_rules(
    oracle: Oracle, cases: tuple[Case, ...], exchange_of: Exchanges
) -> None:
    case = next(case for case in cases if case.coupled)

    found = verdicts(oracle.judge(case, exchange_of(201, {})))

    assert len(case.broken) == 2
    assert {found[rule] for rule in case.broken} == {"fail"}


def test_coupled_case_that_is_refused_decides_its_own_rule_alone(
    oracle: Oracle,
    cases: tuple[Case, ...],
    case_of: Cases,
    exchange_of: Exchanges,
) -> None:
    case = next(case for case in cases if case.coupled)
    oracle.judge(case_of(str(case.twin)), exchange_of(201, {}))

    found = verdicts(oracle.judge(case, exchange_of(400, ERROR)))

    assert set(found) & set(case.broken) == {case.rule}
    assert found[case.rule] == "pass"


def test_inconclusive_finding_gates_by_the_weaker_of_case_and_twin(
    oracle: Oracle, cases: tuple[Case, ...], exchange_of: Exchanges
) -> None:
    by_id = {case.id: case for case in cases}
    case = next(
        case
        for case in cases
        if case.expect is Expect.REJECT
        and case.level is Level.MUST
        and by_id[str(case.twin)].level is Level.MAY
    )
    oracle.judge(by_id[str(case.twin)], exchange_of(422, ERROR))

    found = oracle.judge(case, exchange_of(422, ERROR))

    finding = next(each for each in found if each.rule == case.rule)
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert (finding.level, finding.gate) == (Level.MUST, Level.MAY)


def test_check_of_an_answer_binds_no_more_than_what_was_sent(
    oracle: Oracle, cases: tuple[Case, ...], exchange_of: Exchanges
) -> None:
    case = next(
        case
        for case in cases
        if case.expect is Expect.ACCEPT and case.level is Level.MAY
    )

    found = oracle.judge(case, exchange_of(201, None, "text/html"))

    finding = next(each for each in found if each.rule == "answer.json")
    assert finding.verdict is Verdict.FAIL
    assert finding.level is Level.MAY


@pytest.mark.parametrize(
    "body",
    [None, [], "text", 7, {"broadcastId": []}, {"retries": {}, "voiceFlow": [1]}],
    ids=repr,
)
def test_odd_answer_is_judged_without_an_error_of_ours(
    oracle: Oracle, case_of: Cases, exchange_of: Exchanges, body: object
) -> None:
    found = verdicts(oracle.judge(case_of(ACCEPT), exchange_of(201, body)))

    assert found["body.accepted"] == "pass"
    assert "fail" in found.values()


def answered(
    exchange_of: Exchanges, status: int, body: object, **headers: str
) -> Exchange:
    exchange = exchange_of(status, body)
    assert exchange.response is not None
    added = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    response = replace(exchange.response, headers=(*exchange.response.headers, *added))
    return replace(exchange, response=response)


@pytest.mark.parametrize(
    ("case_id", "status", "headers", "verdict"),
    [
        ("wire.method/patch", 405, {"Allow": "GET, POST"}, "pass"),
        ("wire.method/patch", 405, {"Allow": " "}, "fail"),
        ("wire.method/patch", 405, {}, "fail"),
        ("wire.method/patch", 501, {}, "pass"),
        ("wire.method/patch", 404, {}, "fail"),
        ("wire.method/patch", 200, {}, "fail"),
        ("wire.method/patch", 401, {}, "inconclusive"),
        ("wire.path/longer-name", 404, {}, "pass"),
        ("wire.path/longer-name", 403, {}, "fail"),
        ("wire.media/text-plain", 415, {}, "pass"),
        ("wire.media/text-plain", 400, {}, "fail"),
        ("wire.media/text-plain", 201, {}, "fail"),
        ("wire.json/cut-off", 400, {}, "pass"),
        ("wire.json/cut-off", 418, {}, "pass"),
        ("wire.json/cut-off", 201, {}, "fail"),
        ("wire.json/cut-off", 302, {}, "fail"),
        ("wire.json/cut-off", 401, {}, "inconclusive"),
        ("wire.media/valid-charset", 415, {}, "fail"),
        ("wire.media/valid-charset", 201, {}, "pass"),
    ],
)
def test_wire_is_judged_by_status(
    oracle: Oracle,
    case_of: Cases,
    exchange_of: Exchanges,
    case_id: str,
    status: int,
    headers: dict[str, str],
    verdict: str,
) -> None:
    case = case_of(case_id)
    oracle.judge(case_of(str(case.twin)), exchange_of(201, {}))

    found = verdicts(
        oracle.judge(case, answered(exchange_of, status, ERROR, **headers))
    )

    assert found[case.rule] == verdict
    assert found["robustness"] == "pass"


@pytest.mark.parametrize(
    ("case_id", "status", "asked"),
    [
        ("wire.path/", 404, False),
        ("wire.method/", 405, False),
        ("wire.media/text-plain", 415, True),
        ("wire.json/text", 400, True),
        ("auth.token/missing", 401, True),
    ],
)
def test_envelope_is_asked_of_the_operation_alone(
    oracle: Oracle,
    case_of: Cases,
    exchange_of: Exchanges,
    case_id: str,
    status: int,
    asked: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    case = case_of(case_id)
    oracle.judge(case_of(str(case.twin)), exchange_of(201, {}))

    found = verdicts(oracle.judge(case, exchange_of(status, "Not Found", "text/plain")))

    assert found.get("error.envelope") == ("fail" if asked else None)


@pytest.mark.parametrize(
    ("body", "headers", "verdict"),
    [
        ({"error": {"code": "c", "message": "bad token: s3cret-token"}}, {}, "fail"),
        (ERROR, {"X_Token": "Bearer s3cret-token"}, "fail"),
        (ERROR, {}, "pass"),
    ],
)
def test_token_in_an_answer_is_found(
    contract: Contract,
    case_of: Cases,
    exchange_of: Exchanges,
    body: object,
    headers: dict[str, str],
    verdict: str,
) -> None:
    oracle = Oracle(contract, Filling(token="s3cret-token"))

    found = oracle.judge(
        case_of("auth.token/unknown"), answered(exchange_of, 401, body, **headers)
    )

    assert verdicts(found)["auth.secrecy"] == verdict


def test_token_in_any_answer_is_found_but_only_phase_auth_clears(
    contract: Contract, case_of: Cases, exchange_of: Exchanges
) -> None:
    oracle = Oracle(contract, Filling(token="s3cret-token"))
    leaking = oracle.judge(case_of(ACCEPT), exchange_of(201, {"x": "s3cret-token"}))
    keeping = oracle.judge(case_of(ACCEPT), exchange_of(201, {"x": "y"}))

    assert verdicts(leaking)["auth.secrecy"] == "fail"
    assert "auth.secrecy" not in verdicts(keeping)


@pytest.mark.parametrize("token", [None, "token"])
def test_short_token_is_no_secret_to_look_for(
    contract: Contract, case_of: Cases, exchange_of: Exchanges, token: str | None
) -> None:
    oracle = Oracle(contract, Filling(token=token))

    found = oracle.judge(case_of(AUTH), exchange_of(401, {"x": token}))

    assert "auth.secrecy" not in verdicts(found)


def test_whoever_gives_tokens_out_may_show_them(
    contract: Contract, case_of: Cases, exchange_of: Exchanges
) -> None:
    oracle = Oracle(contract, Filling(token="s3cret-token"))

    found = verdicts(
        oracle.judge(
            case_of("auth.client/"), exchange_of(200, {"access_token": "s3cret-token"})
        )
    )

    assert found["auth.client"] == "fail"
    assert found["auth.secrecy"] == "pass"


@pytest.mark.parametrize(("status", "verdict"), [(201, None), (200, "fail")])
def test_another_status_of_success_than_expected_is_told_once(
    oracle: Oracle,
    case_of: Cases,
    exchange_of: Exchanges,
    status: int,
    verdict: str | None,
) -> None:
    case = replace(case_of("language.enum/valid-de-DE"), status=(201,))

    found = verdicts(oracle.judge(case, exchange_of(status, {})))

    assert found["language.enum"] == "pass"
    assert found.get("body.accepted") == verdict


@pytest.mark.parametrize(("status", "verdict"), [(422, "pass"), (400, "fail")])
def test_another_status_of_refusal_than_expected_is_told(
    oracle: Oracle,
    case_of: Cases,
    exchange_of: Exchanges,
    status: int,
    verdict: str,
) -> None:
    case = replace(case_of(REJECT), status=(422,))
    oracle.judge(case_of(case.twin or ""), exchange_of(201, {}))

    found = verdicts(oracle.judge(case, exchange_of(status, ERROR)))

    assert found[case.rule] == "pass"
    assert found["error.status"] == verdict
