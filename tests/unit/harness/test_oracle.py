"""What an answer says of the rules: by kind of case, status, and fate of the twin."""

from __future__ import annotations

from typing import Any

import pytest
from tests.inprocess import suite
from tests.unit.harness.guarded import answered, case_of

from ringspec.harness import Exchange, Failure, Finding, Response, Trouble, Verdict
from ringspec.harness.judging.oracle import Oracle
from ringspec.harness.sending.exchange import Filling, parse
from ringspec.spec import Json, Level
from ringspec.strategies import Case, Expect

ERROR = {"error": {"code": "invalid", "message": "no"}}
ACCEPT = "body.accepted/plain"
REJECT = "name.required/"
AUTH = "auth.token/missing"
SECRET = "s3cret-token"


class Judge:
    """Judges answers to cases, each after its twin."""

    def __init__(self, **options: Any) -> None:
        self.oracle = Oracle(suite()[0], **options)

    def findings(
        self,
        case: Case | str,
        status: int,
        body: Json = ERROR,
        *,
        twin: int | None = 201,
        **headers: str,
    ) -> tuple[Finding, ...]:
        case = case_of(case) if isinstance(case, str) else case
        if case.twin and twin is not None:
            self._judged(case_of(case.twin), answered(twin, ERROR))
        return self._judged(case, answered(status, body, **headers))

    def _judged(self, case: Case, response: Response) -> tuple[Finding, ...]:
        exchange = Exchange(url="", request=case.request, response=response)
        return self.oracle.judge(case, exchange)

    def __call__(self, *args: Any, **options: Any) -> dict[str, str]:
        found = self.findings(*args, **options)
        return {each.rule: str(each.verdict) for each in found}


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.mark.parametrize(
    ("case_id", "twin", "status", "verdict"),
    [
        *((ACCEPT, None, status, "pass") for status in (200, 201)),
        *((ACCEPT, None, status, "fail") for status in (400, 404, 422)),
        *((ACCEPT, None, each, "inconclusive") for each in (302, 401, 408, 429, 503)),
        *((REJECT, 201, status, "pass") for status in (400, 409, 422)),
        *((REJECT, twin, 201, "fail") for twin in (201, 422, None)),
        *((REJECT, twin, 422, "inconclusive") for twin in (422, 500, None)),
        *((REJECT, 201, each, "inconclusive") for each in (302, 401, 407, 429, 500)),
        (AUTH, 201, 401, "pass"),
        (AUTH, 201, 403, "fail"),
        (AUTH, 201, 201, "fail"),
        (AUTH, 422, 201, "fail"),
        (AUTH, 201, 429, "inconclusive"),
        (AUTH, 422, 401, "inconclusive"),
    ],
)
def test_verdict_on_the_rule_of_a_case(
    judge: Judge, case_id: str, twin: int | None, status: int, verdict: str
) -> None:
    found = judge(case_id, status, twin=twin)

    assert found[case_of(case_id).rule] == verdict


@pytest.mark.parametrize("case_id", [ACCEPT, REJECT, "robustness/"])
@pytest.mark.parametrize("status", [500, 503, 599])
def test_5xx_fails_robustness_whatever_was_sent(
    judge: Judge, case_id: str, status: int
) -> None:
    found = judge.findings(case_id, status)

    (robustness,) = (each for each in found if each.rule == "robustness")
    assert (robustness.verdict, robustness.level) == (Verdict.FAIL, Level.MUST)


@pytest.mark.parametrize("case_id", [REJECT, ACCEPT])
@pytest.mark.parametrize("trouble", Trouble)
def test_failure_of_transport_is_never_held_against_the_rule_of_its_case(
    judge: Judge, case_id: str, trouble: Trouble
) -> None:
    case = case_of(case_id)
    failure = Failure(trouble=trouble, message="gone")

    exchange = Exchange(url="", request=case.request, failure=failure)
    found = judge.oracle.judge(case, exchange)

    # Nor against robustness, if it was never sent.
    fails = {} if trouble is Trouble.WITHHELD else {"robustness": "fail"}
    verdicts = {each.rule: str(each.verdict) for each in found}
    assert verdicts == {**fails, case.rule: "inconclusive"}


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
    status: int,
    body: Json,
    unnamed: dict[str, str],
    verdict: str,
) -> None:
    assert Judge(unnamed=unnamed)(ACCEPT, status, body)["body.accepted"] == verdict


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
    judge: Judge, status: int, body: Json, media: str, failing: set[str]
) -> None:
    found = judge(REJECT, status, body, media=media)

    assert {rule for rule, verdict in found.items() if verdict == "fail"} == failing


