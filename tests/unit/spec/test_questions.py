"""The questions beside a contract, and the form that they have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ringspec.spec import SpecError, UsageError, load, load_with_actions, questions

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
