"""Rule packs: laid over any contract, CAMARA's over the documents that others wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from ..called import Ended  # noqa: TID252 - tests are no distribution
from ..serving import served  # noqa: TID252 - likewise
from .documents import TOKEN, Document, Server

SHARED = Path(__file__).parents[3] / "shared" / "contracts" / "camara"
# Each with its operations that create or ask, and with one that reads, if there is one.
CAMARA = {
    "ClickToDial/code/API_definitions/click-to-dial.yaml": ("createCall", "getCall"),
    "QualityOnDemand/code/API_definitions/quality-on-demand.yaml": (
        "extendQosSessionDuration",
        "getSession",
    ),
    "SimSwap/code/API_definitions/sim-swap.yaml": ("checkSimSwap", ""),
    "OTPValidation/code/API_definitions/one-time-password-sms.yaml": ("sendCode", ""),
}
WEAK = "one-without-any-scope"
PROFILE = f"""rules = ["camara"]
[credentials]
bearer = "{TOKEN}"
[weaker]
bearer = "{WEAK}"
[headers]
x-correlator = "abc-1"
"""
FORBIDDEN = {"status": 403, "code": "PERMISSION_DENIED", "message": "no such scope"}
Spoil = Callable[[int, dict[str, str], Any], Any]


pytestmark = pytest.mark.usefixtures("read_once")


class Spoiled:
    """A server behind a gateway that knows scopes, and spoils answers."""

    def __init__(self, server: Server, spoil: Spoil) -> None:
        self.server = server
        self.spoil = spoil

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = {
            name.decode(): value.decode("latin-1") for name, value in scope["headers"]
        }
        start: Message = {}

        async def spoilt(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            names = [name for name, _ in scope["headers"]]
            assert names.count(b"x-correlator") < 2
            status = start["status"]
            headers = {k.decode(): v.decode("latin-1") for k, v in start["headers"]}
            text = message.get("body", b"")
            is_json = "json" in headers.get("content-type", "")
            data = json.loads(text) if is_json else None
            if sent.get("authorization") == f"Bearer {WEAK}":
                status, data, is_json = 403, {**FORBIDDEN}, True
                headers |= {"content-type": "application/json"}
            data = self.spoil(status, headers, data)
            text = json.dumps(data).encode() if is_json and data is not None else text
            headers["content-length"] = str(len(text))
            raw = [(k.encode(), v.encode("latin-1")) for k, v in headers.items()]
            await send({**start, "status": status, "headers": raw})
            await send({**message, "body": text})

        await self.server(scope, receive, spoilt)


def right(_status: int, _headers: dict[str, str], data: Any) -> Any:
    return data


def telling(where: Callable[[int], bool], **members: object) -> Spoil:
    """Have answers with some statuses tell other members; None takes one away."""

    def spoil(status: int, _: dict[str, str], data: Any) -> Any:
        if not where(status) or not isinstance(data, dict):
            return data
        changed = {**data, **members}
        return {name: value for name, value in changed.items() if value is not None}

    return spoil


def echoing(where: Callable[[int], bool], value: str) -> Spoil:
    def spoil(status: int, headers: dict[str, str], data: Any) -> Any:
        if where(status) and headers.pop("x-correlator", "") and value:
            headers["x-correlator"] = value
        return data

    return spoil


def good(status: int) -> bool:
    return status < 300


def bad(status: int) -> bool:
    return 400 <= status < 500


DEFECTS: dict[str, tuple[Spoil, str]] = {
    "no-echo": (echoing(good, ""), "answer.correlator"),
    "another-echo": (echoing(good, "ABC-1"), "answer.correlator"),
    "no-echo-of-refusals": (echoing(bad, ""), "error.correlator"),
    "no-echo-of-401": (echoing((401).__eq__, ""), "error.correlator"),
    "no-code": (telling(bad, code=None), "error.info"),
    "no-message": (telling(bad, message=None), "error.info"),
    "401-says-nothing": (telling((401).__eq__, message=""), "error.info"),
    "code-is-a-number": (telling((400).__eq__, code=400), "error.info"),
    "code-in-words": (telling((400).__eq__, code="Invalid argument"), "error.info"),
    "401-is-400": (telling((401).__eq__, status=400), "error.info.status"),
    "status-is-text": (telling((400).__eq__, status="400"), "error.info.status"),
    "400-unauthenticated": (
        telling((400).__eq__, code="UNAUTHENTICATED"),
        "error.info.code",
    ),
    "401-denied": (telling((401).__eq__, code="PERMISSION_DENIED"), "error.info.code"),
    "403-unauthenticated": (
        telling((403).__eq__, code="UNAUTHENTICATED"),
        "error.info.code",
    ),
}
# These need an operation whose server does not find what is malformed.
UNFOUND: dict[str, tuple[Spoil, str]] = {
    "404-denied": (telling((404).__eq__, code="PERMISSION_DENIED"), "error.info.code"),
    "404-is-400": (telling((404).__eq__, status=400), "error.info.status"),
}


read = cache(Document)


@pytest.fixture(params=CAMARA, ids=lambda it: it.partition("/")[0])
def document(request: pytest.FixtureRequest) -> str:
    if not (SHARED / request.param).exists():
        pytest.skip(f"{request.param} is not beside the checkout")
    return str(request.param)


@pytest.fixture
def run(ringspec: Callable[..., Ended], tmp_path: Path) -> Callable[..., Ended]:
    """Run the command by CAMARA's rules against a server of a document."""
    profile = tmp_path / "mine.toml"
    profile.write_text(PROFILE)

    def call(document: str, spoil: Spoil, *more: str) -> Ended:
        path = SHARED / document
        server = Server(read(path), habits=frozenset({"404"}))
        with served(Spoiled(server, spoil)) as url:
            options = ("--contract", path, "--profile", profile, "--quiet", *more)
            return ringspec("run", url, *options)

    return call


