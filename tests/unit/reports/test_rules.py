from __future__ import annotations

import io
import json

import pytest

from ringspec.reports import rules_json, rules_markdown, rules_table
from ringspec.spec import Contract, Level, load


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load()


def test_table_fits_eighty_columns(
    contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = io.StringIO()

    rules_table(contract.rules.values(), out)

    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert all(any(line.startswith(each) for line in lines) for each in contract.rules)


def test_table_of_a_level_leaves_out_weaker_rules(contract: Contract) -> None:
    out = io.StringIO()

    rules_table(contract.rules.values(), out, level=Level.MUST)

    assert " MUST " in out.getvalue()
    assert " SHOULD " not in out.getvalue()
    assert " MAY " not in out.getvalue()


def test_json_holds_every_rule(contract: Contract) -> None:
    rows = json.loads(rules_json(contract))

    assert [each["id"] for each in rows] == list(contract.rules)
    assert set(rows[0]) == {
        "id",
        "level",
        "evidence",
        "sentence",
        "source",
        "places",
    }


def test_markdown_has_a_row_for_each_rule(contract: Contract) -> None:
    lines = rules_markdown(contract).splitlines()

    assert lines[0] == "| id | level | evidence | sentence | source | place |"
    assert len(lines) == len(contract.rules) + 2
    assert {each.replace("\\|", "").count("|") for each in lines} == {7}
