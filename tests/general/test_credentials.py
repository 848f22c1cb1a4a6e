"""Credentials: whatever a contract asks for goes where it says, and shows nowhere.

In: one small contract whose `security` differs, and a server that keeps to it.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ringspec.spec import Json

from ..called import Ended  # noqa: TID252 - tests are no distribution
from ..serving import served  # noqa: TID252 - likewise

KEY, TOKEN, SESSION, WEAK = "k3y+of/no-body=", "t0ken-of-n0body", "s3ssion", "w3ak-one"
BASIC = base64.b64encode(b"me:pa55w0rd").decode()
SCHEMES: Json = {
    "Key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "App": {"type": "apiKey", "in": "header", "name": "App-Id"},
    "Query": {"type": "apiKey", "in": "query", "name": "api_key"},
    "Cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
    "Bearer": {"type": "http", "scheme": "bearer"},
    "OAuth": {"type": "oauth2", "flows": {}},
    "Basic": {"type": "http", "scheme": "Basic"},
    "Digest": {"type": "http", "scheme": "digest"},
    "Mutual": {"type": "mutualTLS"},
}
# What each scheme's right credentials are, as a server sees them.
RIGHT: dict[str, Callable[[Request], bool]] = {
    "Key": lambda it: it.headers.get("x-api-key") == KEY,
    "App": lambda it: it.headers.get("app-id") == "app-7",
    "Query": lambda it: it.query_params.get("api_key") == KEY,
    "Cookie": lambda it: it.cookies.get("sid") == SESSION,
    "Bearer": lambda it: it.headers.get("authorization") == f"Bearer {TOKEN}",
    "OAuth": lambda it: it.headers.get("authorization") == f"Bearer {TOKEN}",
    "Basic": lambda it: it.headers.get("authorization") == f"Basic {BASIC}",
    "Digest": lambda _: False,
    "Mutual": lambda _: True,
}
Security = list[dict[str, list[str]]]
LetIn = Callable[[Request], bool]


def asked(*alternatives: str) -> Security:
    """Write what is asked for: alternatives, each of schemes with blanks between."""
    return [{name: [] for name in each.split()} for each in alternatives]


def lets_in(security: Security) -> LetIn:
    return lambda it: any(all(RIGHT[name](it) for name in each) for each in security)


@pytest.fixture
def contract(tmp_path: Path) -> Callable[..., Path]:
    """Write the contract, with other answers than 201 and 400 if they are given."""

    def write(security: Security, *statuses: str) -> Path:
        schema = {"type": "integer", "minimum": 1, "maximum": 5}
        body = {"type": "object", "properties": {"n": schema}, "required": ["n"]}
        post = {
            "operationId": "t",
            "security": security,
            "requestBody": {"content": {"application/json": {"schema": body}}},
            "responses": {it: {"description": it} for it in ("201", "400", *statuses)},
        }
        about = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}}
        document = {**about, "paths": {"/t": {"post": post}}}
        path = tmp_path / "t.json"
        document["components"] = {"securitySchemes": SCHEMES}
        path.write_text(json.dumps(document))
        return path

    return write


def server(is_let_in: LetIn, may: LetIn = bool) -> Starlette:
    async def create(request: Request) -> JSONResponse:
        if not is_let_in(request):
            return JSONResponse({}, 401)
        if not may(request):
            return JSONResponse({}, 403)
        try:
            body = json.loads(await request.body())
        except (ValueError, RecursionError):
            return JSONResponse({}, 400)
        n = body.get("n") if isinstance(body, dict) else None
        right = type(n) is int and 1 <= n <= 5
        label = request.headers.get("content-type", "").split(";")[0]
        fits = right and label == "application/json"
        echo = {"id": "7", "seen": [str(request.url), dict(request.headers)]}
        return JSONResponse(echo if fits else {}, 201 if fits else 400)

    async def read(request: Request) -> JSONResponse:
        found = request.path_params["id"] == "7"
        return JSONResponse(
            {}, (200 if found else 404) if RIGHT["Key"](request) else 401
        )

    routes = [Route("/t", create, methods=["POST"]), Route("/t/{id}", read)]
    return Starlette(routes=routes)


OWN = f"--header=X-Api-Key={KEY}"
SID = f"--header=Cookie=sid={SESSION}"
BEARER, USER = f"--bearer={TOKEN}", "--user=me:pa55w0rd"


@pytest.mark.parametrize(
    ("security", "options"),
    [
        (asked("Key"), [f"--bearer={KEY}"]),
        (asked("Key"), [OWN]),
        (asked("Query"), [f"--bearer={KEY}"]),
        (asked("Cookie"), [f"--bearer={SESSION}"]),
        (asked("Cookie"), [SID]),
        (asked("Basic"), [USER]),
        (asked("OAuth Key App"), [BEARER, OWN, "--header=App-Id=app-7"]),
        (asked("Key Cookie"), [OWN, SID]),
        (asked("Key", "Basic", "Bearer"), [USER]),
        (asked("Bearer", "Key"), [BEARER, OWN]),
        (asked("Digest", "Mutual Bearer"), [BEARER]),
    ],
    ids=lambda it: " or ".join(" ".join(e) if isinstance(e, dict) else "" for e in it),
)
def test_what_is_asked_for_goes_out_and_shows_nowhere(
    ringspec: Callable[..., Ended],
    contract: Callable[..., Path],
    tmp_path: Path,
    security: Security,
    options: list[str],
) -> None:
    path, names = contract(security), ("har", "html", "junit", "ndjson", "evidence")
    reports = [f"--report={name}={tmp_path / f'{name}.zip'}" for name in names]

    with served(server(lets_in(security))) as url:
        ended = ringspec("run", url, "--contract", path, *options, *reports)
    verified = ringspec("verify", tmp_path / "evidence.zip")

    told = [ended.stdout, ended.stderr, json.dumps(ended.report)]
    told += [(tmp_path / f"{it}.zip").read_bytes().decode("latin-1") for it in names]
    secrets = (KEY, KEY.replace("+", "%2B"), TOKEN, SESSION, "pa55w0rd", BASIC)
    assert (ended.status, ended.failing - {"auth.secrecy"}) == (0, set()), ended.stdout
    assert "auth.token" in ended.having("pass")
    assert verified.status == 0, verified.stdout
    assert not [it for it in secrets if any(it in text for text in told)]


@pytest.mark.parametrize(
    ("security", "options", "ignored"),
    [
        (asked("Query"), [f"--bearer={KEY}"], "Query"),
        (asked("Cookie"), [SID], "Cookie"),
        (asked("Basic"), [USER], "Basic"),
        (asked("Bearer Key"), [BEARER, OWN], "Bearer"),
        (asked("Bearer Key"), [BEARER, OWN], "Key"),
        (asked("Key Cookie"), [OWN, SID], "Cookie"),
    ],
)
def test_one_that_is_not_looked_at_is_noticed(
    ringspec: Callable[..., Ended],
    contract: Callable[..., Path],
    security: Security,
    options: list[str],
    ignored: str,
) -> None:
    left: Security = [{it: [] for it in each if it != ignored} for each in security]
    with served(server(lets_in(left))) as url:
        where = (url, "--contract", contract(security), "--phase=auth")
        ended = ringspec("run", *where, *options)

    assert ended.failing - {"auth.secrecy"} == {"auth.token"}


def test_a_command_line_of_a_failure_has_the_key_in_its_query(
    ringspec: Callable[..., Ended], contract: Callable[..., Path]
) -> None:
    key, seen = "k3y-of.n0body", list[str | None]()

    def is_let_in(request: Request) -> bool:
        seen.append(request.query_params.get("api_key"))
        return (seen[-1] or "").startswith(key)

    with served(server(is_let_in)) as url:
        where = (url, "--contract", contract(asked("Query")), f"--bearer={key}")
        ended = ringspec("run", *where, "--phase=auth")
        lines = [it for it in ended.stdout.splitlines() if it.startswith("curl")]
        environ = {**os.environ, "RINGSPEC_TOKEN": key, "no_proxy": "*"}
        subprocess.run(["sh", "-c", lines[0]], env=environ, check=True, timeout=30)

    assert "?api_key=${RINGSPEC_TOKEN}x" in lines[0]
    assert seen[-1] == f"{key}x"
    assert key not in ended.stdout


@pytest.mark.parametrize(
    ("security", "options", "said"),
    [
        (asked("Query"), [], "give the query's api_key as --bearer KEY; or Query in"),
        (asked("Cookie"), [], "give --header Cookie=sid=VALUE; or Cookie in [schemes]"),
        (asked("Basic"), [], "give --user NAME:PASSWORD; or Basic in [schemes]"),
        (asked("Bearer Key"), [BEARER], "give --header X-Api-Key=VALUE; or Key in"),
        (asked("Bearer App Key"), [OWN], "--token-url; or Bearer in [schemes] of"),
        (asked("Digest"), [BEARER], "it asks for Digest: give it as --header"),
        (asked("Digest Nothing"), [], "it asks for Digest, Nothing: give it"),
    ],
)
def test_what_is_missing_is_said_and_no_list_needs_it(
    ringspec: Callable[..., Ended],
    contract: Callable[..., Path],
    security: Security,
    options: list[str],
    said: str,
) -> None:
    path = contract(security)
    lists = [["cases", "--contract", path], ["rules", "--contract", path]]

    with served(server(lambda _: False)) as url:
        ended = ringspec("run", url, "--contract", path, *options)

    assert ended.status == 3
    assert said in ended.stdout
    assert [ringspec(*each).status for each in lists] == [0, 0]


def test_a_scheme_that_is_not_sent_leaves_its_rules_out_by_name(
    ringspec: Callable[..., Ended], contract: Callable[..., Path]
) -> None:
    with served(server(lambda _: True)) as url:
        ended = ringspec("run", url, "--contract", contract(asked("Digest")))

    (rule,) = (it for it in ended.report["rules"] if it["id"] == "auth.token")
    assert (ended.status, rule["outcome"]) == (0, "not-applicable")
    assert rule["why"] == "Digest is no scheme of which a token is sent"
    assert ringspec("prove", "--contract", contract(asked("Digest"))).status == 0


def test_none_is_needed_where_an_alternative_is_empty(
    ringspec: Callable[..., Ended], contract: Callable[..., Path]
) -> None:
    with served(server(lambda _: True)) as url:
        ended = ringspec("run", url, "--contract", contract([{"Key": []}, {}]))

    assert (ended.status, ended.failing) == (0, set())
    assert "auth.token" in ended.having("not-applicable")


PROFILE = """
[schemes]
App = "app-7"
Query = { env = "OWN_KEY" }
Basic = "bWU6cGE1NXcwcmQ="
"""


def test_a_profile_has_several_by_the_names_of_their_schemes(
    ringspec: Callable[..., Ended],
    contract: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OWN_KEY", KEY)
    profile, security = tmp_path / "p.toml", asked("Bearer", "App Query Basic")
    profile.write_text(PROFILE)
    with served(server(lets_in(security))) as url:
        where = ("run", url, "--contract", contract(security), "--profile", profile)
        ended = ringspec(*where, f"--report=html={tmp_path / 'r.html'}")
        profile.write_text(PROFILE.replace("App", "Apq"))
        misspelt = ringspec(*where)

    assert (ended.status, ended.failing - {"auth.secrecy"}) == (0, set())
    page = (tmp_path / "r.html").read_text("utf-8")
    shown = ended.stdout + json.dumps(ended.report) + page
    assert not [it for it in (KEY, "pa55w0rd", BASIC, "app-7") if it in shown]
    assert misspelt.status == 2
    assert "p.toml:3: the contract has no security scheme 'Apq'" in misspelt.stderr


FORBIDS: LetIn = lambda it: WEAK not in it.headers.get("authorization", "")  # noqa: E731
KNOWS: LetIn = lambda it: RIGHT["OAuth"](it) or not FORBIDS(it)  # noqa: E731


@pytest.mark.parametrize(
    ("document", "may", "found", "status"),
    [
        (("403", []), FORBIDS, ("pass", "must"), 0),
        (("403", []), bool, ("fail", "must"), 1),
        (("404", ["write"]), bool, ("fail", "may"), 1),
        (("404", []), bool, None, 0),
    ],
)
def test_who_may_do_less_is_refused_with_403(
    ringspec: Callable[..., Ended],
    contract: Callable[..., Path],
    tmp_path: Path,
    document: tuple[str, list[str]],
    may: LetIn,
    found: tuple[str, str] | None,
    status: int,
) -> None:
    profile, path = tmp_path / "p.toml", contract([{"OAuth": document[1]}], document[0])
    profile.write_text(f'[weaker]\nbearer = "{WEAK}"')
    with served(server(KNOWS, may)) as url:
        where = ("run", url, "--contract", path, BEARER, "--exclude=auth.secrecy")
        ended = ringspec(*where, "--profile", profile, "--level=may")
        without = ringspec(*where)

    rules = {it["id"]: (it["outcome"], it["level"]) for it in ended.report["rules"]}
    assert (ended.status, rules.get("auth.scope")) == (status, found), ended.stdout
    assert WEAK not in ended.stdout + json.dumps(ended.report)
    assert (without.status, "auth.scope" in without.having("pass")) == (0, False)
    for rule in (it for it in without.report["rules"] if it["id"] == "auth.scope"):
        assert rule["why"].startswith("no weaker credentials were given")


def test_each_operation_of_a_run_has_its_own(
    ringspec: Callable[..., Ended], contract: Callable[..., Path]
) -> None:
    path = contract(asked("Bearer"))
    document = json.loads(path.read_text())
    name = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    # What carries a token is no parameter beside that.
    key = {"name": "x-api-key", "in": "header", "schema": {"maxLength": 9}}
    document["paths"]["/t/{id}"] = {
        "get": {
            "operationId": "read",
            "security": asked("Key", "Bearer"),
            "parameters": [name, key],
            "responses": {it: {"description": it} for it in ("200", "404")},
        }
    }
    path.write_text(json.dumps(document))
    with served(server(RIGHT["Bearer"])) as url:
        ended = ringspec("run", url, "--contract", path, BEARER, OWN)

    passed = {it for it in ended.having("pass") if it.endswith("auth.token")}
    assert (ended.status, ended.failing - {"t/auth.secrecy"}) == (0, set()), (
        ended.stdout
    )
    assert passed == {"t/auth.token", "read/auth.token"}
