"""Mutants of small contracts: which there are, and what is known of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from tests.general.test_contracts import document

from ringspec.spec import Contract, Json, load
from ringspec.strategies import Case, Expect, Phase, quick_of
from ringspec.strategies.adequacy.mutations import Mutation, mutations_of
from ringspec.strategies.adequacy.verdicts import (
    MutationResult,
    MutationVerdict,
    detecting_cases,
    prove,
)
from ringspec.strategies.case_list import compile_cases

Load = Callable[[Json], Contract]


@pytest.fixture
def contract_of(tmp_path: Path) -> Load:
    """Load a contract whose only operation takes a body of a schema."""

    def made(schema: Json) -> Contract:
        path = tmp_path / "openapi.yaml"
        path.write_text(yaml.safe_dump(document(schema), sort_keys=False))
        return load(path)

    return made


def of(**members: Json) -> dict[str, Any]:
    return {"type": "object", "required": list(members), "properties": members}


def ids(contract: Contract, member: str = "") -> list[str]:
    start = f"body/properties/{member}/" if member else "body/"
    return [
        each.id.removeprefix(start)
        for each in mutations_of(contract)
        if each.id.startswith(start)
    ]


# A schema, and the changes of its keywords.
CHANGES = yaml.safe_load("""
- [{type: integer, minimum: 1}, type dropped, type or number, type or string,
   type or boolean, type or null, minimum dropped, minimum minimum 0, minimum minimum 2]
- [{type: [string, "null"]}, type dropped, type without string, type without null,
   type or integer, type or array, type or boolean]
- [{type: number, exclusiveMaximum: 1.5}, type dropped, type or string,
   type or boolean, type or null, exclusiveMaximum dropped,
   exclusiveMaximum exclusiveMaximum 0.5, exclusiveMaximum exclusiveMaximum 2.5,
   exclusiveMaximum as maximum]
- [{enum: [a, b]}, enum dropped, enum without a, enum without b,
   enum or in another case, enum or with a blank after]
- [{enum: [1, 2]}, enum dropped, enum without 1, enum without 2, enum or 0, enum or 3]
- [{const: A}, const dropped, const or in another case, const or with a blank after]
- [{maxLength: 0}, maxLength dropped, maxLength maxLength 1]
- [{format: uuid}, format dropped]
- [{oneOf: [{required: [a]}, {required: [b]}]}, oneOf dropped, oneOf without a,
   oneOf without b, oneOf any of them, "oneOf a: required without a",
   "oneOf b: required without b"]
- [{anyOf: [{required: [a]}, {type: "null"}]}, anyOf dropped, anyOf without a,
   anyOf without branch 1, anyOf just one of them, "anyOf a: required without a",
   "anyOf branch 1: type dropped", "anyOf branch 1: type or boolean"]
- [{not: {items: {const: 1}}}, not dropped, "not items: const dropped",
   "not items: const or 0", "not items: const or 2"]
- [{contains: {const: 1}, minContains: 0, maxContains: 1}, contains dropped,
   contains minContains 1, contains maxContains 0, contains maxContains 2,
   contains const dropped, contains const or 0, contains const or 2]
