"""The faults of each family, by name."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema_rs
import pytest

from ringspec.spec import Assertion, Level, RuleId, patched
from ringspec.strategies.faults import Fault, Spot, faults
from ringspec.strategies.shapes.bodies import Bodies

# Keyword, schema, a valid value, and the names of the faults there.
TABLE = [
    json.loads(line)
    for line in Path(__file__).with_name("faults.jsonl").read_text().splitlines()
]


def spotted(
    bodies: Bodies, keyword: str, schema: dict[str, Any], value: Any
) -> list[Fault]:
    assertion = Assertion(
        path=(keyword,),
        keyword=keyword,
        rule=RuleId("a.rule"),
        # The body itself is tried in fewer ways.
        instance=("a",) if keyword == "type" else (),
        place="#",
        value=schema[keyword],
    )
    known: Any = SimpleNamespace(
        contract=SimpleNamespace(
            request=SimpleNamespace(schema=schema),
            catalogue=bodies.contract.catalogue,
            chosen={},
            rules={assertion.rule: SimpleNamespace(level=Level.MUST)},
        ),
        shapes_at=bodies.shapes_at,
        needed=bodies.needed,
    )
    return list(
        faults(Spot(bodies=known, assertion=assertion, location=(), value=value))
    )


@pytest.mark.parametrize(
    "row", TABLE, ids=[f"{each['keyword']} of {each['value']!r:.30}" for each in TABLE]
)
def test_a_family_lists_its_faults_and_each_is_one(
    bodies: Bodies, row: dict[str, Any]
) -> None:
    schema, value = row["schema"], row["value"]
    found = spotted(bodies, row["keyword"], schema, value)

    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert [each.name for each in found] == row["faults"].split()
    assert validator.is_valid(value)
    for each in found:
        assert not validator.is_valid(patched(value, each.patch)), each.name
