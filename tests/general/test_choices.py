"""Choices: what stands in a branch of `anyOf` or `oneOf` is tested like anything else.

In: contracts with choices written in different ways, and published ones. A server that
lacks any one rule is a schema without its assertions, asked in process.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jsonschema
import jsonschema_rs
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ringspec.spec import Contract, Json, RuleId, load
from ringspec.spec.assertions import without
from ringspec.strategies import Case, Expect
from ringspec.strategies.case import rules_without_case
from ringspec.strategies.case_list import compile_cases

from ..called import Ended  # noqa: TID252 - tests are no distribution
from ..serving import served  # noqa: TID252 - tests are no distribution

DATA = Path(__file__).parent / "data"
OURS = sorted(DATA.glob("choice-*.yaml"))
SHARED = Path(__file__).parents[3] / "shared" / "contracts"
PUBLISHED = [
    *(("petstore31.json", name) for name in ("addPet", "placeOrder", "createUser")),
    ("tictactoe.json", "put-square"),
]
# What another value of the body's kind breaks as well: `not`, or no one branch alone.
IMPLIED = {("Alert", "body.type"), ("Pets", "body.type"), ("Pets", "petType.type")}


def schema_of(path: Path, operation: str | None) -> tuple[Contract, tuple[Case, ...]]:
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the checkout")
    contract = load(path, operation=operation)
    return contract, compile_cases(contract)


@pytest.fixture(
    scope="module",
    params=[
        *((path, None) for path in OURS),
        *((SHARED / n, op) for n, op in PUBLISHED),
    ],
    ids=lambda it: f"{it[0].stem} {it[1] or ''}".strip(),
)
def compiled(request: pytest.FixtureRequest) -> tuple[Contract, list[Json], list[Case]]:
    contract, cases = schema_of(*request.param)
    bodies = [each.body for each in cases if each.expect == Expect.ACCEPT]
    of_body = (each for each in cases if isinstance(each.fault, tuple))
    return contract, bodies, [each for each in of_body if each.broken]


def judge(schema: Json) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


def test_labels_hold_by_the_schema_as_it_is_written(
    compiled: tuple[Contract, list[Json], list[Case]],
) -> None:
    contract, accepted, rejected = compiled
    schema = contract.request.schema
    second = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )

    for validator in (judge(schema), second):
        assert [body for body in accepted if not validator.is_valid(body)] == []
        assert [case.id for case in rejected if validator.is_valid(case.body)] == []


def test_each_rule_has_a_case_and_is_missed_by_its_cases(
    compiled: tuple[Contract, list[Json], list[Case]],
) -> None:
    contract, accepted, rejected = compiled

    stated = {each.rule for each in contract.assertions}
    assert stated.isdisjoint(rules_without_case(contract, tuple(rejected)))
    for rule in dict.fromkeys(each.rule for each in contract.assertions):
        lacking = without(contract.request, contract.assertions, frozenset({rule}))
        validator = judge(lacking.schema)
        noticed = any(validator.is_valid(case.body) for case in rejected) or any(
            not validator.is_valid(body) for body in accepted
        )
        implied = is_implied(contract, rule) or (contract.title, rule) in IMPLIED
        assert noticed != implied, rule


def is_implied(contract: Contract, rule: RuleId) -> bool:
    """Return whether listed values beside a type say all that it says."""
    own = [each for each in contract.assertions if each.rule == rule]
    listed = {
        (each.stem, each.keyword)
        for each in contract.assertions
        if each.keyword in {"enum", "const"}
    }
    return all(
        each.keyword == "type" and {(each.stem, "enum"), (each.stem, "const")} & listed
        for each in own
    )


@pytest.mark.parametrize("path", OURS, ids=lambda it: it.stem)
def test_a_server_that_keeps_to_its_schema_conforms(
    path: Path, ringspec: Callable[..., Ended]
) -> None:
    contract = load(path)
    validator, beside = judge(contract.request.schema), contract.of_parameters

    async def create(request: Request) -> JSONResponse:
        sent = request.headers.items()
        read = contract.operation.wire.read(str(request.url.path), sent)
        if beside is not None and not beside.prover.is_valid(read):
            return JSONResponse({}, 400)
        if request.headers.get("content-type", "").split(";")[0] != "application/json":
            return JSONResponse({}, 415)
        try:
            body = await request.json()
            return JSONResponse({}, 201 if validator.is_valid(body) else 400)
        except (ValueError, RecursionError):
            return JSONResponse({}, 400)

    app = Starlette(routes=[Route(contract.operation.path, create, methods=["POST"])])
    with served(app) as url:
        ended: Ended = ringspec("run", url, "--contract", path, "--level", "may")

    assert (ended.status, ended.failing) == (0, set())