""")


@pytest.mark.parametrize("row", CHANGES, ids=str)
def test_each_keyword_has_its_changes(contract_of: Load, row: list[Json]) -> None:
    schema, *expected = row

    assert ids(contract_of(of(x=schema)), "x") == expected


def test_a_rule_holds_only_beside_a_value_or_where_a_member_is_absent(
    contract_of: Load,
) -> None:
    schema = {
        "type": "object",
        "required": ["n"],
        "properties": {
            "n": {"maximum": 3},
            "kind": {"enum": ["a", "b"]},
            "on": {"type": "boolean"},
        },
        "if": {"properties": {"kind": {"const": "a"}}, "required": ["kind"]},
        "then": {"required": ["on"]},
    }
    contract = contract_of(schema)
    by_id = {each.id: each for each in mutations_of(contract)}

    def takes(name: str, body: Json) -> bool:
        schema = by_id[name].schema(contract.request.schema)
        return jsonschema_rs.is_valid(schema, body)

    assert takes('n.max only where kind is "a"', {"n": 4, "kind": "b"})
    assert not takes('n.max only where kind is "b"', {"n": 4, "kind": "b"})
    assert takes("n.max only where on is given", {"n": 4})
    assert not takes("n.max only where on is absent", {"n": 4})
    assert 'n.max not where kind is "a"' not in by_id
    assert takes('on.required not where kind is "a"', {"n": 1, "kind": "a"})
    assert "n.max only where n is given" not in by_id


def test_a_member_may_be_named_as_a_keyword(contract_of: Load) -> None:
    listed = {"type": "array", "items": {"minimum": 1}}
    contract = contract_of(of(items=of(n={"maximum": 3}), then=listed))

    mutants = {each.id: each for each in mutations_of(contract)}

    for each in mutants.values():
        whole(contract, each)
    assert {"items.n unchecked", "then.* unchecked"} <= mutants.keys()
    assert "body/properties/then/items/minimum only in the first item" in mutants


def verdicts(contract: Contract) -> dict[str, MutationResult]:
    cases = compile_cases(contract)
    return {
        each.mutation.id: each
        for each in prove(contract, mutations_of(contract), cases)
    }


def test_what_another_keyword_refuses_anyway_is_equivalent(contract_of: Load) -> None:
    schema = {"type": "integer", "enum": [1, 2], "maximum": 7}
    found = verdicts(contract_of(of(x=schema)))

    for change in ("type dropped", "type or string", "maximum dropped"):
        each = found[f"body/properties/x/{change}"]
        assert each.verdict == MutationVerdict.EQUIVALENT
        assert "no body" in each.reason
    assert found["body/properties/x/enum dropped"].verdict == MutationVerdict.TOLD


def test_what_no_settled_body_shows_is_unsettled(contract_of: Load) -> None:
    settled = {"type": "integer", "minimum": 0, "x-settled": {"minimum": 5}}
    schema = {**of(y=settled), "properties": {"x": {"type": "string"}, "y": settled}}
    found = verdicts(contract_of(schema))

    null = found["body/properties/x/type or null"]
    assert null.verdict == MutationVerdict.UNSETTLED
    assert "null" in null.reason
    minimum = "body/properties/y/minimum minimum"
    assert found[f"{minimum} 1"].verdict == MutationVerdict.UNSETTLED
    assert found[f"{minimum} -1"].verdict == MutationVerdict.TOLD


@pytest.mark.parametrize(
    ("schema", "lacking", "change", "verdict", "reason"),
    [
        ({"maximum": 7}, "max", "maximum dropped", "untold", 'told by {"x":8}'),
        (
            {},
            "fraction",
            "type or number",
            "undecided",
            "it may take a body that breaks a rule",
        ),
    ],
)
def test_a_case_that_is_lacking_is_shown_if_one_is_found(
    contract_of: Load,
    schema: Json,
    lacking: str,
    change: str,
    verdict: str,
    reason: str,
) -> None:
    contract = contract_of(of(x={"type": "integer", **schema}))
    left = [each for each in compile_cases(contract) if lacking not in each.id]

    found = {
        each.mutation.id: each for each in prove(contract, mutations_of(contract), left)
    }

    each = found[f"body/properties/x/{change}"]
    assert (each.verdict, each.reason) == (verdict, reason)


def test_no_body_is_built_that_is_too_large_to_be_sent(contract_of: Load) -> None:
    text = {"type": "string", "maxLength": 400_000_000}
    listed = {"type": "array", "maxItems": 3_000_000, "items": {"type": "integer"}}

    found = verdicts(contract_of(of(text=text, listed=listed)))

    for change in ("text/maxLength dropped", "listed/maxItems dropped"):
        assert found[f"body/properties/{change}"].verdict == MutationVerdict.UNDECIDED


def whole(contract: Contract, mutant: Mutation) -> jsonschema_rs.Draft202012Validator:
    """Return a validator of whole bodies, as a mutant has them."""
    schema = mutant.schema(contract.request.schema)
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def test_asking_one_keyword_is_as_good_as_validating_the_whole(
    contract: Contract, cases: tuple[Case, ...]
) -> None:
    judged = [
        case
        for case in cases
        if case.phase == Phase.CASES and case.expect != Expect.SURVIVE
    ]
    sampled = mutations_of(contract)[::97]

    telling = detecting_cases(contract, sampled, judged)

    for mutant in sampled:
        takes = whole(contract, mutant).is_valid
        assert telling[mutant.id] == tuple(
            case.id
            for case in judged
            if takes(case.body) != (case.expect == Expect.ACCEPT)
        ), mutant.id


@pytest.fixture(scope="module")
def findings(contract: Contract, cases: tuple[Case, ...]) -> tuple[MutationResult, ...]:
    return tuple(prove(contract, mutations_of(contract), cases))


def undetected(results: Iterable[MutationResult]) -> list[tuple[str, str]]:
    bad = {MutationVerdict.UNTOLD, MutationVerdict.UNDECIDED}
    return [(each.mutation.id, each.reason) for each in results if each.verdict in bad]


def test_every_mutant_of_our_contract_is_told_or_proven_not_to_be_one(
    findings: tuple[MutationResult, ...],
) -> None:
    assert undetected(findings) == []
    assert all(bool(each.cases) == (each.verdict == "told") for each in findings)
    assert all(bool(each.reason) == (each.verdict != "told") for each in findings)


def test_the_quick_list_tells_all_that_the_whole_list_tells(
    contract: Contract, cases: tuple[Case, ...]
) -> None:
    chosen = quick_of(contract, cases)
    by_id = {case.id: case for case in cases}
    listed = mutations_of(contract)

    all_of_them = detecting_cases(contract, listed, cases)
    few = detecting_cases(contract, listed, [by_id[name] for name in chosen])

    assert {name for name, found in all_of_them.items() if found} == {
        name for name, found in few.items() if found
    }
    assert all(by_id[name].twin in {None, *chosen} for name in chosen)
    assert len(chosen) < len(cases)
