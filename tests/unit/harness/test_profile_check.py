"""A check of a profile reports each step, and leaves the target as it was."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from ringspec.harness.profile import Profile
from ringspec.harness.profile.checking import CheckStep, ProfileCheck
from ringspec.harness.sending.credentials import Credentials
from ringspec.harness.sending.policy import Safety
from ringspec.harness.sending.target import Route
from ringspec.spec import Contract, Overrides, UsageError, load

from ...serving import served  # noqa: TID252 - tests are no distribution

UUID = "11111111-2222-4333-8444-555555555555"
LIST = "GET /voice/broadcasts"
READ = f"GET /people/segments/{UUID}"
ALL = "GET /people/segments"
CREATE = "POST /voice/broadcasts"
OPEN = {LIST: 200, "POST /token": 200}
FIXTURES = Overrides(fixtures={"segment": UUID})


@dataclass(frozen=True)
class Checked:
    """The steps of a check, and what the server was asked meanwhile."""

    steps: dict[str, CheckStep]
    asked: list[str]

    def __getitem__(self, name: str) -> CheckStep:
        return self.steps[name]

    @property
    def failed(self) -> list[str]:
        steps = self.steps.values()
        return [each.name for each in steps if each.state == "failed"]


def steps(url: str, client: Credentials, **profile: Any) -> dict[str, CheckStep]:
    found = ProfileCheck(Profile(**profile), contract(), url, client).steps()
    return {each.name: each for each in found}


@cache
def contract() -> Contract:
    return load(overrides=FIXTURES)


def check(answers: dict[str, int], **profile: Any) -> Checked:
    """Check a profile on a server that answers so; 404 for all else."""
    asked: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        await request.body()
        what = f"{request.method} {request.url.path}"
        asked.append(what + " versioned" * ("x-version" in request.headers))
        status = answers.get(asked[-1], answers.get(what, 404))
        answer = JSONResponse({"access_token": "t0ken-given-out"}, status)
        await answer(scope, receive, send)

    with served(app) as url:
        client = Credentials(
            client_id="me", client_secret="hush", token_url=f"{url}/token"
        )
        return Checked(steps(url, client, **{"overrides": FIXTURES, **profile}), asked)


def test_nothing_but_reading_is_done() -> None:
    found = check({**OPEN, READ: 200})

    assert found.failed == []
    assert found["token"].message.endswith("/token gives one out")
    assert found["fixture"].message == f"the target knows the segment: {READ}"
    assert found.asked == ["POST /token", LIST, f"{LIST} versioned", READ]


@pytest.mark.parametrize(
    ("answers", "failed", "message", "hint"),
    [
        ({"POST /token": 403}, "token", "HTTP 403", "client id and client secret"),
        ({LIST: 401}, "read", f"{LIST} answers HTTP 401", "the token is refused"),
        ({LIST: 404}, "read", f"{LIST} answers HTTP 404", "mount prefix"),
        ({LIST: 500}, "read", f"{LIST} answers HTTP 500", "own log"),
        (
            {f"{LIST} versioned": 400},
            "version",
            "with X-version: 2023-03-25: HTTP 400",
            "still served",
        ),
        ({ALL: 200}, "fixture", f"{READ}: HTTP 404", "of this account"),
    ],
)
def test_what_fails_is_reported_with_a_hint(
    answers: dict[str, int], failed: str, message: str, hint: str
) -> None:
    found = check({**OPEN, **answers})

    assert found.failed == [failed]
    assert message in found[failed].message
    assert hint in found[failed].hint
    names = list(found.steps)
    after = names[names.index(failed) + 1 :]
    assert {found[each].message for each in after} <= {"a step before it failed"}


@pytest.mark.parametrize(("status", "failed"), [(201, []), (422, ["fixture"])])
def test_one_create_is_sent_where_the_profile_allows_it(
    status: int, failed: list[str]
) -> None:
    found = check({**OPEN, CREATE: status}, safety=Safety(allow_create=True))

    assert found.failed == failed
    assert f"HTTP {status}" in found["fixture"].message
    assert found.asked.count(CREATE) == 1


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ({}, "the target does not tell"),
        (
            {"safety": Safety(live=True, allow_create=True, max_creates=9)},
            "the target does not tell",
        ),
        (
            {"overrides": Overrides(), "safety": Safety(allow_create=True)},
            "the profile names none",
        ),
    ],
    ids=["not-allowed", "live", "no-fixtures"],
)
def test_nothing_is_created_without_leave_and_never_on_a_live_target(
    profile: dict[str, Any], message: str
) -> None:
    found = check(OPEN, **profile)

    assert found["read"].state == "ok"
    assert found["fixture"].state == "skipped"
    assert message in found["fixture"].message
    assert CREATE not in found.asked


def test_a_token_comes_from_an_allowed_host_alone() -> None:
    client = Credentials(
        client_id="me", client_secret="x", token_url="https://auth.invalid/token"
    )
    profile = Profile(safety=Safety(live=True))
    found = ProfileCheck(profile, contract(), "https://api.invalid", client)

    with pytest.raises(UsageError, match=r"auth\.invalid is neither the target"):
        found._token()


@pytest.mark.parametrize(
    ("profile", "failed", "part"),
    [
        (
            {"safety": Safety(allowed_hosts=("api.example.com",))},
            "allowed",
            "api.example.com",
        ),
        ({"route": Route(ca="gone.pem")}, "route", "gone.pem"),
    ],
)
def test_nothing_is_sent_where_hosts_or_files_forbid_it(
    profile: dict[str, Any], failed: str, part: str
) -> None:
    found = check(OPEN, **profile)

    assert found.failed == [failed]
    assert part in found[failed].message + found[failed].hint
    assert found.asked == []


@pytest.mark.parametrize(
    ("url", "token_url", "safety"),
    [
        ("https://192.0.2.1", None, Safety()),
        ("https://192.0.2.1", None, Safety(live=False)),
        ("http://127.0.0.1:1", "https://192.0.2.1/token", Safety()),
    ],
)
def test_nobody_elsewhere_is_asked_unless_the_profile_says_live(
    url: str, token_url: str | None, safety: Safety
) -> None:
    client = Credentials(client_id="me", client_secret="x", token_url=token_url)

    found = steps(url, client, safety=safety)

    assert found.pop("allowed").state == "failed"
    assert {each.state for each in found.values()} == {"skipped"}
