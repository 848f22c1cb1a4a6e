"""The contract as the tools take it: as it is, or rewritten as their users would.

In: our `openapi.yaml`. Out: one more file for each spelling that some tool needs.
"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

Node = dict[str, Any]


class Spelling(StrEnum):
    """What a tool is given."""

    PLAIN = "as it is"
    OLD = "rewritten in OpenAPI 3.0"


def write(contract: Path, spelling: Spelling, folder: Path) -> Path:
    """Write the contract in a spelling into a folder, and return where it stands."""
    text = contract.read_text("utf-8")
    if spelling is Spelling.OLD:
        text = json.dumps(downgraded(yaml.safe_load(text)))
    written = folder / f"{spelling.name.lower()}.yaml"
    written.write_text(text, "utf-8")
    return written


def downgraded(contract: Node) -> Node:
    """Return a contract of OpenAPI 3.1 as one of 3.0.3.

    What 3.0 can say in other words is said so: `const` is an `enum` of one, conditions
    are `anyOf` with `not`, null is `nullable`. What it cannot is left out: `contains`.
    """
    whole: Node = _without_extensions(contract)
    whole["openapi"] = "3.0.3"
    del whole["jsonSchemaDialect"]
    whole["info"] = {
        name: value for name, value in whole["info"].items() if name != "summary"
    }
    whole["info"]["license"] = {"name": contract["info"]["license"]["name"]}
    schemas = whole["components"]["schemas"]
    for name, schema in schemas.items():
        schemas[name] = _schema(schema)
    return whole


def _without_extensions(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: _without_extensions(value)
            for key, value in node.items()
            if not key.startswith("x-")
        }
    return [_without_extensions(each) for each in node] if type(node) is list else node


def _schema(schema: Node) -> Node:
    """Rewrite a schema and all below it."""
    made = {key: _value(key, value) for key, value in schema.items()}
    made.pop("examples", None)
    if "const" in made:
        made["enum"] = [made.pop("const")]
    kinds = made.get("type")
    if isinstance(kinds, list):
        del made["type"]
        made |= _kinds(kinds)
    if "if" in made:
        made["anyOf"] = [{"not": made.pop("if")}, made.pop("then")]
    for word in ("contains", "minContains", "maxContains"):
        made.pop(word, None)
    return made


def _kinds(kinds: list[str]) -> Node:
    """Say that a value may be of several kinds; a branch for each, but null."""
    others = [each for each in kinds if each != "null"]
    nullable: Node = {"nullable": True} if "null" in kinds else {}
    if len(others) == 1:
        return {"type": others[0], **nullable}
    needs: dict[str, Node] = {"array": {"items": {}}}  # which 3.0 demands
    return {"oneOf": [{"type": each, **needs.get(each, {})} for each in others]}


def _value(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: _schema(each) for name, each in value.items()}
    if key in {"allOf", "anyOf", "oneOf"}:
        return [_schema(each) for each in value]
    if key in {"items", "if", "then", "not", "contains"}:
        return _schema(value)
    return value
