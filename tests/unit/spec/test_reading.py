from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ringspec.spec import Json, Location, SpecError, pointer, reading, same, steps
from ringspec.spec.assertions import assertions
from ringspec.spec.document import inline
from ringspec.spec.reading import digest, read
from ringspec.spec.values import canonical

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: NO", {"a": "NO"}),
        ("a: on", {"a": "on"}),
        ("a: 12:30", {"a": "12:30"}),
        ("a: 2023-03-25", {"a": "2023-03-25"}),
        ("a: 010", {"a": "010"}),
        ("a: .nan", {"a": ".nan"}),
        ("a: .5", {"a": 0.5}),
        ("a: 1e3", {"a": 1000.0}),
        ("a: -5", {"a": -5}),
        ("a: true", {"a": True}),
        ("a:", {"a": None}),
        ("200: x\ndefault: y", {"200": "x", "default": "y"}),
        ("a: &x {p: 1}\nb: {<<: *x, p: 2}", {"a": {"p": 1}, "b": {"p": 2}}),
        ("", None),
    ],
)
def test_yaml_reads_as_json_would(written: Write, text: str, value: Json) -> None:
    assert read(written(text)) == value


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: the key 'a' stands twice"),
        ("a: [", "line 2: not readable"),
        ("a: *nope", "line 1: not readable as YAML: found undefined alias"),
        ("? [1]\n: 2", "a key is not a text"),
        ("a: &a {b: *a}", "an alias stands inside its own anchor"),
        ("a: !!binary aGk=", "could not determine a constructor"),
        ("a: !!int x", "not readable as YAML"),
        ("- !!map 5", "an object was expected"),
        ("a: 1\n---\nb: 2", "another document"),
        ("[" * 5000, "not readable as YAML"),
    ],
)
def test_what_is_no_yaml_is_refused_by_line(
    written: Write, text: str, what: str
) -> None:
    with pytest.raises(SpecError) as raised:
        read(written(text))

    assert what in str(raised.value)
    assert "written.yaml" in str(raised.value)
    assert raised.value.hint


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        ("nowhere.yaml", "nowhere.yaml: No such file", "give a readable file"),
        ("latin.yml", "latin.yml: No such file", "did you mean latin.yaml?"),
        ("latin.yaml", "latin.yaml: 'utf-8' codec", "give a readable file in UTF-8"),
        (".", ": Is a directory", "it is a folder: name the file in it"),
        ("-", "-: No such file", "save what it has to a file"),
        ("http://a.example/b", "http://a.example/b: No such", "save what it has to a"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str, hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("latin.yaml").write_bytes(b"a: \xe9")

    with pytest.raises(SpecError, match=f"^cannot read .*{said}") as caught:
        read(Path(name))

    assert caught.value.hint.startswith(hint)


def test_json_is_read_as_json(written: Write) -> None:
    path = written('{"a": "\\ud83d\\ude00", "b":\t[1]}', "contract.json")

    assert read(path) == {"a": "\N{GRINNING FACE}", "b": [1]}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"a": 1,\n"b" 2}', "line 2: not readable as JSON"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ("[" * 100_000, "not readable as JSON"),
    ],
)
def test_what_is_no_json_is_refused(written: Write, text: str, what: str) -> None:
    with pytest.raises(SpecError, match=what):
        read(written(text, "contract.json"))


def test_a_digest_minds_content_and_not_spelling(written: Write) -> None:
    block, flow = read(written("a: 1\nb: x")), read(written("{b: 'x', a: 1}"))

    assert digest(block) == digest(flow)
    assert digest(block) != digest({"a": 1.0, "b": "x"})


DOCUMENT: Json = {
    "a/b": {"{c}": [{"type": "string"}]},
    "alias": {"$ref": "#/a~1b/{c}/0"},
    "quoted": {"$ref": "#/a~1b/%7Bc%7D/0"},
    "loop": {"$ref": "#/pool"},
    "pool": {"$ref": "#/loop"},
    "tree": {"properties": {"left": {"$ref": "#/tree"}}},
    "twice": {"allOf": [{"$ref": "#/alias"}, {"$ref": "#/alias"}]},
    "named": {"$ref": "#/alias", "description": "Mine.", "x-evidence": "assumed"},
    "beside": {"properties": {"p": {"$ref": "#/alias", "minLength": 2}}},
    "named-ref": {"properties": {"$ref": {"type": "integer"}}},
    "data": {"const": {"$ref": "#/alias"}, "x-settled": {"$ref": "#/alias"}},
    "booleans": {
        "properties": {"any": True, "none": False},
        "items": False,
        "additionalProperties": False,
    },
}


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("named-ref", DOCUMENT["named-ref"]),
        # References are followed in schemas, and not in data.
        ("data", {"const": {"$ref": "#/alias"}, "x-settled": {"type": "string"}}),
        (
            "booleans",
            {
                "properties": {"any": {}, "none": {"not": {}}},
                "items": {"not": {}},
                "additionalProperties": False,
            },
        ),
    ],
)
def test_what_stands_in_schemas_is_inlined(name: str, schema: Json) -> None:
    assert inline(DOCUMENT, f"#/{name}").schema == schema


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, True),
        (0, False),
        (1, 1.0),
        ([1], [True]),
        ({"a": 1}, {"a": 1.0}),
        ({"a": None}, {}),
        ([1], [1, 2]),
    ],
)
def test_equality_minds_kinds(left: Json, right: Json) -> None:
    assert not same(left, right)
    assert canonical(left) != canonical(right)


def test_a_pointer_is_read_as_it_is_written() -> None:
    location: Location = ("a/b", "~c", 0, "")

    assert pointer(location) == "/a~1b/~0c/0/"
    assert steps(pointer(location)) == ("a/b", "~c", "0", "")
    assert steps("#" + pointer(location)) == ("a/b", "~c", "0", "")
    assert steps("") == ()


TABLE = reading.read(Path(__file__).parent / "data" / "assertions.yaml")


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_each_assertion_is_of_one_rule(row: Json) -> None:
    found = assertions(inline({"s": row["schema"]}, "#/s"))

    assert [(each.rule, each.place) for each in found] == [
        (rule, f"#/s/{place}") for rule, place in row["rules"]
    ]
