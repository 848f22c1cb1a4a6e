"""What a run says of servers that err in common ways, in all formats alike."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringspec.reference import Behaviour, Embedded, ServerSettings, application
from ringspec.spec import Level

from ..serving import served  # noqa: TID252 - tests are no distribution

Ringspec = Callable[..., Any]
SETTINGS = ServerSettings()
FORMATS = ("junit", "markdown", "html")
PAGE = "POST /voice/broadcasts: its answer has no /broadcastId; it has `id`, a text of"


class Edited:
    """The correct server, with an edit of the status and JSON of its answers."""

    def __init__(self, edit: Callable[[int, Any, bytes], tuple[int, Any]]) -> None:
        self.app, self.edit = application(SETTINGS, Behaviour()), edit

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        found: list[Any] = []
        sent: list[Any] = []

        async def taken() -> Any:
            sent.append(await receive())
            return sent[-1]

        async def keep(message: Any) -> None:
            found.append(message)

        await self.app(scope, taken, keep)
        content = b"".join(each.get("body", b"") for each in found)
        asked = b"".join(each.get("body", b"") for each in sent)
        status, data = found[0]["status"], json.loads(content or b"null")
        status, data = self.edit(status, data, asked)
        kept = [it for it in found[0]["headers"] if it[0] != b"content-length"]
        await send({**found[0], "status": status, "headers": kept})
        content = b"" if data is None else json.dumps(data).encode()
        await send({"type": "http.response.body", "body": content})


def called(ringspec: Ringspec, url: str, *options: str, **environ: str) -> Any:
    token = f"--bearer={SETTINGS.token}"
    return ringspec("run", url, token, *options, report=True, **environ)


def reasons(ended: Any) -> dict[str, set[str]]:
    return {
        rule["id"]: {it["reason"] for it in rule["failures"] + rule["inconclusive"]}
        for rule in ended.report["rules"]
    }


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ({"error": {"code": 1}}, True),
        ({"success": False, "message": "no"}, True),
        ({"status": "error"}, True),
        ({"data": None, "errors": [{"message": "no"}]}, True),
        ({"result": {"code": 422}}, True),
        ({"error": None, "errors": [], "success": True, "code": 7}, False),
        ({"name": "error", "retries": 422}, False),
    ],
)
def test_success_that_tells_of_an_error_is_said_to(
    ringspec: Ringspec, error: Any, *, told: bool
) -> None:
    def edit(status: int, data: Any, _: bytes) -> tuple[int, Any]:
        return (200, error) if status == 422 else (status, data)

    with served(Edited(edit)) as url:
        ended = called(ringspec, url, "--select=name.type", "--phase=cases")

    (reason,) = reasons(ended)["name.type"]
    assert ended.status == 1
    assert reason.startswith("an invalid body was accepted with HTTP 200")
    assert ("whose body tells of an error" in reason) == told
    assert ("send a 4xx status" in reason) == told


@pytest.mark.parametrize(
    ("name", "other", "rule", "said"),
    [
        ("items", "data", "lifecycle.listed", "no /items; it has `data`, a list of "),
        ("broadcastId", "id", "lifecycle.readable", PAGE),
        ("broadcastId", "id", "answer.members", "lacks broadcastId; it has `id`, a "),
    ],
)
def test_member_of_another_name_is_named(
    ringspec: Ringspec, name: str, other: str, rule: str, said: str
) -> None:
    def edit(status: int, data: Any, _: bytes) -> tuple[int, Any]:
        return status, json.loads(json.dumps(data).replace(f'"{name}"', f'"{other}"'))

    with served(Edited(edit)) as url:
        ended = called(ringspec, url, f"--select={rule}", "--level=may")

    assert any(said in each for each in reasons(ended)[rule])


def test_refused_twin_is_named_once_in_every_format(
    ringspec: Ringspec, tmp_path: Path
) -> None:
    def edit(status: int, data: Any, asked: bytes) -> tuple[int, Any]:
        return (422, {"error": {}}) if b'"source":"file"' in asked else (status, data)

    paths = {each: tmp_path / each for each in FORMATS}
    options = [f"--report={name}={path}" for name, path in paths.items()]
    with served(Edited(edit)) as url:
        ended = called(ringspec, url, "--level=may", "--phase=cases", *options)

    refused, title = (
        ended.report["refused"],
        r"valid twin \S+ was refused with HTTP 422",
    )
    texts = [ended.stdout, *(path.read_text("utf-8") for path in paths.values())]
    rules = {it["id"]: it["outcome"] for it in ended.report["rules"]}
    assert re.match(
        rf"{title}: {len(refused['rules'])} rules stay open", refused["reason"]
    )
    assert {rules[each] for each in refused["rules"]} == {"inconclusive"}
    assert all(refused["cases"][0] in each for each in texts)
    assert ended.stdout.index("REFUSED") < ended.stdout.index("FAIL ")
    assert len(re.findall(title, " ".join(ended.stdout.split()))) == 1


@pytest.mark.parametrize("mutant", ["retries-type-unchecked", "required-unchecked"])
def test_all_formats_tell_a_failure_by_one_level_and_example(
    ringspec: Ringspec, tmp_path: Path, mutant: str
) -> None:
    paths = {each: tmp_path / each for each in FORMATS}
    options = [f"--report={name}={path}" for name, path in paths.items()]
    with Embedded(mutant=mutant) as server:
        ready = server.ready()
        access = (ready.url, f"--bearer={ready.token}", "--phase=cases")
        environ = {"report": True, "GITHUB_ACTIONS": "true"}
        ended = ringspec("run", *access, *options, "--level=may", **environ)

    texts = {name: path.read_text("utf-8") for name, path in paths.items()}
    (row,) = re.findall(r"^\| 1 \|.*", texts["markdown"], re.MULTILINE)
    told = re.match(r"\| 1 \| `(\S+)`.* \| (\w+) \|.*\| `(\S+)`.* \| ", row)
    assert told is not None
    rule, level, case = told.groups()
    (failures,) = (it["failures"] for it in ended.report["rules"] if it["id"] == rule)
    levels = [Level(each["level"]).rank for each in failures]
    assert (failures[0]["case"], failures[0]["level"]) == (case, level.lower())
    assert levels == sorted(levels)
    assert re.search(
        rf'type="{level.lower()}">{rule} [^<]*?case: {case}\n', texts["junit"]
    )
    page = texts["html"].partition('class="cause"')[2]
    assert re.findall(r'class="level (\w+)"', page)[0] == level.lower()
    assert re.findall(r"For example <code>(\S+?)<", page)[0] == case
    assert re.search(rf"FAIL .*  {level}\b", ended.stdout)
    assert re.findall(r"^  case    (\S+)", ended.stdout, re.MULTILINE)[0] == case
    (error, *_) = re.findall(r"^::error title=(.*)", ended.stdout, re.MULTILINE)
    assert error.startswith(rule)
    assert f"({level})" in error
    assert f"case {case}%3A" in error or f"case {case}:" in error
