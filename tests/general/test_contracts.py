"""Awkward contracts: each compiles into proven cases, or is refused plainly."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ringspec.harness.judging import checks
from ringspec.spec import Contract, Json, SpecError, load, reading
from ringspec.strategies import Case, Expect, cases_of, untested
from ringspec.strategies.case import rules_without_case
from ringspec.strategies.case_list import compile_cases

from ..called import Ended  # noqa: TID252 - tests are no distribution
from ..serving import served  # noqa: TID252 - tests are no distribution

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Awkward:
    """A contract in a file, and the request line and headers that come of it."""

    name: str
    line: str
    operation: str | None = None
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)


CONTRACTS = [
    Awkward(
        "accept-header",
        "POST /t",
        headers=(
            ("Content-Type", "application/vnd.api+json"),
            ("Accept", "application/vnd.api+json"),
        ),
    ),
    Awkward("countries", "POST /addresses"),
    Awkward("decimals", "POST /prices"),
    Awkward("default", "POST /notes"),
    Awkward("dependents", "POST /contacts"),
    Awkward("formats", "POST /visits"),
    Awkward("inheritance", "POST /vehicles"),
    Awkward(
        "jsonapi",
        "POST /articles",
        headers=(("Content-Type", "application/vnd.api+json"),),
    ),
    Awkward("kinds", "POST /events"),
    Awkward("lists", "POST /grids"),
    Awkward("nested", "POST /menus"),
    Awkward("nullable", "POST /seats"),
    Awkward("references", "POST /things"),
    Awkward("replace", "PUT /settings/theme", operation="replaceSetting"),
    Awkward(
        "replace",
        "PATCH /settings/theme",
        operation="changeSetting",
        headers=(("Content-Type", "application/merge-patch+json"),),
    ),
    Awkward(
        "tenants",
        "POST /tenants/a%20b%2F%C3%A4/orders?dryRun=false",
        headers=(("Content-Type", "application/json"), ("X-Region", "eu")),
    ),
]
SMALL, BODIES = reading.read(DATA.with_name("bodies.yaml")).values()
# The rules that no case breaks, each with the reason.
_NONE = "no value is known that breaks it"
UNBROKEN = {
    "kind-beside-branches": {
        "kind.enum": "what breaks it breaks b.kind.enum too",
        "a.kind.enum": "what breaks it breaks kind.enum too",
        "b.kind.enum": "what breaks it breaks kind.enum too",
    },
    "largest-number": {"a.max": _NONE},
    "length-beside-uuid": {"a.length": "what breaks it breaks a.format too"},
    "long-at-most": {"a.length": _NONE},
    "many-at-most": {"a.length": _NONE},
    "members-at-most": {"body.size": _NONE},
    "tenants": {"X-Region.accepted": "no text of a request is known that breaks it"},
    "unique-full": {"a.length": "what breaks it breaks a.unique too"},
}
# Every twin and every invalid body of a contract, as far as they are about the body.
Compiled = tuple[Awkward, Contract, tuple[Case, ...]]


def test_every_contract_in_the_folder_is_tried() -> None:
    tried = {each.name for each in CONTRACTS}.union(SMALL, UNBROKEN)
    tried |= {path.stem for path in DATA.glob("choice-*.yaml")}

    assert {path.stem for path in DATA.glob("*.yaml")} == tried | {
        "no-content",
        "answer-with-dependencies",
        "header-value",
    }


@pytest.fixture(
    scope="module",
    params=[*CONTRACTS, *(Awkward(name, "POST /t", "t") for name in SMALL)],
    ids=lambda each: f"{each.name}-{each.line.split()[0]}",
)
def compiled(request: pytest.FixtureRequest) -> Compiled:
    awkward: Awkward = request.param
    contract = load(DATA / f"{awkward.name}.yaml", operation=awkward.operation)
    return awkward, contract, compile_cases(contract)


def test_its_request_is_what_the_contract_says(compiled: Compiled) -> None:
    awkward, _, (plain, *_) = compiled

    assert f"{plain.request.method} {plain.request.path}" == awkward.line
    assert set(awkward.headers) <= set(plain.request.headers)
    assert "Authorization" not in dict(plain.request.headers)


def test_each_of_its_assertions_is_broken_by_some_case(compiled: Compiled) -> None:
    name, contract, cases = compiled[0].name, *compiled[1:]

    assert set(rules_without_case(contract, cases)) == {*UNBROKEN.get(name, ())}


def test_its_cases_are_what_they_are_called(compiled: Compiled) -> None:
    _, contract, cases = compiled
    twins = {each.id: each for each in cases if each.expect == Expect.ACCEPT}

    for case in cases:
        if case.expect == Expect.ACCEPT:
            assert contract.settled_prover.proven_broken(case.body) == frozenset()
        elif isinstance(case.fault, dict) and case.broken:
            sent = contract.operation.wire.read(case.request.path, case.request.headers)
            judge = contract.of_parameters
            assert judge is not None
            assert judge.prover.proven_broken(sent) == frozenset(case.broken)
        elif case.broken:
            assert contract.breaks_just(case.body, frozenset(case.broken))
            assert contract.prover.is_valid(twins[str(case.twin)].body)


def test_a_header_that_cannot_be_sent_is_refused_with_its_place() -> None:
    place = "#/paths/~1t/post/parameters/0"

    with pytest.raises(SpecError, match=f"{place}: no header can have the value"):
        compile_cases(load(DATA / "header-value.yaml", operation="t"))


def test_what_cannot_be_read_of_an_answer_accuses_none() -> None:
    contract = load(DATA / "answer-with-dependencies.yaml", operation="t")
    answer = contract.answers.of(200) or contract.answers.of(201)

    (notice,) = contract.notices
    assert "/schema has dependencies, which JSON Schema 2020-12 lacks" in notice
    assert answer is not None
    assert answer.prover.is_valid({"a": "x"})
    assert not answer.prover.is_valid([])


@pytest.mark.parametrize("name", UNBROKEN)
def test_a_rule_that_no_case_breaks_is_untested_for_a_reason(name: str) -> None:
    contract = load(DATA / f"{name}.yaml")

    assert untested(contract, cases_of(contract)) == UNBROKEN[name]


def test_a_rule_that_the_catalogue_excuses_is_not_named() -> None:
    contract = load()

    assert rules_without_case(contract, ()) != ()
    assert not set(rules_without_case(contract, ())) & set(
        contract.catalogue.not_isolated
    )


@pytest.mark.parametrize(
    ("name", "accepted", "refused"), BODIES, ids=[name for name, *_ in BODIES]
)
def test_the_bodies_that_tell_most_are_sent(
    name: str, accepted: list[Json], refused: list[Json]
) -> None:
    cases = compile_cases(load(DATA / f"{name}.yaml", operation="t"))

    sent = {expect: [c.body for c in cases if c.expect == expect] for expect in Expect}

    assert [body for body in accepted if body not in sent[Expect.ACCEPT]] == []
    assert [body for body in refused if body not in sent[Expect.REJECT]] == []


def test_what_is_only_read_is_neither_sent_nor_asked_for() -> None:
    contract = load(DATA / "read-only.yaml", operation="t")
    answer = contract.answers.of(201)

    accepted = [c.body for c in compile_cases(contract) if c.expect == Expect.ACCEPT]

    assert "id.required" not in contract.rules
    assert not any("id" in body for body in accepted)
    assert answer
    assert checks.schema_faults(answer, {"a": "text"}) != {}


def test_each_of_two_conditions_with_one_bound_is_broken() -> None:
    cases = compile_cases(load(DATA / "same-bound-twice.yaml", operation="t"))

    short = {
        case.body["c"]
        for case in cases
        if case.rule == "z.length" and case.broken and len(case.body["z"]) < 3
    }

    assert short == {"p", "q"}


def test_an_answer_without_a_body_is_asked_for_none() -> None:
    contract = load(DATA / "no-content.yaml", operation="t")

    assert contract.answers.is_bare(204)
    assert compile_cases(contract)[0].request.method == "PUT"


ANSWER = {"a": "text", "n": 3, "id": "x"}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        pytest.param({}, [], id="as it was sent"),
        pytest.param({"n": 4}, ["/n is 4; 3 was sent"], id="another value"),
        pytest.param({"id": 7}, [], id="what was not sent"),
    ],
)
def test_what_comes_back_is_compared_though_its_schema_is_put_together(
    changed: dict[str, Json], told: list[str]
) -> None:
    contract = load(DATA / "answer-put-together.yaml", operation="t")
    answer = contract.answers.of(201)
    sent, got = {"a": "text", "n": 3}, {**ANSWER, **changed}

    assert answer
    assert checks.echo_faults(contract, answer, sent, got) == told


def document(
    schema: Json,
    *,
    path: str = "/t",
    parameters: Json = (),
    answered: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """Write a contract with one operation, which may answer with what it was sent."""
    body = {"content": {"application/json": {"schema": schema}}}
    operation = {
        "requestBody": body,
        "responses": {"200": {"description": "Done.", **(body if answered else {})}},
        "parameters": list(parameters),
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {path: {"post": operation}},
        **more,
    }


def parameter(name: str, where: str) -> dict[str, Any]:
    return {"name": name, "in": where, "required": True, "schema": {"type": "string"}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param(
            document({"required": ["a"], "properties": {"a": {"maxLength": -1}}}),
            "schema/properties/a/maxLength: -1 is less than",
            id="a bound that is none",
        ),
    ],
)
def test_what_is_not_supported_is_refused_with_its_place(
    given: dict[str, Any], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(yaml.safe_dump(given))

    with pytest.raises(SpecError) as caught:
        compile_cases(load(path))

    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_more_conditions_than_can_be_worked_out_are_refused_with_their_place(
    tmp_path: Path,
) -> None:
    needed = {f"a{number}": [f"b{number}"] for number in range(150)}
    path = tmp_path / "contract.yaml"
    path.write_text(
        yaml.safe_dump(document({"type": "object", "dependentRequired": needed}))
    )

    with pytest.raises(SpecError) as caught:
        compile_cases(load(path))

    place = "#/paths/~1t/post/requestBody/content/application~1json/schema"
    assert str(caught.value).startswith(f"{place}: 150 choices side by side")
    assert caught.value.hint


def test_the_command_compiles_the_operations_that_are_named(
    ringspec: Callable[..., Ended],
) -> None:
    given = ("--contract", DATA / "replace.yaml")

    done = ringspec("cases", *given, "--operation", "changeSetting")
    unnamed = ringspec("cases", *given)
    misnamed = ringspec("cases", *given, "--operation", "changeSettings")

    assert done.status == 0
    assert '"method":"PATCH"' in done.stdout.splitlines()[0]
    ids = [json.loads(line)["id"].split("/")[0] for line in unnamed.stdout.splitlines()]
    assert [*dict.fromkeys(ids)] == ["replaceSetting", "changeSetting"]
    assert misnamed.status == 2
    assert "did you mean changeSetting?" in misnamed.stderr


@contextmanager
def answering(fitting: int) -> Iterator[str]:
    """Serve `members-at-most`, but for its bound, with a status for what fits."""

    async def answer(request: Request) -> Response:
        try:
            fits = isinstance((await request.json())["a"], str)
        except (ValueError, TypeError, KeyError, RecursionError):
            fits = False
        return JSONResponse({"why": "region"}, fitting if fits else 400)

    with served(Starlette(routes=[Route("/t", answer, methods=["POST"])])) as url:
        yield url


GIVEN = ("--contract", DATA / "members-at-most.yaml")


def test_a_rule_that_no_case_breaks_is_told_of_in_every_format(
    ringspec: Callable[..., Ended], tmp_path: Path
) -> None:
    names = ("junit", "html", "markdown", "ndjson", "badge")
    wanted = [it for name in names for it in ("--report", f"{name}={tmp_path / name}")]

    with answering(200) as url:
        ended = ringspec("run", url, *GIVEN, *wanted)
        strict = ringspec("run", url, *GIVEN, "--fail-untested")
        other = ringspec("run", url, *GIVEN, "--phase", "wire", "--fail-untested")

    assert (ended.status, strict.status, other.status) == (0, 3, 0)
    assert ended.having("untested") == strict.having("untested") == {"body.size"}
    assert ended.report["counts"]["untested"] == 1
    share = f", 1 of {len(ended.report['rules'])} rules untested"
    assert f"\nconformant{share}: 1" in ended.stdout
    assert f"\ninconclusive{share}: 1" in strict.stdout
    assert f"UNTESTED body.size\n  {_NONE}\n" in ended.stdout
    texts = {name: (tmp_path / name).read_text("utf-8") for name in names}
    assert f'<skipped message="untested: {_NONE}" type="untested"' in texts["junit"]
    assert f"<p>{_NONE}</p>" in texts["html"]
    assert f"- `body.size`: {_NONE}" in texts["markdown"]
    assert f'"why":"{_NONE}"' in texts["ndjson"]
    assert f'"conformant (must){share}"' in texts["badge"]


@pytest.mark.parametrize("gates", [False, True])
def test_what_no_case_breaks_stays_untested_in_parts_and_when_compared(
    ringspec: Callable[..., Ended],
    tmp_path: Path,
    gates: bool,  # noqa: FBT001 - a parameter
) -> None:
    paths = [tmp_path / f"{part}.json" for part in (1, 2)]
    more = ["--fail-untested"] * gates

    with answering(200) as url:
        for part, path in enumerate(paths, 1):
            done = ringspec("run", url, *GIVEN, "--shard", f"{part}/2", *more)
            path.write_text(json.dumps(done.report))
    merged = ringspec("compare", "--merge", *paths, "--report", f"json={paths[0]}")
    again = ringspec("compare", paths[0], paths[0])

    assert merged.status == (3 if gates else 0)
    assert ", 1 of " in merged.stdout
    assert json.loads(paths[0].read_text())["counts"]["untested"] == 1
    assert "1 untested" in again.stdout


def test_the_refusal_of_the_plain_valid_body_comes_first_and_accuses_no_rule(
    ringspec: Callable[..., Ended],
) -> None:
    with answering(422) as url:
        ended = ringspec("run", url, *GIVEN)

    said = "the plain valid body was refused with HTTP 422"
    assert (ended.status, ended.failing) == (3, set())
    assert ended.report["message"] == said
    assert "examples in the contract" in ended.report["hint"]
    assert f"{said}: give values" in ended.report["notices"][0]
    head, _, rest = ended.stdout.partition("\ngroup ")
    assert "REFUSED the plain valid body" in head
    assert '{"why": "region"}' in head
    assert "\nINCONCLUSIVE " not in rest  # told at once, in the head


def test_lengths_are_counted_in_characters_not_in_units_of_utf_16(
    tmp_path: Path,
) -> None:
    formed = {"type": "string", "minLength": 3, "pattern": "^[a-z]+$"}
    texts = {"type": "array", "items": {"type": "string", "minLength": 2}}
    members = {"a": {"type": "string", "minLength": 3, "maxLength": 9}}
    members |= {"b": formed, "c": {**texts, "minItems": 1}}
    path = tmp_path / "contract.yaml"
    body = {"type": "object", "required": [*members], "properties": members}
    path.write_text(yaml.safe_dump(document(body)))
    wide = {
        (case.expect, str(case.rule)): case.body
        for case in compile_cases(load(path))
        if "wide" in case.id
    }

    phone = "\N{TELEPHONE RECEIVER}"
    assert wide[Expect.ACCEPT, "a.length"]["a"] == phone * 9
    assert wide[Expect.REJECT, "a.length"]["a"] == phone * 2
    assert wide[Expect.REJECT, "c.items.length"]["c"] == [phone]
    assert len(wide) == 3


@pytest.mark.parametrize(
    ("schema", "said", "hint"),
    [
        ({"type": "string", "enum": [1]}, "nothing is found that fits #", "do its key"),
        ({"type": "string", "enum": []}, "#/{}/properties/a", ""),
        # What is made up could be somebody's number.
        ({"type": "string", "pattern": "^[1-9]{10}(?![\\s\\S])"}, "#/{}/pr", ""),
        ({"minLength": 4, "maxLength": 2, "type": "string"}, "that fits #", "do its"),
        ({"allOf": [{"const": 1}, {"const": 2}]}, "that fits #", "do its keywords"),
    ],
)
def test_what_no_body_can_have_is_refused_with_its_place(
    schema: Json, said: str, hint: str, tmp_path: Path
) -> None:
    members = {"b": {"type": "object"}, "a": schema}
    path = tmp_path / "contract.yaml"
    body = {"type": "object", "required": ["b", "a"], "properties": members}
    path.write_text(yaml.safe_dump(document(body)))

    with pytest.raises(SpecError) as caught:
        compile_cases(load(path))

    place = "paths/~1t/post/requestBody/content/application~1json/schema"
    assert said.format(place) in str(caught.value)
    assert f"{place}/properties/a" in str(caught.value)
    assert caught.value.hint.startswith(hint)
