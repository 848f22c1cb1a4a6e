from __future__ import annotations

import contextlib
import copy
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ringspec.spec import (
    OURS,
    Contract,
    Disagreement,
    Json,
    Level,
    Overrides,
    RuleId,
    SpecError,
    UsageError,
    load,
    reading,
)
from ringspec.spec.schemas import KEYWORDS
from ringspec.spec.sentences import words

Edit = Callable[[str, str], Path]
SCHEMA = "#/paths/~1things/post/requestBody/content/application~1json/schema"
NAME = "name: {type: string, examples: [Bolt]}"

DATA = Path(__file__).parent / "data"


def test_a_foreign_contract_has_derived_rules(pets: Contract) -> None:
    derived = [name for name, rule in pets.rules.items() if rule.places]

    assert derived == [
        *("body.type", "name.required", "home.required", "name.type"),
        *("name.length", "age.type", "age.min", "age.max", "chip.type"),
        *("chip.code.required", "chip.code.type", "chip.code.pattern"),
        *("chip.vet.type", "chip.vet.length", "chip.receipt.required"),
        *("chip.vet.required", "chip.unknown", "tags.type", "tags.unique"),
        *("tags.items.type", "tags.items.length", "home.one", "home.street.type"),
        *("home.street.street.required", "home.kennel.type"),
        *("home.kennel.kennel.required", "body.unknown", "header.trace.required"),
        *("query.dry run.type", "query.dry run.enum", "query.dry run.required"),
        *("answer.types", "answer.members", "trace.accepted"),
    ]
    levels = {each.level for each in pets.rules.values() if each.places}
    assert levels == {Level.MUST}


def test_a_contract_needs_no_more_than_openapi(pets: Contract) -> None:
    (trace,) = pets.operation.headers

    assert {"body.accepted", "answer.json", "robustness"} <= set(pets.rules)
    # Examples stand for what a request cannot lack.
    assert pets.operation.path == "/owners/a%2F1/pets?dry%20run=true"
    # An operation's parameter replaces that of its path.
    assert (trace.name, trace.value, trace.required) == ("trace", "on", True)
    assert trace.place == "#/paths/~1owners~1{ownerId}~1pets/post/parameters/0"
    assert pets.operation.security.places == ()
    assert pets.version == "2024-05-01"


def test_an_answer_that_contains_itself_is_judged_as_far_as_written(
    pets: Contract,
) -> None:
    answer = pets.answers.of(201)

    assert answer is not None
    assert answer.prover.broken({"name": "a", "children": 5}) == {"answer.types"}
    deep: Json = {"name": "a", "children": [{"name": "a", "children": 5}]}
    assert answer.prover.broken(deep) == {"answer.types"}
    for _ in range(2):
        deep = {"name": "a", "children": [deep]}
    assert not answer.prover.broken(deep)


def test_a_default_answer_describes_refusals_only(pets: Contract) -> None:
    refusal = pets.answers.of(422)

    assert refusal is not None
    assert {it.rule for it in refusal.assertions} == {"answer.members", "answer.types"}
    assert pets.answers.of(202) is None


