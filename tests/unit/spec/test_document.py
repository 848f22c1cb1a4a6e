from __future__ import annotations

import pytest

from ringspec.spec import Json, SpecError
from ringspec.spec.document import follow, inline, resolve

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
    ("place", "what"),
    [
        ("other.yaml#/x", "leaves the file"),
        ("http://127.0.0.1/x", "leaves the file"),
        ("#", "no JSON pointer"),
        ("#anchor", "no JSON pointer"),
        ("#/nowhere", "points at nothing"),
        ("#/a~1b/{c}/1", "points at nothing"),
        ("#/a~1b/{c}/-1", "points at nothing"),
        ("#/a~1b/{c}/0/type/x", "points at nothing"),
    ],
)
def test_a_reference_to_nothing_is_named(place: str, what: str) -> None:
    with pytest.raises(SpecError, match=what) as raised:
        follow(DOCUMENT, place)

    assert repr(place) in str(raised.value)
    assert raised.value.hint


@pytest.mark.parametrize("name", ["alias", "quoted"])
def test_a_reference_leads_to_what_it_means(name: str) -> None:
    found = resolve(DOCUMENT, DOCUMENT[name], f"#/{name}")

    assert found == ({"type": "string"}, "#/a~1b/{c}/0")


def test_circles_are_refused() -> None:
    with pytest.raises(SpecError, match="points at itself"):
        resolve(DOCUMENT, DOCUMENT["loop"], "#/loop")
    with pytest.raises(SpecError, match="#/tree contains itself"):
        inline(DOCUMENT, "#/tree")


def test_annotations_beside_a_reference_win_and_assertions_are_refused() -> None:
    assert inline(DOCUMENT, "#/named").schema == {
        "type": "string",
        "description": "Mine.",
        "x-evidence": "assumed",
    }
    with pytest.raises(SpecError, match="#/beside/properties/p has minLength"):
        inline(DOCUMENT, "#/beside")


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
