"""OpenAPI documents as they are found: any version, in several files, oddly written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringspec.spec import load

from ..called import call  # noqa: TID252 - tests are no distribution
from .conftest import Ended

Write = Callable[[dict[str, str]], Path]
DOCUMENT = """
openapi: {version}
info: {{title: T, version: "1"}}
paths:
  /things:
    post:
      requestBody:
        content: {{application/json: {{schema: {schema}}}}}
      responses: {{"200": {{description: Done.}}}}
"""
BODY = (
    '"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}'
)


def document(schema: str, version: str = "3.0.3") -> str:
    """Write a contract with one operation, whose body keeps to a schema."""
    return DOCUMENT.format(version=version, schema=schema)


def member(schema: str, version: str = "3.0.3") -> str:
    return document(
        f"{{type: object, required: [m], properties: {{m: {schema}}}}}", version
    )


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


def label(listed: list[dict[str, Any]], value: Any) -> set[str]:
    """Return what bodies are called whose member `m` is a value."""
    key = json.dumps({"m": value})
    sent = (it for it in listed if it["phase"] == "cases" and it["expect"] != "survive")
    found = ((json.dumps(it["request"].get("body")), it["expect"]) for it in sent)
    return {expect for body, expect in found if body == key}


@pytest.mark.parametrize(
    ("schema", "labels"),
    [
        ("{type: string, nullable: true}", {None: "accept", 7: "reject"}),
        ("{type: string, nullable: false}", {None: "reject"}),
        ("{type: string, enum: [a, b], nullable: true}", {None: ""}),
        ("{type: string, enum: [a, null], nullable: true}", {None: "accept"}),
        ("{allOf: [{type: string}], nullable: true}", {None: ""}),
        ("{oneOf: [{type: string}, {type: array}], nullable: true}", {None: ""}),
        ("{$ref: '#/info/x-text', nullable: true, maxLength: 1}", {None: ""}),
        ("{type: integer, minimum: 3, exclusiveMinimum: true}", {3: "reject"}),
        ("{type: integer, minimum: 3, exclusiveMinimum: false}", {3: "accept"}),
        ("{type: integer, maximum: 3, exclusiveMaximum: true}", {3: "reject"}),
        ("{type: integer, exclusiveMinimum: 3}", {3: "reject"}),
        ("{type: string, enum: [nullable], example: {nullable: true}}", {}),
    ],
)
def test_what_3_0_says_in_its_own_words_is_what_cases_keep_to(
    project: Write, schema: str, labels: dict[Any, str]
) -> None:
    text = member(schema).replace('"1"', '"1", x-text: {type: string}')

    done, listed = cases(project({"api/main.yaml": text}))

    assert done.status == 0, done.stderr
    found = {it: "".join(label(listed, it)) for it in labels}
    assert found == labels


COMMON = """
openapi: 3.0.1
components:
  schemas:
    Text: {type: string, maxLength: 9, nullable: true}
    Thing: {type: object, properties: {m: {$ref: '#/components/schemas/Text'}}}
  parameters:
    Trace: {name: X-Trace, in: header, required: true, schema: {$ref: 'id.json'}}
