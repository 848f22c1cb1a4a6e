"""A trial tells each step, and leaves the target as it was."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from ringspec.harness.profile import Profile
from ringspec.harness.profile.checking import CheckState, CheckStep, ProfileCheck
from ringspec.harness.sending.credentials import Credentials
from ringspec.harness.sending.policy import Safety
from ringspec.harness.sending.transport import Route
from ringspec.spec import Contract, Overrides, UsageError, load

UUID = "11111111-2222-4333-8444-555555555555"
LIST = "GET /voice/broadcasts"
READ = f"GET /people/segments/{UUID}"
ALL = "GET /people/segments"
CREATE = "POST /voice/broadcasts"
NOBODY = Credentials()
Answers = dict[str, int]
OPEN = {LIST: 200, "POST /token": 200}

pytestmark = pytest.mark.socket


class _Handler(BaseHTTPRequestHandler):
    """Answers by method and path; 404 where nothing is said."""

    answers: Answers
    media = "application/json"
    asked: list[str]

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        what = f"{self.command} {self.path}"
        versioned = " versioned" if "X-version" in self.headers else ""
        self.asked.append(f"{what}{versioned}")
        status = self.answers.get(f"{what}{versioned}", self.answers.get(what, 404))
        body = json.dumps({"access_token": "t0ken-given-out"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", self.media)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - as the library calls it

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load(overrides=Overrides(fixtures={"segment": UUID}))


@pytest.fixture
def tried(contract: Contract) -> Iterator[Callable[..., dict[str, CheckStep]]]:
    """Try a profile on a server that answers so; return the steps by name."""
    servers: list[ThreadingHTTPServer] = []

    def run(
        answers: Answers, *, media: str = "application/json", **profile: Any
    ) -> dict[str, CheckStep]:
        members = {"answers": answers, "media": media, "asked": []}
        handler = type("Handler", (_Handler,), members)
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        given = Profile(
            **{"overrides": Overrides(fixtures={"segment": UUID}), **profile}
        )
        client = Credentials(
            client_id="me", client_secret="hush", token_url=f"{url}/token"
        )
        steps = ProfileCheck(given, contract, url, client).steps()
        found = {each.name: each for each in steps}
        run.port = server.server_address[1]  # type: ignore[attr-defined] # likewise
        run.asked = handler.asked  # type: ignore[attr-defined] # noted for the test
        return found

    yield run
    for each in servers:
        each.shutdown()
        each.server_close()


def states(steps: dict[str, CheckStep]) -> dict[str, CheckState]:
    return {name: each.state for name, each in steps.items()}


def test_nothing_but_reading_is_done(tried: Any) -> None:
    found = tried({**OPEN, READ: 200})

    assert CheckState.FAILED not in states(found).values()
    assert found["token"].message.endswith("/token gives one out")
    assert found["fixture"].message == f"the target knows the segment: {READ}"
    assert tried.asked == ["POST /token", LIST, f"{LIST} versioned", READ]


@pytest.mark.parametrize(
    ("answers", "failed", "said", "hint"),
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
def test_what_fails_is_told_with_a_hint(
    tried: Any, answers: Answers, failed: str, said: str, hint: str
) -> None:
    found = tried({**OPEN, **answers})

    assert found[failed].state == CheckState.FAILED
    assert said in found[failed].message
    assert hint in found[failed].hint
    after = list(found)[list(found).index(failed) + 1 :]
    assert {found[each].message for each in after} <= {"a step before it failed"}


def test_a_page_for_people_is_no_answer_of_an_api(tried: Any) -> None:
    found = tried(OPEN, media="text/html")

    assert found["token"].state == CheckState.OK
    assert found["read"].state == CheckState.FAILED
    assert "text/html" in found["read"].message


def test_a_target_that_does_not_tell_leaves_the_fixture_open(tried: Any) -> None:
    found = tried(OPEN)

    assert found["fixture"].state == CheckState.SKIPPED
    assert "allow_create = true" in found["fixture"].hint
    assert CREATE not in tried.asked


@pytest.mark.parametrize(
    ("status", "state"), [(201, CheckState.OK), (422, CheckState.FAILED)]
)
def test_one_create_is_sent_where_the_profile_allows_it(
    tried: Any, status: int, state: CheckState
) -> None:
    found = tried({**OPEN, CREATE: status}, safety=Safety(allow_create=True))

    assert found["fixture"].state == state
    assert f"HTTP {status}" in found["fixture"].message
    assert tried.asked.count(CREATE) == 1


def test_nothing_is_created_on_a_live_target_on_this_machine(tried: Any) -> None:
    safety = Safety(live=True, allow_create=True, max_creates=9)

    found = tried(OPEN, safety=safety)

    assert found["read"].state == CheckState.OK
    assert found["fixture"].state == CheckState.SKIPPED
    assert CREATE not in tried.asked


def test_localhost_is_no_name_to_be_asked_for(
    tried: Any, monkeypatch: pytest.MonkeyPatch, contract: Contract
) -> None:
    tried(OPEN)
    port = tried.port
    asked: list[Any] = []
    ask = socket.getaddrinfo

    def found(host: Any, *others: Any, **more: Any) -> Any:
        asked.append(host)
        return ask("127.0.0.1" if host == "localhost" else host, *others, **more)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    url = f"http://localhost:{port}"
    steps = {
        each.name: each
        for each in ProfileCheck(Profile(), contract, url, NOBODY).steps()
    }

    assert steps["reach"].state == CheckState.OK
    assert steps["name"].state == CheckState.SKIPPED
    assert "localhost" not in asked


def test_a_token_comes_from_an_allowed_host_alone(contract: Contract) -> None:
    client = Credentials(
        client_id="me", client_secret="x", token_url="https://auth.invalid/token"
    )
    profile = Profile(safety=Safety(live=True))

    check = ProfileCheck(profile, contract, "https://api.invalid", client)

    with pytest.raises(UsageError, match=r"auth\.invalid is neither the target"):
        check._authorise()


def test_without_fixtures_there_is_nothing_to_try(tried: Any) -> None:
    found = tried(OPEN, overrides=Overrides(), safety=Safety(allow_create=True))

    assert found["fixture"].message == "the profile names none"
    assert CREATE not in tried.asked


def test_a_host_that_is_not_allowed_is_not_asked(tried: Any) -> None:
    found = tried(OPEN, safety=Safety(allowed_hosts=("api.example.com",)))

    assert found["allowed"].state == CheckState.FAILED
    assert "api.example.com" in found["allowed"].hint
    assert tried.asked == []


@pytest.mark.parametrize(
    ("url", "token_url", "safety"),
    [
        ("https://192.0.2.1", None, Safety()),
        ("https://192.0.2.1", None, Safety(live=False)),
        ("http://127.0.0.1:1", "https://192.0.2.1/token", Safety()),
    ],
)
def test_nobody_elsewhere_is_asked_unless_the_profile_says_live(
    contract: Contract, url: str, token_url: str | None, safety: Safety
) -> None:
    client = Credentials(client_id="me", client_secret="x", token_url=token_url)
    profile = Profile(safety=safety)

    found = {
        each.name: each.state
        for each in ProfileCheck(profile, contract, url, client).steps()
    }

    assert found.pop("allowed") == CheckState.FAILED
    assert set(found.values()) == {CheckState.SKIPPED}


def test_files_of_the_route_are_looked_at_first(tried: Any) -> None:
    found = tried(OPEN, route=Route(ca="gone.pem"))

    assert found["route"].state == CheckState.FAILED
    assert "gone.pem" in found["route"].message
    assert tried.asked == []


def test_nobody_at_home_is_told(contract: Contract) -> None:
    trial = ProfileCheck(Profile(), contract, "http://127.0.0.1:1", Credentials())

    found = {each.name: each for each in trial.steps()}

    assert found["reach"].state == CheckState.FAILED
    assert "127.0.0.1:1: Connection refused" in found["reach"].message
