from __future__ import annotations

import copy
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ringspec.spec import (
    OURS,
    Contract,
    Disagreement,
    Json,
    Level,
    RuleId,
    SpecError,
    UsageError,
    load,
    reading,
)

Edit = Callable[[str, str], Path]
SCHEMA = "#/paths/~1things/post/requestBody/content/application~1json/schema"
NAME = "name: {type: string, examples: [Bolt]}"

DATA = Path(__file__).parent / "data"

# --- foreign contracts


def test_a_foreign_contract_has_derived_rules(pets: Contract) -> None:
    derived = [name for name, rule in pets.rules.items() if rule.places]

    assert derived == [
        "body.type",
        "name.required",
        "home.required",
        "name.type",
        "name.length",
        "age.type",
        "age.min",
        "age.max",
        "chip.type",
        "chip.code.required",
        "chip.code.type",
        "chip.code.pattern",
        "chip.vet.type",
        "chip.vet.length",
        "chip.receipt.required",
        "chip.vet.required",
        "chip.unknown",
        "tags.type",
        "tags.unique",
        "tags.items.type",
        "tags.items.length",
        "home.one",
        "body.unknown",
        "answer.types",
        "answer.members",
        "error.envelope",
        "trace.accepted",
    ]
    levels = {
        rule.level for rule in pets.rules.values() if rule.group not in {"wire", "auth"}
    }
    assert levels == {Level.MUST}


def test_a_derived_rule_stands_where_a_reference_leads(pets: Contract) -> None:
    assert pets.rules[RuleId("chip.vet.length")].places == (
        "#/components/schemas/Name/minLength",
    )
    assert pets.rules[RuleId("chip.unknown")].places == (
        "#/components/schemas/Chip/additionalProperties",
    )


def test_every_contract_has_the_rules_about_http(pets: Contract) -> None:
    assert {"body.accepted", "answer.json", "error.status", "robustness"} <= set(
        pets.rules
    )


def test_examples_stand_for_what_a_request_cannot_lack(pets: Contract) -> None:
    assert pets.operation.path == "/owners/a%2F1/pets?dry+run=true"


def test_an_operations_parameter_replaces_that_of_its_path(pets: Contract) -> None:
    (trace,) = pets.operation.headers

    assert (trace.name, trace.value, trace.required) == ("trace", "on", True)
    assert trace.place == "#/paths/~1owners~1{ownerId}~1pets/post/parameters/0"


def test_a_contract_that_lets_anybody_in_is_not_secured(pets: Contract) -> None:
    assert pets.operation.token_header is None


def test_a_date_for_a_version_is_a_text(pets: Contract) -> None:
    assert pets.version == "2024-05-01"


def test_an_answer_that_contains_itself_is_judged_as_far_as_written(
    pets: Contract,
) -> None:
    answer = pets.answers.of(201)

    assert answer is not None
    assert answer.prover.broken({"name": "a", "children": 5}) == {"answer.types"}
    assert not answer.prover.broken({"name": "a", "children": [{"children": 5}]})


def test_a_default_answer_describes_refusals_only(pets: Contract) -> None:
    refusal = pets.answers.of(422)

    assert refusal is not None
    assert {each.rule for each in refusal.assertions} == {"error.envelope"}
    assert pets.answers.of(202) is None


def test_answers_of_other_resources_are_no_concern(pets: Contract) -> None:
    places = pets.rules[RuleId("answer.types")].places

    assert any("petId" in place for place in places)
    assert not any("stray" in place for place in places)


def test_both_validators_agree_on_a_foreign_contract(pets: Contract) -> None:
    body = {"name": "R", "chip": {"date": 1, "code": "a"}, "tags": ["aa", "aa"]}

    assert pets.prover.prove(body) == {
        "name.length",
        "home.required",
        "chip.vet.required",
        "chip.unknown",
        "chip.code.pattern",
        "tags.unique",
    }


def test_a_catalogue_of_ones_own_is_joined_with_derived_rows(orders: Contract) -> None:
    rules = orders.rules

    assert list(rules)[:2] == ["lines.note", "lines.length"]
    assert rules[RuleId("lines.note")].level is Level.SHOULD
    assert rules[RuleId("lines.note")].places == (
        "#/components/schemas/Order/allOf/1/then/required",
    )
    assert rules[RuleId("labels.required")].level is Level.MUST
    assert orders.dropped == ("lines.gone",)


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ({}, {"id.required"}),
        ({"id": 1, "lines": []}, {"lines.length", "lines.note"}),
        ({"id": 1, "labels": {"x-a": 1, "b": "y"}}, {"labels.values.type"}),
        (
            {"id": 1, "pair": [1, 2, 3]},
            {"pair.items.type", "pair.items.absent", "labels.required"},
        ),
        ({"id": 1, "meta": {"long4": 1}}, {"meta.names"}),
    ],
)
def test_keywords_that_we_do_not_use_are_proven_too(
    orders: Contract, body: Json, rules: set[str]
) -> None:
    assert orders.prover.prove(body) == rules