"""
ITEM = """
parameters: [{$ref: '../common/all.yaml#/components/parameters/Trace'}]
post:
  requestBody: {$ref: parts.yaml#/body}
  responses: {"200": {$ref: parts.yaml#/done}}
"""
PARTS = """
body: {content: {application/json: {schema: {properties: {$ref: '#/members'}}}}}
members: {m: {$ref: '../common/all.yaml#/components/schemas/Text'}}
done:
  description: Done.
  content: {application/json: {schema: {$ref: ../api/main.yaml#/components/schemas/A}}}
"""
FILES = {
    "api/main.yaml": """
openapi: 3.1.0
info: {title: T, version: "1"}
paths: {/things: {$ref: ./item.yaml}}
components: {schemas: {A: {type: object, additionalProperties: true}}}
""",
    "api/item.yaml": ITEM,
    "api/parts.yaml": PARTS,
    "common/all.yaml": COMMON,
    "common/id.json": '{"type": "string", "enum": ["id"]}',
}


def test_a_contract_may_be_in_several_files_of_any_version(project: Write) -> None:
    path = project(FILES)

    done, listed = cases(path)
    said = call("rules", "--contract", str(path), "--format", "json")

    assert done.status == 0, done.stderr
    assert label(listed, None) == {"accept"}
    assert label(listed, 7) == {"reject"}
    assert {it["request"]["headers"]["X-Trace"] for it in listed[:5]} == {"id"}
    rules = {it["id"]: it["source"] for it in json.loads(said.stdout)}
    assert "../common/all.yaml#/components/schemas/Text" in rules["m.length"]


def test_the_digest_of_a_contract_covers_its_other_files(project: Write) -> None:
    first = load(project(FILES)).sha256
    changed = COMMON.replace("maxLength: 9", "maxLength: 8")

    assert load(project({**FILES, "common/all.yaml": changed})).sha256 != first
    assert load(project(FILES)).sha256 == first


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("http://127.0.0.1:9/t.yaml#/T", "is a URL, and nothing is fetched"),
        ("file:///etc/passwd", "is a URL, and nothing is fetched"),
        ("//a.example/t.yaml", "is a URL, and nothing is fetched"),
        ("../../outside.yaml#/T", "only files in '..', seen from the contract, are"),
        ("/etc/hostname", "only files in '..', seen from the contract, are read"),
        ("link.yaml#/T", "only files in '..', seen from the contract, are read"),
        ("missing.yaml#/T", "cannot read missing.yaml: No such file"),
        ("broken.yaml#/T", "broken.yaml line 3: not readable as YAML"),
        ("../common/all.yaml#/components/schemas/No", "points at nothing"),
        ("../common/all.yaml#No", "is no JSON pointer"),
    ],
)
def test_a_reference_that_is_not_followed_is_refused_where_it_stands(
    project: Write, tmp_path: Path, reference: str, said: str
) -> None:
    (tmp_path / "outside.yaml").write_text("T: {type: string}")
    text = member(f"{{$ref: '{reference}'}}")
    path = project({**FILES, "api/main.yaml": text, "api/broken.yaml": "\na: ["})
    (path.parent / "link.yaml").symlink_to(tmp_path / "outside.yaml")

    done, _ = cases(path)

    assert done.status == 2
    assert f"{path}: #/paths/~1things/post/requestBody" in done.stderr
    assert "schema/properties/m: reference" in done.stderr
    assert said in done.stderr
    assert "hint:" in done.stderr


ITEMS = "openapi: 3.2.0\ninfo: {title: T, version: '1'}\npaths:\n  /things: "
POST = f'"post": {{{BODY}, "responses": {{}}}}'
STREAM = '{"200": {"content": {"text/event-stream": {"itemSchema": {}}}}}'
QUERY = "parameters: [{name: q, in: querystring, content: {}}]"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "swagger: '2.0'\npaths: {}",
            "npx swagger2openapi --outfile openapi.yaml",
        ),
        ("openapi: 4.0.0\npaths: {}", "not an OpenAPI 3 document: its version is"),
        ("asyncapi: 3.0.0", "not an OpenAPI 3 document: it has no `openapi`"),
        (
            f'{ITEMS}{{{POST}, "additionalOperations": {{COPY: {{}}}}}}',
            "#/paths/~1things has additionalOperations",
        ),
        (
            f"{ITEMS}{{{POST}, {QUERY}}}",
            "#/paths/~1things/parameters/0 has in: querystring",
        ),
        (
            ITEMS + POST.replace("{}", STREAM).join("{}"),
            "responses/200/content/text~1event-stream has itemSchema",
        ),
        (f'{ITEMS}{{{POST}, "query": {{{BODY}}}}}', ""),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    project: Write, text: str, said: str
) -> None:
    done, _ = cases(project({"api/main.yaml": text}))

    assert done.status == (2 if said else 0)
    assert said in done.stderr


JSON = f"""\ufeff{{
"openapi": "3.2.0",\t"info": {{}},
"info": {{"title": "\\ud83d\\ude00 \\/", "version": "1"}},
"paths": {{"/things": {{
    "post": {{{BODY}, "operationId": "twice", "responses": {{}}}},
    "put": {{{BODY}, "operationId": "twice", "responses": {{}}}}
}}}}}}
"""


@pytest.mark.parametrize("name", ["POST /things", "post /things"])
def test_json_in_a_file_of_any_name_whose_operations_share_an_id(
    project: Write, name: str
) -> None:
    path = project({"api/main.yaml": JSON})

    done, listed = cases(path, "--operation", name)

    assert (done.status, listed[0]["request"]["method"]) == (0, "POST")
    said = f"note: {path} line 3: the key 'info' stands twice: the last one counts\n"
    assert done.stderr == said


def test_yaml_in_a_file_named_json(project: Write) -> None:
    path = project({"api/main.yaml": ""}).with_name("main.json")
    path.write_text(document("{type: object}", "3.1"))

    assert cases(path)[0].status == 0
