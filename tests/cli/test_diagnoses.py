"""What a run says of servers that err in common ways, in all formats alike."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from ringspec.reference import Embedded, ServerSettings, application
from ringspec.reports.case_text import fault_lines
from ringspec.reports.json_report import SCHEMA
from ringspec.spec import Level, load
from ringspec.strategies import cases_of

from ..called import call  # noqa: TID252 - tests are no distribution
from ..inprocess import edited  # noqa: TID252 - tests are no distribution
from ..serving import served  # noqa: TID252 - tests are no distribution
from .conftest import TABLES

SETTINGS = ServerSettings()
APP = application(SETTINGS)
FORMATS = ("junit", "markdown", "html")


def called(url: str, *options: str, **environ: Any) -> Any:
    token = f"--bearer={SETTINGS.token}"
    return call("run", url, token, *options, report=True, **environ)


def reasons(ended: Any) -> dict[str, set[str]]:
    return {
        rule["id"]: {it["reason"] for it in rule["failures"] + rule["inconclusive"]}
        for rule in ended.report["rules"]
    }


@pytest.mark.parametrize(("error", "told"), TABLES["errors"])
def test_success_that_tells_of_an_error_is_said_to(error: Any, *, told: bool) -> None:
    def edit(status: int, data: Any) -> tuple[int, Any]:
        return (200, error) if status == 422 else (status, data)

    with served(edited(APP, edit)) as url:
        ended = called(url, "--select=name.type", "--phase=cases")

    (reason,) = reasons(ended)["name.type"]
    assert ended.status == 1
    assert reason.startswith("an invalid body was accepted with HTTP 200")
    assert ("whose body tells of an error" in reason) == told
    assert ("send a 4xx status" in reason) == told


@pytest.mark.parametrize(("name", "other", "rule", "said"), TABLES["members"])
def test_member_of_another_name_is_named(
    name: str, other: str, rule: str, said: str
) -> None:
    def edit(status: int, data: Any) -> tuple[int, Any]:
        return status, json.loads(json.dumps(data).replace(f'"{name}"', f'"{other}"'))

    with served(edited(APP, edit)) as url:
        ended = called(url, f"--select={rule}", "--level=may")

    assert any(said in each for each in reasons(ended)[rule])


def test_refused_twin_is_named_once_in_every_format(tmp_path: Path) -> None:
    def edit(status: int, data: Any) -> tuple[int, Any]:
        return (422, {"error": {}}) if data.get("source") == "file" else (status, data)

    paths = {each: tmp_path / each for each in FORMATS}
    options = [f"--report={name}={path}" for name, path in paths.items()]
    with served(edited(APP, edit)) as url:
        ended = called(url, "--level=may", "--phase=cases", *options)

    refused = ended.report["refused"]
    title = r"valid twin \S+ was refused with HTTP 422"
    schema = jsonschema_rs.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    assert schema.is_valid(ended.report)
    texts = [ended.stdout, *(path.read_text("utf-8") for path in paths.values())]
    rules = {it["id"]: it["outcome"] for it in ended.report["rules"]}
    assert re.match(
        rf"{title}: {len(refused['rules'])} rules stay open", refused["reason"]
    )
    assert {rules[each] for each in refused["rules"]} == {"inconclusive"}
    assert all(refused["cases"][0] in each for each in texts)
    assert ended.stdout.index("REFUSED") < ended.stdout.index("FAIL ")
    assert len(re.findall(title, " ".join(ended.stdout.split()))) == 1


@pytest.mark.parametrize("mutant", ["required-unchecked"])
def test_all_formats_tell_a_failure_by_one_level_and_example(
    tmp_path: Path, mutant: str
) -> None:
    paths = {each: tmp_path / each for each in FORMATS}
    options = [f"--report={name}={path}" for name, path in paths.items()]
    with Embedded(mutant=mutant) as server:
        ready = server.ready()
        access = (ready.url, f"--bearer={ready.token}", "--phase=cases")
        wanted = (*access, *options, "--level=may")
        ended = call("run", *wanted, report=True, GITHUB_ACTIONS="true")

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


PROFILE = 'url = "http://127.0.0.1:9"\n[credentials]\nbearer = "of-the-profile"\n'


@pytest.mark.parametrize(("options", "environ", "said"), TABLES["credentials"])
def test_credentials_that_do_not_count_are_named(
    tmp_path: Path,
    options: list[str],
    environ: dict[str, Any],
    said: str,
) -> None:
    (tmp_path / "live.toml").write_text(PROFILE, "utf-8")
    profile = f"--profile={tmp_path / 'live.toml'}"

    ended = call("run", profile, *options, report=True, **environ)

    notices = " ".join(ended.report["notices"]).replace(f"{tmp_path}/", "")
    assert (f"the credentials are those of {said}" in notices) == bool(said)
    assert "of-the" not in ended.stdout + ended.stderr + json.dumps(ended.report)


def test_every_fault_is_said_in_words() -> None:
    cases = {case.id: case for case in cases_of(load())}
    others = [case for case in cases.values() if isinstance(case.fault, dict)]

    said = {case.id: fault_lines(case, cases.get(case.twin or "")) for case in others}

    assert len(others) > 70
    assert {len(lines) for lines in said.values()} == {1}
    assert all(re.match("[a-z]+ |the ", lines[0]) for lines in said.values())
    assert not [
        each for (each,) in said.values() if re.search("{token|{client|body: ", each)
    ]
    assert said["wire.media/text-plain"] == ["the body is labelled text/plain"]
    assert said["wire.json/not-utf-8"] == ["two bytes of the body are not UTF-8"]
    assert said["wire.method/put"] == ["the method is PUT, not POST"]
