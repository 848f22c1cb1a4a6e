from __future__ import annotations

from pathlib import Path

import pytest

from ringspec.spec import Json, reading
from ringspec.spec.assertions import assertions
from ringspec.spec.document import inline

TABLE = reading.read(Path(__file__).parent / "data" / "assertions.yaml")


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_each_assertion_is_of_one_rule(row: Json) -> None:
    found = assertions(inline({"s": row["schema"]}, "#/s"))

    assert [(each.rule, each.place) for each in found] == [
        (rule, f"#/s/{place}") for rule, place in row["rules"]
    ]