def test_a_named_example_stands_for_a_header_too(orders: Contract) -> None:
    (batch,) = orders.operation.headers

    assert (batch.name, batch.value) == ("Batch", "7")
    assert orders.operation.path == "/orders"


def test_branches_that_depend_on_a_member_do_not_close_a_body(
    orders: Contract,
) -> None:
    body = {"id": 1, "pair": ["x", 2], "labels": {"n": 3}}

    assert orders.settled_prover.prove(body) == frozenset()
    assert not orders.settled_prover.is_valid({**body, "unknown": 1})


def test_an_operation_is_chosen_by_its_id() -> None:
    found = load(DATA / "orders.yaml", operation="askQuote")

    assert found.operation.path == "/quotes"


@pytest.mark.parametrize(
    ("operation", "what"),
    [(None, "no one only POST"), ("nope", "has no operation 'nope'")],
)
def test_which_operation_is_a_matter_of_usage(operation: str | None, what: str) -> None:
    with pytest.raises(UsageError, match=what) as raised:
        load(DATA / "orders.yaml", operation=operation)

    assert "placeOrder, askQuote" in raised.value.hint


def test_a_copy_of_our_contract_has_our_rules(
    tmp_path: Path, contract: Contract
) -> None:
    copied = load(Path(shutil.copy(OURS, tmp_path / "copy.yaml")))

    assert copied.sha256 == contract.sha256
    assert copied.rules == contract.rules


# --- what goes wrong

QUERY = "    parameters: [{name: q, in: query, required: true}]\n    post:\n"
HEADER = QUERY.replace("query", "header")
COOKIE = QUERY.replace("query", "cookie")

WRONG: dict[str, tuple[str, str, str]] = {
    "not 3.1": ("openapi: 3.1.0", "openapi: 3.0.3", "not an OpenAPI 3.1 document"),
    "not 3.1 but alike": ("openapi: 3.1.0", "openapi: 3.10.0", "not an OpenAPI 3.1"),
    "no version": ("openapi: 3.1.0", "swagger: '2.0'", "not an OpenAPI 3.1"),
    "no info": ('info: {title: Plain, version: "1"}', "", "#/info is not an object"),
    "no title": ("title: Plain, ", "", "#/info/title is not a text"),
    "no paths": ("paths:", "path:", "#/paths is not an object"),
    "a path that is a list": (
        "  /things:\n    post:", "  /things: []\n  /x:\n    post:",
        "#/paths/~1things is not an object"),
    "a dangling reference": (NAME, "name: {$ref: '#/no'}", "'#/no' points at nothing"),
    "a reference in itself": (NAME, f"name: {{$ref: '{SCHEMA}'}}", "contains itself"),
    "assertions beside a reference": (
        NAME, "name: {$ref: '#/info', minLength: 1}", "has minLength beside its $ref"),
    "a reference that is a number": (NAME, "name: {$ref: 5}", "/$ref is not a text"),
    "no schema": (NAME, "name: 5", "properties/name is not a schema"),
    "an unknown type": (NAME, "name: {type: text}", "properties/name/type: "),
    "a negative length": (NAME, "name: {minLength: -1}", "/name/minLength: -1 is"),
    "a pattern that is none": (NAME, "name: {pattern: '('}", "/name/pattern: "),
    "a pattern of another language": (
        NAME, r"name: {pattern: '\p{L}'}", "is no pattern to Python"),
    "a wrong word of evidence": (
        NAME, "name: {x-evidence: seen}", '/name/x-evidence is "seen"'),
    "a wrong word for a value": (
        NAME, "name: {enum: [a], x-enum-evidence: {a: seen}}", "x-enum-evidence/a is"),
    "evidence of no value": (
        NAME, "name: {enum: [a], x-enum-evidence: {b: witnessed}}", "not in the enum"),
    "a rule that is no text": (NAME, "name: {x-rule: 5}", "name/x-rule is not a text"),
    "rules that are no object": (NAME, "name: {x-rules: x}", "x-rules is not an obj"),
    "a rule of no keyword": (
        NAME, "name: {x-rules: {enmu: a.b}}", "names 'enmu', which is not beside it"),
    "a settled form that is none": (
        NAME, "name: {x-settled: {minLength: x}}", "/name/x-settled/minLength: "),
    "a settled form that is no schema": (
        NAME, "name: {x-settled: 5}", "/name/x-settled is not a schema"),
    "a path nobody fills": ("/things:", "/things/{id}:", "no parameter describes it"),
    "a parameter without a value": (
        "    post:\n", QUERY, "query parameter q is required and has no example"),
    "a header without a value": (
        "    post:\n", HEADER, "header parameter q is required and has no example"),
    "a cookie": ("    post:\n", COOKIE, "cookie q is required"),
    "a parameter without a name": (
        "    post:\n", "    parameters: [{in: query}]\n    post:\n",
        "parameters/0/name is not a text"),
    "a schema nested too deeply": (
        NAME, "name: " + "{not: " * 900 + "{}" + "}" * 900, "nested too deeply"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "what"), WRONG.values(), ids=WRONG)
