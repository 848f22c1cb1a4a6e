from __future__ import annotations

import pytest

from ringspec.spec import Json
from ringspec.spec.assertions import assertions
from ringspec.spec.document import inline

Rows = list[tuple[str, str]]

TABLE: dict[str, tuple[Json, Rows]] = {
    "keywords of the body itself": (
        {"type": "object", "minProperties": 1, "additionalProperties": False},
        [
            ("body.type", "type"),
            ("body.size", "minProperties"),
            ("body.unknown", "additionalProperties"),
        ],
    ),
    "members and their bounds": (
        {
            "properties": {
                "n": {"minimum": 1, "exclusiveMaximum": 9, "multipleOf": 2},
                "s": {"minLength": 1, "maxLength": 2, "pattern": "a", "format": "uuid"},
                "e": {"enum": [1], "const": 1},
            }
        },
        [
            ("n.min", "properties/n/minimum"),
            ("n.max", "properties/n/exclusiveMaximum"),
            ("n.multiple", "properties/n/multipleOf"),
            ("s.length", "properties/s/minLength"),
            ("s.length", "properties/s/maxLength"),
            ("s.pattern", "properties/s/pattern"),
            ("s.format", "properties/s/format"),
            ("e.enum", "properties/e/enum"),
            ("e.enum", "properties/e/const"),
        ],
    ),
    "each required name by itself": (
        {"required": ["a", "b"], "properties": {"c": {"required": ["d"]}}},
        [
            ("a.required", "required"),
            ("b.required", "required"),
            ("c.d.required", "properties/c/required"),
        ],
    ),
    "names that others ask for, once each": (
        {"dependentRequired": {"x": ["b", "a"], "y": ["a"]}},
        [
            ("a.required", "dependentRequired"),
            ("b.required", "dependentRequired"),
        ],
    ),
    "items, and members of items without a word for the item": (
        {
            "properties": {
                "l": {
                    "uniqueItems": True,
                    "items": {"type": "object", "properties": {"k": {"type": "null"}}},
                }
            }
        },
        [
            ("l.unique", "properties/l/uniqueItems"),
            ("l.items.type", "properties/l/items/type"),
            ("l.k.type", "properties/l/items/properties/k/type"),
        ],
    ),
    "items by position": (
        {"properties": {"l": {"prefixItems": [{"type": "null"}], "items": False}}},
        [
            ("l.items.type", "properties/l/prefixItems/0/type"),
            ("l.items.absent", "properties/l/items/not"),
        ],
    ),
    "members that only a pattern or nothing names": (
        {
            "properties": {
                "m": {
                    "patternProperties": {"^x/": {"type": "null"}},
                    "additionalProperties": {"properties": {"k": {"minimum": 1}}},
                    "propertyNames": {"maxLength": 3},
                }
            }
        },
        [
            ("m.values.type", "properties/m/patternProperties/^x~1/type"),
            (
                "m.values.k.min",
                "properties/m/additionalProperties/properties/k/minimum",
            ),
            ("m.names", "properties/m/propertyNames"),
        ],
    ),
    "branches that hold, but not what decides between them": (
        {
            "if": {"required": ["a"]},
            "then": {"required": ["b"]},
            "else": {"properties": {"c": {"type": "null"}}},
            "allOf": [{"required": ["d"]}],
            "dependentSchemas": {"e": {"required": ["f"]}},
        },
        [
            ("b.required", "then/required"),
            ("c.type", "else/properties/c/type"),
            ("d.required", "allOf/0/required"),
            ("f.required", "dependentSchemas/e/required"),
        ],
    ),
    "choices fail as one": (
        {
            "anyOf": [{"type": "null"}],
            "oneOf": [{"type": "null"}],
            "not": {"type": "null"},
            "contains": {"type": "null"},
            "minContains": 0,
            "maxContains": 1,
        },
        [
            ("body.any", "anyOf"),
            ("body.one", "oneOf"),
            ("body.absent", "not"),
            ("body.contains", "contains"),
        ],
    ),
    "what states nothing": (
        {
            "additionalProperties": True,
            "unevaluatedProperties": True,
            "unevaluatedItems": {},
            "then": {"required": ["a"]},
            "title": "x",
            "x-settled": {"type": "null"},
        },
        [],
    ),
    "unevaluated members fail where the keyword stands": (
        {"unevaluatedProperties": {"type": "null"}, "unevaluatedItems": False},
        [
            ("body.unknown", "unevaluatedProperties"),
            ("body.length", "unevaluatedItems"),
        ],
    ),
    "a named rule owns all below it": (
        {"then": {"x-rule": "a.b", "properties": {"c": {"minItems": 1}}}, "if": True},
        [("a.b", "then/properties/c/minItems")],
    ),
    "a rule named for one keyword": (
        {"type": "object", "oneOf": [True], "x-rules": {"oneOf": "a.xor"}},
        [("body.type", "type"), ("a.xor", "oneOf")],
    ),
    "a prefix in place of the path": (
        {
            "properties": {
                "deep": {
                    "x-rule-prefix": "short",
                    "type": "object",
                    "required": ["a"],
                    "properties": {"a": {"type": "null"}},
                }
            }
        },
        [
            ("short.type", "properties/deep/type"),
            ("short.a.required", "properties/deep/required"),
            ("short.a.type", "properties/deep/properties/a/type"),
        ],
    ),
    "a member that a dialect spells otherwise": (
        {
            "properties": {"naem": {"x-member": "name", "type": "string"}},
            "allOf": [{"if": True, "then": {"required": ["naem"]}}],
        },
        [
            ("name.type", "properties/naem/type"),
            ("name.required", "allOf/0/then/required"),
        ],
    ),
    "a member called like a keyword": (
        {"properties": {"required": {"required": ["properties"]}}},
        [("required.properties.required", "properties/required/required")],
    ),
}


@pytest.mark.parametrize(("schema", "rows"), TABLE.values(), ids=TABLE)
def test_each_assertion_is_of_one_rule(schema: Json, rows: Rows) -> None:
    found = assertions(inline({"s": schema}, "#/s"))

    assert [(each.rule, each.place) for each in found] == [
        (rule, f"#/s/{place}") for rule, place in rows
    ]


def test_an_assertion_tells_where_it_applies() -> None:
    schema = {
        "properties": {
            "l": {"items": {"type": "null"}, "prefixItems": [{"type": "null"}]},
            "m": {"additionalProperties": {"type": "null"}},
        },
        "allOf": [{"required": ["l"]}],
    }

    found = assertions(inline({"s": schema}, "#/s"))

    assert [each.instance for each in found] == [
        ("l", "*"),
        ("l", "0"),
        ("m", "*"),
        (),
    ]
