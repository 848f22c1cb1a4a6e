"""`x-rules`: what a dialect changes about rules, or drops."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringspec.spec import Contract, Json, Level, SpecError, load
from ringspec.spec.overlay import Overlay

DATA = Path(__file__).parent / "data"


def dialect(rules: Json, path: Path | None = None) -> Contract:
    overlay = {"overlay": "1.1.0", "actions": [], "x-rules": rules}
    return load(path, dialect=Overlay("mine", "mine.yaml", overlay))


def test_a_rule_takes_another_level_and_sentence(contract: Contract) -> None:
    found = dialect(
        {"retryDelays.count": {"level": "may", "sentence": "Delays are counted."}}
    )

    rule = found.rules["retryDelays.count"]  # type: ignore[index] # ids are texts
    assert (rule.level, rule.sentence) == (Level.MAY, "Delays are counted.")
    assert list(found.rules) == list(contract.rules)
    assert found.request.schema == contract.request.schema
    assert found.sha256 != contract.sha256


@pytest.mark.parametrize(
    "rule", ["retryDelays.count", "name.type", "includeUnsubscribed.required"]
)
def test_what_is_dropped_leaves_the_contract_alone(
    contract: Contract, rule: str
) -> None:
    found = dialect({rule: {"drop": True}})

    kept = [each for each in contract.rules if each != rule]
    assert list(found.rules) == kept
    assert rule in found.dropped
    assert [each.place for each in found.assertions] == [
        each.place for each in contract.assertions if each.rule != rule
    ]
    assert found.settled == contract.settled


def test_what_only_a_dropped_rule_refused_is_not_settled(
    plain: dict[str, Json],
) -> None:
    found = dialect({"retryDelays.count": {"drop": True}})

    odd = {**plain, "retries": 2, "retryDelays": [15]}
    assert found.prover.prove(odd) == frozenset()
    assert not found.settled_prover.is_valid(odd)
    assert found.settled_prover.is_valid(plain)


def test_a_rule_that_http_states_can_be_dropped() -> None:
    found = dialect({"wire.method": {"drop": True}, "error.status": {"drop": True}})

    assert {"wire.method", "error.status"} <= set(found.dropped)
    assert not {"wire.method", "error.status"} & set(found.rules)


def test_a_rule_that_no_catalogue_words_can_be_dropped() -> None:
    before = load(DATA / "pets.yaml")
    rule = before.assertions[-1].rule

    found = dialect({rule: {"drop": True}}, DATA / "pets.yaml")

    assert rule in before.rules
    assert rule not in found.rules
    assert rule in found.dropped
    assert found.catalogue.rules[rule] == before.rules[rule]


@pytest.mark.parametrize(
    ("rules", "what"),
    [
        ([], "x-rules is not an object"),
        ({"name.type": True}, "name.type is not an object"),
        ({"name.type": {}}, "name.type has nothing"),
        ({"name.type": {"lvl": "may"}}, "name.type has lvl"),
        ({"name.type": {"level": "maybe"}}, 'level is "maybe"'),
        ({"name.type": {"evidence": "no"}}, 'evidence is "no"'),
        ({"name.type": {"sentence": 1}}, "sentence is not a text"),
        ({"name.type": {"drop": 1}}, "neither true nor false"),
        ({"name.type": {"drop": True, "level": "may"}}, "dropped and changed"),
        ({"name.typ": {"drop": True}}, "there is no such rule"),
        ({"robustness": {"drop": True}}, "cannot be dropped"),
        ({"body.accepted": {"drop": True}}, "cannot be dropped"),
    ],
)
def test_a_change_that_makes_no_sense_is_named(rules: Json, what: str) -> None:
    with pytest.raises(SpecError, match=what) as raised:
        dialect(rules)

    assert str(raised.value).startswith("mine.yaml: x-rules")
    assert raised.value.hint


def test_a_misspelt_rule_is_told_the_nearest() -> None:
    with pytest.raises(SpecError) as raised:
        dialect({"retryDelay.count": {"drop": True}})

    listed = "`ringspec rules` lists them"
    assert raised.value.hint == f"did you mean retryDelays.count? {listed}"
