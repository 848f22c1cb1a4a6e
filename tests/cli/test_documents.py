"""OpenAPI documents as they are found: any version, in several files, oddly written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringspec.spec import Json, load, reading

from ..called import Ended, call  # noqa: TID252 - tests are no distribution

Write = Callable[[dict[str, str]], Path]
DATA = reading.read(Path(__file__).parent / "data" / "documents.yaml")
BODY = '"requestBody": {"content": {"application/json": {"schema": {}}}}'
ODD = f"""\ufeff{{
"openapi": "3.2.0",\t"info": {{}},
"info": {{"title": "\\ud83d\\ude00 \\/", "version": "1"}},
"paths": {{"/things": {{
    "post": {{{BODY}, "operationId": "a", "responses": {{}}}},
    "put": {{{BODY}, "operationId": "a", "responses": {{}}}}
}}}}}}
"""


def document(member: Json, **more: Json) -> str:
    """Write a contract of 3.0 whose body has a member of a schema."""
    schema = {"type": "object", "required": ["m"], "properties": {"m": member}}
    body = {"content": {"application/json": {"schema": schema}}}
    post = {"requestBody": body, "responses": more.pop("responses", {})}
    made = {
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1", "x-t": {"type": "string"}},
        "paths": {"/things": {"post": post, **more.pop("path", {})}},
    }
    return json.dumps({**made, **more})


@pytest.fixture
def project(tmp_path: Path) -> Write:
    """Write files, the contract among them as `api/main.yaml`."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / "project" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return tmp_path / "project" / "api" / "main.yaml"

    return write


def cases(path: Path, *options: str) -> tuple[Ended, list[dict[str, Any]]]:
    done = call("cases", "--contract", str(path), *options)
    listed = [json.loads(line) for line in done.stdout.splitlines()]
    return Ended(done.status, done.stdout, done.stderr), listed


def label(listed: list[dict[str, Any]], value: str) -> str:
    """Return what bodies are called whose member `m` is a value."""
    sent = (it for it in listed if it["phase"] == "cases" and it["expect"] != "survive")
    found = {json.dumps(it["request"].get("body")): it["expect"] for it in sent}
    return str(found.get(f'{{"m": {value}}}', ""))


@pytest.mark.parametrize("row", DATA["words"], ids=lambda row: row["schema"])
def test_what_3_0_says_in_its_own_words_is_what_cases_keep_to(
    project: Write, row: dict[str, str]
) -> None:
    labels = {it: row[it] for it in row if it != "schema"}

    done, listed = cases(project({"api/main.yaml": document(row["schema"])}))

    assert done.status == 0, done.stderr
    assert {it: label(listed, it) for it in labels} == labels


def test_a_contract_may_be_in_several_files_of_any_version(project: Write) -> None:
    path = project(DATA["files"])

    done, listed = cases(path)
    said = call("rules", "--contract", str(path), "--format", "json")

    assert done.status == 0, done.stderr
    assert (label(listed, "null"), label(listed, "7")) == ("accept", "reject")
    assert {it["request"]["headers"]["X-Trace"] for it in listed[:5]} == {"id"}
    rules = {it["id"]: it["source"] for it in json.loads(said.stdout)}
    assert "../common/all.yaml#/components/schemas/Text" in rules["m.length"]


def test_the_digest_of_a_contract_covers_its_other_files(project: Write) -> None:
    files = DATA["files"]
    first = load(project(files)).sha256
    changed = files["common/all.yaml"].replace("maxLength: 9", "maxLength: 8")

    assert load(project({**files, "common/all.yaml": changed})).sha256 != first
    assert load(project(files)).sha256 == first


@pytest.mark.parametrize(("reference", "said"), DATA["references"].items())
def test_a_reference_that_is_not_followed_is_refused_where_it_stands(
    project: Write, tmp_path: Path, reference: str, said: str
) -> None:
    (tmp_path / "outside.yaml").write_text("T: {type: string}")
    main = {"api/main.yaml": document({"$ref": reference}), "api/broken.yaml": "\na: ["}
    path = project({**DATA["files"], **main})
    (path.parent / "link.yaml").symlink_to(tmp_path / "outside.yaml")

    done, _ = cases(path)

    assert done.status == 2
    assert f"{path}: #/paths/~1things/post/requestBody" in done.stderr
    assert "schema/properties/m: reference " in done.stderr
    assert said in done.stderr
    assert "hint:" in done.stderr


def test_references_reach_as_far_as_the_project_but_never_all_of_a_home(
    project: Write,
) -> None:
    far = {"$ref": "../../common/all.yaml#/components/schemas/Text"}
    root = project({**DATA["files"], "api/v1/main.yaml": document(far)}).parents[1]
    path = root / "api" / "v1" / "main.yaml"
    alone = cases(path)[0]
    (root / ".git").mkdir()
    at_home = call("cases", "--contract", str(path), HOME=str(root))

    assert (alone.status, at_home.status, cases(path)[0].status) == (2, 2, 0)


@pytest.mark.parametrize("row", DATA["refused"], ids=lambda row: row["said"])
def test_what_cannot_be_done_is_refused_by_name(
    project: Write, row: dict[str, Json]
) -> None:
    said, text = row.pop("said"), row.pop("text", "")
    text = text or document({}, **row, openapi="3.2.0")

    done, _ = cases(project({"api/main.yaml": text}))

    assert done.status == (2 if said else 0)
    assert said in done.stderr


@pytest.mark.parametrize("name", ["POST /things", "post /things"])
def test_json_in_a_file_of_any_name_whose_operations_share_an_id(
    project: Write, name: str
) -> None:
    path = project({"api/main.yaml": ODD})

    done, listed = cases(path, "--operation", name)

    assert (done.status, listed[0]["request"]["method"]) == (0, "POST")
    said = f"note: {path} line 3: the key 'info' stands twice: the last one counts\n"
    assert done.stderr == said
    run = call(
        "run", "http://127.0.0.1:9", "--contract", str(path), "--operation", name
    )
    assert said in run.stderr


def test_yaml_in_a_file_named_json(project: Write) -> None:
    files = DATA["files"]
    path = project({**files, "api/main.json": files["api/main.yaml"]})

    assert cases(path.with_name("main.json"))[0].status == 0
