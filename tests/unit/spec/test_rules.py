from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from ringspec.spec import (
    Evidence,
    Json,
    Level,
    Rule,
    RuleId,
    SpecError,
    UsageError,
    load,
    load_with_actions,
    questions,
    reading,
)
from ringspec.spec.rules import parse_catalogue

STATED = reading.read(Path(__file__).parent / "data" / "catalogues.yaml")
DATA, SPOILED = STATED["catalogue"], STATED["spoiled"]
ROW = DATA["rules"][0]


def test_a_catalogue_is_read_in_its_order() -> None:
    found = parse_catalogue(DATA, "rules.yaml")

    assert list(found.rules) == ["a.type", "b.type"]
    assert found.rules[RuleId("a.type")] == Rule(
        id=RuleId("a.type"),
        level=Level.MUST,
        evidence=Evidence.DOCUMENTED,
        sentence="It is.",
        source="here",
    )
    assert found.couplings[0].rules == {"a.type", "b.type"}
    assert found.couplings[0].name == "both"
    assert found.not_isolated == {"b.type": "It is never alone."}


@pytest.mark.parametrize("name", ["id", "level", "evidence", "sentence", "source"])
@pytest.mark.parametrize("wrong", ["absent", None, 5, [], ""])
def test_a_row_has_every_member(name: str, wrong: Json) -> None:
    row = {**ROW, name: wrong}
    if wrong == "absent":
        del row[name]

    with pytest.raises(SpecError, match=rf"rules.yaml: #/rules/0.*{name}") as raised:
        parse_catalogue({"rules": [row]}, "rules.yaml")

    assert raised.value.hint


@pytest.mark.parametrize(("where", "value", "what"), SPOILED.values(), ids=SPOILED)
def test_a_spoiled_catalogue_is_refused_by_name(
    where: tuple[str | int, ...], value: Json, what: str
) -> None:
    data = {"all": copy.deepcopy(DATA)}
    node, last = data, "all"
    for step in where:
        node, last = node[last], step  # type: ignore[assignment] # steps are of both
    node[last] = value

    with pytest.raises(SpecError, match=what) as raised:
        parse_catalogue(data["all"], "rules.yaml")

    assert str(raised.value).startswith("rules.yaml")
    assert raised.value.hint


TWO = "candidates: [{name: a}, {name: b, actions: [{target: $, update: {}}]}]"
FINE = f"questions: [{{id: q, asks: Which?, rule: r, {TWO}}}]"


def test_every_candidate_of_ours_is_a_contract_with_canonical_rules() -> None:
    known = load().rules

    for question in questions():
        assert question.rule in known
        assert question.candidates[0].actions == ()
        for each in question.candidates:
            assert load_with_actions(each.actions).rules.keys() <= known.keys()


@pytest.mark.parametrize("name", ["mine.questions.yaml", "questions.yaml"])
def test_questions_stand_beside_their_contract(
    written: Callable[..., Path], name: str
) -> None:
    file = written(FINE, name)

    (question,) = questions(file.with_name("mine.yaml"))

    assert [each.name for each in question.candidates] == ["a", "b"]


def test_a_contract_without_questions_is_a_matter_of_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="it has no questions") as raised:
        questions(tmp_path / "mine.yaml")

    assert "mine.questions.yaml" in raised.value.hint


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[]", 'not of type "object"'),
        ("{}", '"questions" is a required property'),
        ("questions: [x]", '/questions/0: "x" is not of type "object"'),
        (FINE.replace("asks:", "aks: x, asks:"), "0: .*'aks' was unexpected"),
        (f"questions: [{{asks: x, rule: r, {TWO}}}]", '"id" is a required'),
        (FINE.replace(TWO, "candidates: [{name: a}]"), "candidates: .* has less"),
        (FINE.replace("name: b", "name: a"), "q has two candidates of one name"),
        (FINE.replace(TWO, "candidates: [a, b]"), 'candidates/0: "a" is not of'),
        (FINE.replace("update", "updat"), "/actions/0: .*'updat' was unexpected"),
        (FINE + FINE[10:], "not readable"),
        (f"{FINE[:-1]}, {FINE[12:]}", "two questions have one id"),
    ],
)
def test_a_file_of_another_form_is_refused(
    written: Callable[..., Path], text: str, what: str
) -> None:
    file = written(text, "questions.yaml")

    with pytest.raises(SpecError, match=what) as raised:
        questions(file.with_name("mine.yaml"))

    assert str(file) in str(raised.value)
    assert raised.value.hint