def test_both_validators_agree_on_a_foreign_contract(pets: Contract) -> None:
    body = {"name": "R", "chip": {"date": 1, "code": "a"}, "tags": ["aa", "aa"]}

    assert pets.prover.proven_broken(body) == {
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
    assert orders.prover.proven_broken(body) == rules


def test_branches_that_depend_on_a_member_do_not_close_a_body(orders: Contract) -> None:
    body = {"id": 1, "pair": ["x", 2], "labels": {"n": 3}}

    assert orders.settled_prover.proven_broken(body) == frozenset()
    assert not orders.settled_prover.is_valid({**body, "unknown": 1})


@pytest.mark.parametrize(
    ("operation", "what"),
    [(None, "no one only POST"), ("nope", "has no operation 'nope'")],
)
def test_which_operation_is_a_matter_of_usage(operation: str | None, what: str) -> None:
    with pytest.raises(UsageError, match=what) as raised:
        load(DATA / "orders.yaml", operation=operation)

    assert "placeOrder, askQuote" in raised.value.hint


def test_a_contract_is_loaded_once_until_its_file_changes(edited: Edit) -> None:
    path = edited(NAME, NAME)
    first = load(path)

    assert load(path) is first
    assert load(path, overrides=Overrides(header="X-Key")) is not first
    path.write_text(path.read_text("utf-8").replace("title: Plain", "title: Other"))
    assert load(path).title == "Other"


# --- what goes wrong

WRONG: dict[str, dict[str, str]] = {
    **reading.read(DATA / "refused.yaml"),
    "a schema nested too deeply": {
        "old": NAME,
        "new": "name: " + "{not: " * 900 + "{}" + "}" * 900,
        "what": "nested too deeply",
    },
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_contract_at_fault_is_refused_by_place(
    edited: Edit, wrong: dict[str, str]
) -> None:
    path = edited(wrong["old"], wrong["new"])

    with pytest.raises(SpecError) as raised:
        load(path)

    assert wrong["what"] in str(raised.value)
    assert str(raised.value).startswith(str(path))
    assert raised.value.hint


@pytest.mark.parametrize(
    ("old", "new"),
    [("application/json", "text/plain"), ("post:", "put:"), ("schema:", "x-schema:")],
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
    with pytest.raises(SpecError, match="not an OpenAPI 3 document: it has no"):
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


# --- sentences of derived rules


def test_derived_rules_are_said_in_words_and_quote_descriptions(
    written: Callable[..., Path],
) -> None:
    stated = reading.read(DATA / "said.yaml")
    body = {"content": {"application/json": {"schema": stated["schema"]}}}
    paths = {"/t": {"post": {"requestBody": body, "responses": {"201": {}}}}}
    given = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths}

    rules = load(written(json.dumps(given))).rules

    said = {name: rules[RuleId(name)].sentence for name in stated["said"]}
    assert said == stated["said"]
    assert rules[RuleId("plate.pattern")].source.endswith('pattern, "As stamped."')
    known = words()["keywords"]
    assert {name for name, it in KEYWORDS.items() if it.word} == known.keys()


# --- any contract at all

VALUES: list[Json] = [
    *(None, True, 0, -1, 2.5, "", "x", [], {}, [1], {"a": 1}, [None], "(", "#/no"),
    *({"$ref": each} for each in ("#", 5, "#/no", "#/components/schemas/Broadcast")),
    *({"$ref": "#/components/schemas/CreateBroadcast"}, {"type": "string"}),
    *(10**30, "\ud800"),
]
NAMES = ("x", "$ref", "type", "items", "required", "allOf", "if", "x-rule")


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
    """Judge bodies, as a run does."""
    for body in BODIES:
        contract.settled_prover.is_valid(body)
        contract.level_of_use(body)
        with contextlib.suppress(Disagreement):
            contract.prover.proven_broken(body)


FILES = {
    path.name: reading.read(path)
    for path in (
        OURS,
        OURS.with_name("rules.yaml"),
        OURS.parent / "dialects" / "naxai-sdk.yaml",
    )
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("seed", range(25))
def test_a_spoiled_file_loads_or_is_refused(
    monkeypatch: pytest.MonkeyPatch, file: str, seed: int
) -> None:
    changed = spoiled(FILES[file], random.Random(seed))
    files = {**FILES, file: changed}
    monkeypatch.setattr(
        reading, "read", lambda path, _=None: copy.deepcopy(files[path.name])
    )
    dialect = "naxai-sdk" if file == "naxai-sdk.yaml" else None

    try:
        use(load(dialect=dialect))
    except (SpecError, UsageError) as error:
        assert str(error)  # noqa: PT017 - most load, and some are refused
        assert error.hint  # noqa: PT017
