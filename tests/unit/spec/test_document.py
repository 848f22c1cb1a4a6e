from __future__ import annotations

import pytest

from ringspec.spec import Json
from ringspec.spec.document import inline

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