def test_coupled_case_fails_both_rules_and_passes_its_own_alone(
    judge: Judge, cases: tuple[Case, ...]
) -> None:
    case = next(case for case in cases if case.coupled)
    assert len(case.broken) == 2

    accepted, refused = judge(case, 201, {}), judge(case, 400)

    assert {accepted[rule] for rule in case.broken} == {"fail"}
    assert set(refused) & set(case.broken) == {case.rule}
    assert refused[case.rule] == "pass"


def test_inconclusive_finding_gates_by_the_weaker_of_case_and_twin(
    judge: Judge, cases: tuple[Case, ...]
) -> None:
    by_id = {case.id: case for case in cases}
    case = next(
        case
        for case in cases
        if case.expect is Expect.REJECT
        and case.level is Level.MUST
        and by_id[str(case.twin)].level is Level.MAY
    )

    found = judge.findings(case, 422, twin=422)

    (finding,) = (each for each in found if each.rule == case.rule)
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert (finding.level, finding.gate) == (Level.MUST, Level.MAY)


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
    judge: Judge, case_id: str, status: int, headers: dict[str, str], verdict: str
) -> None:
    found = judge(case_id, status, **headers)

    assert found[case_of(case_id).rule] == verdict
    assert found["robustness"] == "pass"


@pytest.mark.parametrize(
    ("case_id", "status", "verdict"),
    [
        ("wire.path/", 404, None),
        ("wire.method/", 405, None),
        ("wire.media/text-plain", 415, "fail"),
        ("wire.json/text", 400, "fail"),
        (AUTH, 401, "fail"),
    ],
)
def test_envelope_is_asked_of_the_operation_alone(
    judge: Judge, case_id: str, status: int, verdict: str | None
) -> None:
    found = judge(case_id, status, "Not Found", media="text/plain")

    assert found.get("error.envelope") == verdict


@pytest.mark.parametrize(
    ("case_id", "token", "answer", "verdict"),
    [
        ("auth.token/unknown", SECRET, (401, {"error": {"code": SECRET}}), "fail"),
        ("auth.token/unknown", SECRET, (401, ERROR), "pass"),
        # Any answer may leak; only the phase auth clears.
        (ACCEPT, SECRET, (201, {"x": SECRET}), "fail"),
        (ACCEPT, SECRET, (201, {"x": "y"}), None),
        # A short token may stand there by chance.
        (AUTH, "token", (401, {"x": "token"}), None),
        (AUTH, None, (401, {}), None),
        # The token endpoint gives tokens out.
        ("auth.client/", SECRET, (200, {"access_token": SECRET}), "pass"),
    ],
)
def test_token_in_an_answer_is_found(
    case_id: str,
    token: str | None,
    answer: tuple[int, Json],
    verdict: str | None,
) -> None:
    judge = Judge(filling=Filling(token=token))

    assert judge(case_id, *answer).get("auth.secrecy") == verdict


def test_token_in_a_header_is_found() -> None:
    judge = Judge(filling=Filling(token=SECRET))

    found = judge("auth.token/unknown", 401, **{"x-token": f"Bearer {SECRET}"})

    assert found["auth.secrecy"] == "fail"


def response(body: bytes, media: str | None = "application/json") -> Response:
    headers = () if media is None else (("content-type", media),)
    return Response(status=201, headers=headers, body=body)


@pytest.mark.parametrize(
    ("body", "media", "reason"),
    [
        (b"{}", "application/json", ""),
        (b"{}", "Application/JSON; charset=utf-8", ""),
        (b"{}", "application/vnd.api+json", ""),
        (b"{}", "text/html", "labelled text/html, not JSON"),
        (b"{}", None, "has no Content-Type"),
        (b"", "application/json", "no JSON"),
        (b"{", "application/json", "no JSON"),
        (b"\xff\xff", "application/json", "no JSON"),
        (b"NaN", "application/json", "NaN is no JSON"),
        (b"[" * 90_000, "application/json", "more than 64 levels"),
        (b"[" * 900 + b"]" * 900, "application/json", "more than 64 levels"),
        (b"[" + b"0," * 100_000, "application/json", "more than 100,000 values"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_answer_is_json_and_says_so(
    body: bytes, media: str | None, reason: str
) -> None:
    _, found = parse(response(body, media))

    assert reason in found
    assert bool(found) == bool(reason)
