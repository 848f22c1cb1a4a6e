"""Large contracts: the work grows with the contract, not with its combinations.

In: contracts made up here, of a wide union and of arrays in arrays.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from ringspec.spec import Contract, Json, load
from ringspec.spec.proof import Breach, Prover
from ringspec.strategies import cases_of, untested

from .test_contracts import document


def contract_of(folder: Path, schema: Json) -> Contract:
    path = folder / "openapi.json"
    path.write_text(json.dumps(document(schema)), "utf-8")
    return load(path)


def size(value: Json) -> int:
    below = value.values() if isinstance(value, dict) else value
    return 1 + sum(map(size, below)) if isinstance(value, (dict, list)) else 1


def branch(name: str) -> Json:
    amount = {"type": "integer", "minimum": 1, "maximum": 9}
    members = {"kind": {"type": "string", "enum": [name]}, "amount": amount}
    return {"type": "object", "properties": members}


def union_of(folder: Path, width: int) -> Contract:
    """Return the contract of a union, and of a rule that breaks with another one."""
    code = {"type": "string", "pattern": "^[a-z]+$", "minLength": 1, "example": "abc"}
    by = {"oneOf": [branch(f"b{number}") for number in range(width)]}
    members = {"by": by, "code": code}
    needed = [*members]
    thing = {"type": "object", "properties": members, "required": needed}
    return contract_of(folder, thing)


def test_a_union_costs_as_much_as_its_branches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proofs, proven = Counter[bool](), Prover.breaches_by

    def counted(self: Prover, body: Json, *, quick: bool) -> list[Breach]:
        proofs[quick] += 1
        return proven(self, body, quick=quick)

    monkeypatch.setattr(Prover, "breaches_by", counted)
    spent = []
    for width in (12, 24):
        proofs.clear()
        cases = cases_of(union_of(tmp_path, width))
        spent.append((len(cases), proofs[True], proofs[False]))
    for few, many in zip(*spent, strict=True):
        assert many < 2.5 * few


def test_what_a_union_leaves_unbroken_has_a_reason(tmp_path: Path) -> None:
    """The plainest body of a reading fits another branch too."""
    contract = union_of(tmp_path, 3)
    why = {"code.length": "what breaks it breaks code.pattern too"}
    assert untested(contract, cases_of(contract)) == why


def test_arrays_in_arrays_do_not_multiply(tmp_path: Path) -> None:
    """Arrays six deep have bodies of a bounded size, and every rule a case."""
    texts = {"name": {"type": "string"}, "other": {"type": "string"}}
    deep: Json = {"type": "object", "properties": texts, "required": ["name"]}
    for _ in range(6):
        deep = {"type": "array", "items": deep, "minItems": 1}
    contract = contract_of(tmp_path, {"type": "object", "properties": {"deep": deep}})
    cases = cases_of(contract)
    assert max(size(each.body) for each in cases) < 1_000
    assert max(len(each.request.body) for each in cases) < 2_000_000
    assert not untested(contract, cases)