OURS = ("correlator", "info", "info.status", "info.code")


def operations(document: str) -> list[str]:
    return [f"--operation={name}" for name in CAMARA[document] if name]


def lawful(status: int, headers: dict[str, str], data: Any) -> Any:
    """Tell codes of the API's own, and texts in another language."""
    if status in {400, 404}:
        data = {**data, "code": "SOME_API.NOT_SO_2", "message": "não é válido"}
    if status == 400 and headers.get("x-correlator"):
        headers["X-Correlator"] = headers.pop("x-correlator")
    return data if status != 415 else None


def test_correct_servers_keep_to_camaras_rules(
    run: Callable[..., Ended], document: str
) -> None:
    ended = run(document, right, "--level=should", *operations(document))

    rules = {*(f"error.{name}" for name in OURS), "answer.correlator"}
    assert (ended.status, ended.failing) == (0, set()), ended.stdout
    assert rules <= {it.rpartition("/")[2] for it in ended.having("pass")}


def test_lawful_servers_break_none_of_camaras_rules(
    run: Callable[..., Ended], document: str
) -> None:
    ended = run(document, lawful, *operations(document))

    assert not {it for it in ended.failing if "error.info" in it or "corr" in it}


def test_each_defect_breaks_its_rule(run: Callable[..., Ended], document: str) -> None:
    survivors, (first, reading) = [], CAMARA[document]
    for defects, operation in ((DEFECTS, first), (UNFOUND, reading)):
        for name, (spoil, rule) in defects.items() if operation else ():
            phase = "--phase=auth" if {"401", "403"} & {*name.split("-")} else "--quick"
            where = (f"--operation={operation}", "--select", rule, phase)
            if rule not in run(document, spoil, *where).failing:
                survivors.append(name)

    assert not survivors


def test_the_shipped_profile_has_camaras_rules(
    ringspec: Callable[..., Ended], document: str
) -> None:
    path = SHARED / document
    with served(Server(read(path))) as url:
        where = ("--contract", path, "--quiet", f"--operation={CAMARA[document][0]}")
        access = ("--profile", "camara", "--bearer", TOKEN)
        ended = ringspec("run", url, *where, *access, "--select", "error.correlator")

    assert ended.status == 0
    assert "error.correlator" in ended.having("pass")


THINGS: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Things", "version": "1"},
    "paths": {
        "/things": {
            "post": {
                "operationId": "make",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["n"],
                                "properties": {"n": {"type": "integer", "maximum": 5}},
                            }
                        }
                    },
                },
                "responses": {
                    "201": {
                        "description": "made",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {"n": {"type": "integer"}},
                                }
                            }
                        },
                    },
                    "400": {"description": "wrong"},
                },
            }
        }
    },
}


