"""The case list as files: its schema, and what a release carries."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from ringspec.spec import dialect_names, load
from ringspec.strategies import CASE_SCHEMA
from ringspec.strategies.vectors import main, vectors

from ..called import call, environment  # noqa: TID252 - tests are no distribution
from .conftest import COMMAND

MANIFEST = "ringspec-cases-9.8.7.manifest.json"


@pytest.fixture(scope="module")
def released() -> dict[str, bytes]:
    return vectors("9.8.7")


def test_the_command_prints_the_schema() -> None:
    done = call("cases", "--schema")

    assert done.status == 0
    assert done.stdout == CASE_SCHEMA.read_text("utf-8")


# It needs credentials and ids, and a text of a pattern.
CONTRACT = """
openapi: 3.1.0
info: {title: T, version: '1'}
security: [{basic: []}]
components: {securitySchemes: {basic: {type: http, scheme: basic}}}
paths:
  /t/{id}:
    post:
      parameters:
      - {name: id, in: path, required: true, schema: {pattern: '^u-[a-f]{4}$'}}
      - {name: to, in: query, required: true, schema: {type: array}, example: [a, b]}
      requestBody:
        content:
          application/json:
            schema: {required: [a], properties: {a: {pattern: '^[a-f]{3}x+$'}}}
      responses: {'201': {description: Made.}}
"""


def test_cases_of_a_contract_need_nothing_and_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(CONTRACT)

    done = subprocess.run(
        [*COMMAND, "cases", "--contract", "t.yaml"],
        cwd=tmp_path,
        env=environment({"XDG_CACHE_HOME": str(tmp_path / "cache")}),
        capture_output=True,
        text=True,
        check=True,
    )

    cases = [json.loads(line) for line in done.stdout.splitlines()]
    sent = {each["request"]["headers"].get("Authorization") for each in cases}
    assert "Bearer {token}" in sent
    assert "Basic {token-cut}" not in sent
    plain = cases[0]["request"]
    assert plain["path"] == "/t/u-aaaa?to=a&to=b"
    assert plain["headers"]["Authorization"] == "Basic {token}"
    assert not (tmp_path / ".hypothesis").exists()
    assert (tmp_path / "cache" / "ringspec").is_dir()


@pytest.mark.parametrize("dialect", [None, *dialect_names()])
def test_a_release_has_what_the_command_prints(
    released: dict[str, bytes], dialect: str | None
) -> None:
    printed = call("cases", *(("--dialect", dialect) if dialect else ())).stdout

    name = f"ringspec-cases-9.8.7-{dialect or 'canonical'}.jsonl"
    assert released[name] == printed.encode()


def test_the_manifest_says_what_the_files_are(released: dict[str, bytes]) -> None:
    manifest = json.loads(released[MANIFEST])

    assert manifest["format"] == "ringspec-vectors/1"
    assert manifest["version"] == "9.8.7"
    assert manifest["cases"]["format"] == "ringspec-case/1"
    assert released[manifest["cases"]["schema"]] == CASE_SCHEMA.read_bytes()
    assert {each["dialect"] for each in manifest["lists"]} == {None, *dialect_names()}
    for each in manifest["lists"]:
        content = released[each["file"]]
        assert each["cases"] == content.count(b"\n") > 500
        assert each["bytes"] == len(content)
        assert each["sha256"] == hashlib.sha256(content).hexdigest()
        assert each["contract"]["sha256"] == load(dialect=each["dialect"]).sha256
    rows = released["ringspec-cases-9.8.7.sha256"].decode().splitlines()
    others = released.keys() - {"ringspec-cases-9.8.7.sha256"}
    assert rows == [
        f"{hashlib.sha256(released[name]).hexdigest()}  {name}"
        for name in sorted(others)
    ]


def test_what_is_written_is_the_same_bytes_again(
    released: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringspec.strategies.vectors.version", lambda _: "9.8.7")
    folder = tmp_path / "a" / "b"

    assert main([str(folder)]) == 0

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == released


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--help"], "usage: python -m ringspec.strategies.vectors [FOLDER]"),
        (["a", "b"], "usage: python -m ringspec.strategies.vectors [FOLDER]"),
        ([__file__], f"{__file__} cannot be written: File exists"),
    ],
    ids=["an option", "two folders", "a file"],
)
def test_wrong_usage_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2

    assert capsys.readouterr().err.strip() == message