def test_a_contract_at_fault_is_refused_by_place(
    edited: Edit, old: str, new: str, what: str
) -> None:
    path = edited(old, new)

    with pytest.raises(SpecError) as raised:
        load(path)

    assert what in str(raised.value)
    assert str(raised.value).startswith(str(path))
    assert raised.value.hint


@pytest.mark.parametrize(
    ("old", "new"),
    [("application/json", "text/plain"), ("post:", "put:"), ("schema:", "sche:")],
)
def test_a_contract_without_a_post_of_json_is_a_matter_of_usage(
    edited: Edit, old: str, new: str
) -> None:
    with pytest.raises(UsageError, match="has no only POST with a JSON body"):
        load(edited(old, new))


@pytest.mark.parametrize("text", ["", "[]", "5", "text"])
def test_a_file_of_something_else_is_refused(
    written: Callable[..., Path], text: str
) -> None:
    with pytest.raises(SpecError, match=r"not an OpenAPI 3\.1 document"):
        load(written(text))


@pytest.mark.parametrize(
    ("annotation", "what"),
    [
        ("x-rule: name.tpye", "names the rule 'name.tpye', which the catalogue lacks"),
        ("x-rules: {type: name.tpye}", "names the rule 'name.tpye'"),
        ("x-rule-prefix: nmae", "no rule of the catalogue begins with 'nmae'"),
    ],
)
def test_a_rule_that_the_catalogue_lacks_is_refused(
    edited: Edit, annotation: str, what: str
) -> None:
    path = edited(NAME, f"name: {{type: string, {annotation}}}")
    row = "{id: name.type, level: must, evidence: documented, sentence: s, source: s}"
    path.with_name("rules.yaml").write_text(f"rules: [{row}]", "utf-8")

    with pytest.raises(SpecError, match=what) as raised:
        load(path)

    assert f"{SCHEMA}/properties/name" in str(raised.value)


def test_a_catalogue_at_fault_is_named(edited: Edit) -> None:
    path = edited(NAME, NAME)
    catalogue = path.with_name("rules.yaml")
    catalogue.write_text("rules: [{id: name.type}]", "utf-8")

    with pytest.raises(SpecError, match=r"rule 1 \(.*\) lacks level") as raised:
        load(path)

    assert str(raised.value).startswith(str(catalogue))


# --- any contract at all

VALUES: list[Json] = [
    *(None, True, 0, -1, 2.5, "", "x", [], {}, [1], {"a": 1}, [None], "(", "#/no"),
    *({"$ref": each} for each in ("#", 5, "#/no", "#/components/schemas/Broadcast")),
    {"$ref": "#/components/schemas/CreateBroadcast"},
    {"type": "string"},
    10**30,
    "\ud800",
]
NAMES = (
    "x",
    "$ref",
    "type",
    "items",
    "required",
    "allOf",
    "if",
    "x-rule",
    "x-evidence",
)


def places(
    node: Json, at: tuple[str | int, ...] = ()
) -> Iterator[tuple[str | int, ...]]:
    yield at
    named = node.items() if isinstance(node, dict) else ()
    listed = enumerate(node) if isinstance(node, list) else ()
    for step, child in (*named, *listed):
        yield from places(child, (*at, step))


def spoiled(document: Json, chance: random.Random) -> Json:
    """Delete, replace or rename one random node."""
    document = copy.deepcopy(document)
    *above, last = chance.choice([place for place in places(document) if place])
    node = document
    for step in above:
        node = node[step]
    what = chance.choice(["delete", "replace", "replace", "rename"])
    if what == "rename" and isinstance(node, dict):
        node[chance.choice(NAMES)] = node.pop(last)
    elif what == "delete":
        del node[last]
    else:
        node[last] = copy.deepcopy(chance.choice(VALUES))
    return document


BODIES: list[Json] = [
    *({}, [], None),
    {
        "retryDelays": [5000, "x"],
        "voiceFlow": {"menu": {"choices": [{}]}},
        "actions": {"inputs": {"6": 5}},
    },
]


def use(contract: Contract) -> None:
    """Do what a run does with a contract."""
    for body in BODIES:
        contract.prover.broken(body)
        contract.settled_prover.is_valid(body)
        contract.level_of_use(body)
        try:
            contract.prover.prove(body)
        except Disagreement:
            continue  # it is told by name, and that is enough here


FILES = {
    path.name: reading.read(path)
    for path in (
        OURS,
        OURS.with_name("rules.yaml"),
        OURS.parent / "dialects" / "naxai-sdk.yaml",
    )
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("seed", range(40))
def test_a_spoiled_file_loads_or_is_refused(
    monkeypatch: pytest.MonkeyPatch, file: str, seed: int
) -> None:
    changed = spoiled(FILES[file], random.Random(seed))
    files = {**FILES, file: changed}
    monkeypatch.setattr(reading, "read", lambda path: copy.deepcopy(files[path.name]))
    dialect = "naxai-sdk" if file == "naxai-sdk.yaml" else None

    try:
        use(load(dialect=dialect))
    except (SpecError, UsageError) as error:
        assert str(error)  # noqa: PT017 - most load, and some are refused
        assert error.hint  # noqa: PT017