@pytest.fixture
def things(ringspec: Callable[..., Ended], tmp_path: Path) -> Callable[..., Ended]:
    """Run the command with rows of a pack against a server of things."""
    path, pack = tmp_path / "things.json", tmp_path / "house.yaml"
    path.write_text(json.dumps(THINGS))

    def call(*rows: object, **other: object) -> Ended:
        pack.write_text(json.dumps({"rules": list(rows), **other}))
        with served(Server(read(path))) as url:
            options = ("--contract", path, "--rules", pack, "--phase=cases")
            return ringspec("run", url, *options)

    return call


HOUSE = {
    "level": "must",
    "evidence": "documented",
    "sentence": "Is so.",
    "source": "us",
}


@pytest.mark.parametrize(
    ("row", "failing"),
    [
        ({"id": "body.unknown", "closed": True}, "body.unknown"),
        ({"id": "answer.id", "answers": {"201": {"required": ["id"]}}}, "answer.id"),
        ({"id": "error.told", "answers": {"4xx": {"type": "object"}}}, "error.told"),
        ({"id": "answer.n", "answers": {"2XX": {"required": ["n"]}}}, ""),
        ({"id": "answer.n", "answers": {"202": {"required": ["no"]}}}, ""),
        ({"id": "answer.trace", "echo": "X-Trace"}, "answer.trace"),
        ({"id": "error.trace", "echo": "X-Trace"}, "error.trace"),
    ],
)
def test_a_house_rule_is_judged(
    things: Callable[..., Ended], row: dict[str, Any], failing: str
) -> None:
    ended = things({**row, **HOUSE})

    assert ended.failing == {failing} - {""}, ended.stdout
    assert ended.status == bool(failing)
    assert row["id"] in ended.outcomes
    # Where no answer has the status, nothing is known.
    outcome = "not-applicable" if "202" in str(row) else "pass"
    assert ended.outcomes[row["id"]] == ("fail" if failing else outcome)


def test_a_row_changes_a_rule_of_the_contract(things: Callable[..., Ended]) -> None:
    row = {"id": "n.max", "level": "may", "sentence": "At most five.", "source": "us"}

    (rule,) = (it for it in things(row).report["rules"] if it["id"] == "n.max")

    assert {**rule, **row} == rule


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "answer.x", "ecko": "X-A"}, "ecko"),
        ({"id": "answer.x", "echo": "X-A"}, "level"),
        ({"id": "trace", "echo": "X-A", **HOUSE}, "trace is about answers"),
        ({"id": "n.unknown", "closed": True, **HOUSE}, "its id is body.unknown"),
        ({"id": "answer.x", "answers": {"4": {}}, **HOUSE}, "4"),
        ({"id": "answer.x", "answers": {"4XX": {"type": "objekt"}}, **HOUSE}, "objekt"),
        ({"id": "answer.x", "level": "most"}, "most"),
    ],
)
def test_a_pack_at_fault_is_refused(
    things: Callable[..., Ended], row: dict[str, Any], said: str
) -> None:
    ended = things(row)

    assert ended.status == 2
    assert "house.yaml: " in ended.stderr
    assert said in ended.stderr


def test_an_unknown_pack_is_answered_by_the_nearest(
    ringspec: Callable[..., Ended],
) -> None:
    ended = ringspec("rules", "--rules", "camera")

    assert ended.status == 2
    assert "no rule pack 'camera'" in ended.stderr
    assert "did you mean camara? shipped ones: camara; or give a file" in ended.stderr


def test_a_pack_lies_over_our_own_contract_too(
    ringspec: Callable[..., Ended], tmp_path: Path
) -> None:
    pack = tmp_path / "house.yaml"
    rows = [{"id": "from.length", "level": "may"}, {"id": "answer.x", "echo": "X-A"}]
    pack.write_text(json.dumps({"rules": [rows[0], {**rows[1], **HOUSE}]}))

    ended = ringspec(
        "rules", "--rules", pack, "--select", "from", "--select", "answer.x"
    )

    found = [each.split() for each in ended.stdout.splitlines() if each[0] != " "]
    levels = {name: level for name, level, _ in found}
    assert levels["from.length"] == "MAY"
    assert levels["answer.x"] == levels["from.required"] == "MUST"
