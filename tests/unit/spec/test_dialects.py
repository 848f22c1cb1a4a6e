"""Dialects: `x-rename` of members and paths, `x-rules` that change or drop rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ringspec.spec import OURS, Contract, Json, Level, RuleId, SpecError, load, reading
from ringspec.spec import overlay as overlays
from ringspec.spec.overlay import Overlay

DATA = Path(__file__).parent / "data"
BASE: dict[str, Json] = reading.read(DATA / "renamed.yaml")
KIND = "$.components.schemas.Order.properties.kind"


def applied(base: Json, *actions: Json) -> Any:
    overlay = Overlay("test", "test.yaml", {"actions": list(actions)})
    return overlays.apply(base, overlay)


def renamed(*pairs: tuple[str, str]) -> Any:
    actions = [{"target": target, "x-rename": new} for target, new in pairs]
    return applied(BASE, *actions)


def test_a_member_is_renamed_wherever_the_schema_names_it() -> None:
    order = renamed((KIND, "sort"))["components"]["schemas"]["Order"]

    member = {"type": "string", "enum": ["gift", "plain"], "x-member": "kind"}
    assert order["properties"].pop("sort") == member
    assert list(order["properties"]) == ["note", "to", "same"]
    assert order["required"] == ["to", "sort"]
    assert order["dependentRequired"] == {"sort": ["note"], "note": ["sort"]}
    assert order["dependentSchemas"] == {"sort": {"required": ["to"]}}
    assert order["if"] == {
        "properties": {"sort": {"const": "gift"}},
        "required": ["sort"],
    }
    assert order["then"] == {"required": ["note", "sort"]}
    assert order["allOf"] == [{"not": {"required": ["secret", "sort"]}}]
    assert order["oneOf"][1] == {"properties": {"sort": {"const": "x"}}}
    assert order["x-settled"] == {"properties": {"sort": {"const": "gift"}}}


def test_values_references_and_answers_follow() -> None:
    found = renamed((KIND, "sort"))

    schemas = found["components"]["schemas"]
    assert schemas["Order"]["default"]["sort"] == "plain"
    assert schemas["Order"]["properties"]["same"] == {
        "$ref": "#/components/schemas/Order/properties/sort"
    }
    assert list(schemas["Placed"]["properties"]) == ["id", "state", "sort"]
    create = found["paths"]["/orders"]["post"]
    body = create["requestBody"]["content"]["application/json"]
    assert body["example"] == {"sort": "gift", "to": {"street": "A", "kind": "home"}}
    assert body["examples"]["one"]["value"] == {"sort": "plain", "kind2": "x"}
    answer = create["responses"]["201"]["content"]["application/json"]
    assert answer["example"] == {"id": "1", "sort": "gift"}


def test_members_of_that_name_elsewhere_keep_it() -> None:
    found = renamed((KIND, "sort"))

    assert "kind" in found["components"]["schemas"]["Address"]["properties"]
    responses = found["paths"]["/orders"]["post"]["responses"]
    refused = responses["400"]["content"]["application/json"]["schema"]
    listed = found["paths"]["/orders"]["get"]["responses"]["200"]
    page = listed["content"]["application/json"]["schema"]
    assert "kind" in refused["properties"]
    assert "kind" in page["properties"]


def test_nothing_says_the_old_name_but_the_note_of_it() -> None:
    properties = "$.components.schemas.CreateBroadcast.properties"
    action = {"target": f"{properties}.includeUnsubscribed", "x-rename": "other"}
    found = applied(reading.read(OURS), action)

    text = json.dumps(found)
    assert text.count("includeUnsubscribed") == 1
    assert '"x-member": "includeUnsubscribed"' in text


def test_links_follow_what_they_point_at() -> None:
    found = renamed(
        ("$.components.schemas.Placed.properties.id", "number"),
        ("$.components.schemas.Placed.properties.state", "status"),
    )

    links = found["paths"]["/orders"]["post"]["responses"]["201"]["links"]
    assert links["read"]["parameters"] == {"orderId": "$response.body#/number"}
    assert links["read"]["x-state"] == "/status"


def test_a_path_takes_along_what_lies_below_it() -> None:
    found = renamed(("$.paths['/orders']", "/v2/carts"))

    assert list(found["paths"]) == ["/v2/carts", "/v2/carts/{orderId}"]
    assert found["paths"]["/v2/carts"] == BASE["paths"]["/orders"]
    base: Json = {"paths": {"/a": {}, "/a/b": {}, "/ab": {}}}
    beside = applied(base, {"target": "$.paths['/a']", "x-rename": "/c"})
    assert sorted(beside["paths"]) == ["/ab", "/c", "/c/b"]


@pytest.mark.parametrize(
    ("target", "new", "what"),
    [
        ("$.components.schemas.Order.properties.nothing", "x", "matches nothing"),
        ("$.components.schemas.Order", "x", "neither a member of a schema nor a path"),
        ("$", "x", "neither a member of a schema nor a path"),
        ("$.paths['/orders'].post", "x", "neither a member of a schema nor a path"),
        ("$.components.schemas.Order.properties.*", "x", "selects kind and note and"),
        (KIND, "kind", "renames kind to itself"),
        (KIND, "note", "has a member note already"),
        ("$.components.schemas.Order.default.properties.a", "b", "selects 1, no schem"),
        ("$.paths['/orders']", "orders", "renames a path to 'orders'"),
        ("$.paths['/orders']", "/orders", "to itself"),
        ("$.paths['/orders/{orderId}']", "/orders", "there is a path /orders"),
    ],
)
def test_what_cannot_be_renamed_is_named(target: str, new: str, what: str) -> None:
    with pytest.raises(SpecError, match=what) as raised:
        renamed((target, new))

    assert f"test.yaml: action 0 ({target})" in str(raised.value)
    assert raised.value.hint


def test_a_branch_that_others_share_is_not_renamed_for_one() -> None:
    base: Json = json.loads(json.dumps(BASE))
    schemas = base["components"]["schemas"]
    schemas["Named"] = {"required": ["street"]}
    schemas["Address"]["allOf"] = [{"$ref": "#/components/schemas/Named"}]
    schemas["Order"]["properties"]["from"] = {
        "type": "object",
        "properties": {"street": {}},
        "allOf": [{"$ref": "#/components/schemas/Named"}],
    }
    target = "$.components.schemas.Address.properties.street"

    with pytest.raises(SpecError, match="shared with others that have a street"):
        applied(base, {"target": target, "x-rename": "road"})


def dialect(*actions: Json, rules: Json = None, path: Path | None = None) -> Contract:
    content = {"overlay": "1.1.0", "actions": list(actions), "x-rules": rules or {}}
    return load(path, dialect=Overlay("mine", "mine.yaml", content))


@pytest.mark.parametrize("member", ["retries", "retryDelays", "voiceFlow", "type"])
def test_rule_ids_stay_canonical(contract: Contract, member: str) -> None:
    target = f"$.components.schemas.CreateBroadcast.properties.{member}"

    found = dialect({"target": target, "x-rename": "other"})

    assert list(found.rules) == list(contract.rules)
    before = {(each.rule, each.keyword) for each in contract.assertions}
    assert {(each.rule, each.keyword) for each in found.assertions} == before
    members = {each.instance[0] for each in found.assertions if each.instance}
    assert "other" in members
    assert member not in members


def test_a_rule_takes_another_level_and_sentence(contract: Contract) -> None:
    found = dialect(
        rules={"retryDelays.count": {"level": "may", "sentence": "Delays are counted."}}
    )

    rule = found.rules[RuleId("retryDelays.count")]
    assert (rule.level, rule.sentence) == (Level.MAY, "Delays are counted.")
    assert list(found.rules) == list(contract.rules)
    assert found.request.schema == contract.request.schema
    assert found.sha256 != contract.sha256


@pytest.mark.parametrize(
    "rule", ["retryDelays.count", "includeUnsubscribed.required", "wire.method"]
)
def test_what_is_dropped_leaves_the_contract_alone(
    contract: Contract, rule: str
) -> None:
    found = dialect(rules={rule: {"drop": True}})

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
    found = dialect(rules={"retryDelays.count": {"drop": True}})

    odd = {**plain, "retries": 2, "retryDelays": [15]}
    assert found.prover.proven_broken(odd) == frozenset()
    assert not found.settled_prover.is_valid(odd)
    assert found.settled_prover.is_valid(plain)


@pytest.mark.parametrize(
    ("rules", "what"),
    [
        ([1], 'x-rules: .1. is not of type "object"'),
        ({"name.type": True}, "name.type: true is not of type"),
        ({"name.type": {}}, "name.type: {} has less than 1 prop"),
        ({"name.type": {"lvl": "may"}}, "name.type: .*'lvl' was unexp"),
        ({"name.type": {"level": "maybe"}}, 'level: "maybe" is not one of'),
        ({"name.type": {"evidence": "no"}}, 'evidence: "no" is not one of'),
        ({"name.type": {"sentence": 1}}, "sentence: 1 is not of"),
        ({"name.type": {"drop": 1}}, "drop: 1 is not of type"),
        ({"name.type": {"drop": True, "level": "may"}}, "has more than 1 property"),
        ({"name.typ": {"drop": True}}, "there is no such rule"),
        ({"robustness": {"drop": True}}, "drop: false was expected"),
        ({"body.accepted": {"drop": True}}, "drop: false was expected"),
    ],
)
def test_a_change_that_makes_no_sense_is_named(rules: Json, what: str) -> None:
    with pytest.raises(SpecError, match=what) as raised:
        dialect(rules=rules)

    assert str(raised.value).startswith("mine.yaml: #/x-rules")
    assert raised.value.hint


def test_a_misspelt_rule_gets_the_nearest_as_a_hint() -> None:
    with pytest.raises(SpecError) as raised:
        dialect(rules={"retryDelay.count": {"drop": True}})

    listed = "`ringspec rules` lists them"
    assert raised.value.hint == f"did you mean retryDelays.count? {listed}"
