"""Large contracts: the work grows with the contract, not with its combinations.

In: contracts made up here, of a wide union and of arrays in arrays.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ringspec.spec import Contract, Json, load
from ringspec.spec.proof import Prover
from ringspec.strategies import cases_of, untested


def contract_of(folder: Path, schema: Json, **schemas: Json) -> Contract:
    content = {"application/json": {"schema": schema}}
    posted = {
        "operationId": "put",
        "requestBody": {"required": True, "content": content},
        "responses": {"200": {"description": "done"}, "400": {"description": "no"}},
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Large", "version": "1"},
        "paths": {"/things": {"post": posted}},
        "components": {"schemas": schemas},
    }
    path = folder / "openapi.json"
    path.write_text(json.dumps(document), "utf-8")
    return load(path)


def size(value: Json) -> int:
    below = value.values() if isinstance(value, dict) else value
    return 1 + sum(map(size, below)) if isinstance(value, (dict, list)) else 1


@pytest.mark.parametrize("needed", [[], ["kind"]], ids=["open", "told-apart"])
def test_a_union_costs_as_much_as_its_branches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needed: list[str]
) -> None:
    def branch(name: str) -> Json:
        amount = {"type": "integer", "minimum": 1, "maximum": 9}
        members = {"kind": {"type": "string", "enum": [name]}, "amount": amount}
        return {"type": "object", "properties": members, "required": needed}

    proofs = dict.fromkeys((True, False), 0)
    proven = Prover.breaches_by

    def counted(self: Prover, body: Json, *, quick: bool) -> Json:
        proofs[quick] += 1
        return proven(self, body, quick=quick)

    monkeypatch.setattr(Prover, "breaches_by", counted)
    spent = []
    for width in (15, 30):
        wide = {"oneOf": [branch(f"b{number}") for number in range(width)]}
        contract = contract_of(tmp_path, {"type": "object", "properties": {"by": wide}})
        proofs.update({True: 0, False: 0})
        cases = cases_of(contract)
        spent.append((len(cases), proofs[True], proofs[False]))
        # No union breaks what a value of any other branch would mend.
        left = untested(contract, cases)
        assert not [rule for rule in left if not rule.endswith((".required", ".one"))]
    for few, many in zip(*spent, strict=True):
        assert many < 2.5 * few


def test_arrays_in_arrays_do_not_multiply(tmp_path: Path) -> None:
    """What contains itself twice has bodies of a bounded size, and every rule."""
    reference = {"$ref": "#/components/schemas/Tree"}
    trees = {"type": "array", "items": reference, "minItems": 1}
    members = {"name": {"type": "string"}, "left": trees, "right": trees}
    tree = {"type": "object", "properties": members, "required": ["name"]}
    contract = contract_of(tmp_path, reference, Tree=tree)
    cases = cases_of(contract)
    assert max(size(each.body) for each in cases) < 1_500
    assert max(len(each.request.body) for each in cases) < 3_000_000
    assert not untested(contract, cases)
