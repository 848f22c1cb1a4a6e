"""The laws of the house: contract, catalogue, dialect and seed agree."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import jsonschema_rs
import pytest
from openapi_spec_validator import validate

from ringspec.spec import (
    OURS,
    Assertion,
    Contract,
    Evidence,
    Json,
    Level,
    RuleId,
    dialect_names,
    load,
    overlay,
    reading,
    walk,
)
from ringspec.spec.document import inline
from ringspec.spec.forms import settle
from ringspec.spec.operations import BEARER, endpoints

SEED = reading.read(OURS.with_name("seed.yaml"))
DOCUMENT = reading.read(OURS)
# The vendor's page lies beside the repository where we work, and in no clone of it.
PAGES = Path(__file__).parents[4] / "shared" / "seed"

# No schema states them: the harness judges HTTP by them.
ABOUT_HTTP = {
    "answer.defaults",
    "answer.echo",
    "answer.json",
    "auth.token",
    "body.accepted",
    "error.status",
    "robustness",
    *("auth.secrecy", "auth.client"),
    *("wire.json", "wire.media", "wire.method", "wire.path"),
    *("lifecycle.readable", "lifecycle.rejected", "lifecycle.ids", "lifecycle.listed"),
    *("lifecycle.updated", "lifecycle.update.refused", "lifecycle.deleted"),
    *("lifecycle.unknown", "lifecycle.state", "lifecycle.transitions"),
    *("lifecycle.start", "lifecycle.pause", "lifecycle.resume", "lifecycle.cancel"),
}
# What product.md demands of any server, whatever the page says.
DEMANDED = {"robustness"}

MEMBERS = [
    *("name", "type", "from", "source", "segmentIds", "includeUnsubscribed", "file"),
    *("scheduledAt", "retries", "retryOnNoInput", "retryOnFailed", "retryDelays"),
    *("calendarId", "distribution", "dynamicName", "allowMultiple", "actions"),
    *("language", "voice", "voiceFlow"),
]
REQUIRED = {
    *("name", "type", "from", "source", "retries", "retryOnNoInput"),
    *("retryOnFailed", "retryDelays", "voiceFlow"),
}
DEFAULTS = {
    "type": "default",
    "source": "people",
    "includeUnsubscribed": False,
    "retries": 0,
    "retryOnNoInput": False,
    "retryOnFailed": False,
    "distribution": "none",
    "language": "fr-BE",
    "voice": "woman",
}
# facts.md, D.
OPERATIONS = {
    "createBroadcast": "post /voice/broadcasts",
    "listBroadcasts": "get /voice/broadcasts",
    "getBroadcast": "get /voice/broadcasts/{broadcastId}",
    "updateBroadcast": "put /voice/broadcasts/{broadcastId}",
    "deleteBroadcast": "delete /voice/broadcasts/{broadcastId}",
    "startBroadcast": "post /voice/broadcasts/{broadcastId}/start",
    "pauseBroadcast": "post /voice/broadcasts/{broadcastId}/pause",
    "resumeBroadcast": "post /voice/broadcasts/{broadcastId}/resume",
    "cancelBroadcast": "post /voice/broadcasts/{broadcastId}/cancel",
}
# product.md, "Levels and evidence"; what is not here is witnessed, a SHOULD.
MUST = {
    *(f"{member}.type" for member in MEMBERS if member != "allowMultiple"),
    *("name.required", "from.required", "retryDelays.required", "voiceFlow.required"),
    *("includeUnsubscribed.required", "file.required"),
    *("source.enum", "retries.enum"),
    *("segmentIds.items.type", "segmentIds.items.format", "segmentIds.length"),
    *("retryDelays.count", "retryDelays.length"),
    *("retryDelays.items.type", "retryDelays.items.max"),
    *("calendarId.format", "X-version.accepted"),
    *("body.accepted", "body.type", "answer.json", "robustness"),
}
MAY = {
    *("type.enum", "allowMultiple.type", "scheduledAt.min", "retryDelays.items.min"),
    *("segmentIds.required", "dynamicName.required", "actions.inputs.unknown"),
    "voiceFlow.voicemail.say.xor",
    "voiceFlow.welcome.say.xor",
    "voiceFlow.end.say.xor",
    "voiceFlow.menu.choices.transfer.whisper.say.xor",
    "voiceFlow.menu.say.or",
    "voiceFlow.menu.choices.say.or",
    "voiceFlow.menu.choices.length",
    "voiceFlow.menu.choices.key.unique",
    "auth.secrecy",
    *("wire.json", "wire.media", "wire.method", "wire.path"),
    *("lifecycle.ids", "lifecycle.listed", "lifecycle.deleted", "lifecycle.unknown"),
    *("lifecycle.update.refused", "lifecycle.state", "lifecycle.transitions"),
    *("lifecycle.start", "lifecycle.pause", "lifecycle.resume", "lifecycle.cancel"),
}
# Required with a default: the page prints both words, so it binds less.
LENIENT = {f"{name}.required" for name in REQUIRED & DEFAULTS.keys()}


def everything(contract: Contract) -> list[Assertion]:
    return [*contract.assertions, *contract.answers.assertions]


# --- (a) the document


@pytest.mark.parametrize("dialect", [None, *dialect_names()])
def test_the_contract_is_openapi(dialect: str | None) -> None:
    document = DOCUMENT
    if dialect is not None:
        document = overlay.apply(document, overlay.load(overlay.find(dialect)))

    validate(document)


def test_the_members_are_the_pages_in_its_order(contract: Contract) -> None:
    schema = contract.request.schema

    assert list(schema["properties"]) == MEMBERS
    assert set(schema["required"]) == REQUIRED
    assert {
        name: member["default"]
        for name, member in schema["properties"].items()
        if "default" in member
    } == DEFAULTS


def test_the_operations_are_those_that_are_known() -> None:
    found = {route.id: f"{route.method} {route.path}" for route in endpoints(DOCUMENT)}

    assert found == OPERATIONS


def test_a_token_is_asked_for_by_client_credentials(contract: Contract) -> None:
    scheme = DOCUMENT["components"]["securitySchemes"]["oauth2"]

    assert contract.operation.token_header == BEARER
    assert list(scheme["flows"]) == ["clientCredentials"]


def test_the_version_may_be_sent(contract: Contract) -> None:
    (header,) = contract.operation.headers

    assert (header.name, header.value) == ("X-version", "2023-03-25")
    assert not header.required


def test_nothing_is_said_in_the_vendors_sentences() -> None:
    if not PAGES.is_dir():
        pytest.skip("the vendor's page lies in no clone of this repository")
    page = [word for path in sorted(PAGES.iterdir()) for word in words(path)]

    ours = [
        run
        for path in sorted(OURS.parent.rglob("*.yaml"))
        for line in path.read_text("utf-8").splitlines()
        for run in runs(re.findall(r"\w+", line.lower()))
    ]

    assert not set(ours) & set(runs(page))


def words(path: Path) -> list[str]:
    return re.findall(r"\w+", path.read_text("utf-8").lower())


def runs(listed: list[str], length: int = 6) -> list[tuple[str, ...]]:
    return [tuple(listed[at : at + length]) for at in range(len(listed) - length + 1)]


# --- (b) the catalogue


def test_every_rule_stands_in_the_catalogue(contract: Contract) -> None:
    assert list(contract.rules) == list(contract.catalogue.rules)
    assert contract.dropped == ()


def test_every_rule_has_a_place_but_those_about_http(contract: Contract) -> None:
    without = {name for name, rule in contract.rules.items() if not rule.places}

    assert without == ABOUT_HTTP


def test_every_assertion_is_of_one_rule(contract: Contract) -> None:
    owners: dict[str, set[str]] = {}
    for each in everything(contract):
        key = f"{each.place}/{each.value}" if "equired" in each.keyword else each.place
        owners.setdefault(key, set()).add(each.rule)

    assert {place: rules for place, rules in owners.items() if len(rules) > 1} == {}


def test_every_keyword_that_can_fail_is_of_a_rule_or_is_said_not_to_be(
    contract: Contract,
) -> None:
    owned = {place for rule in contract.rules.values() for place in rule.places}
    left = {
        place
        for place in keywords_that_can_fail()
        if place not in owned
        and not any(place.startswith(f"{each}/") for each in owned)
    }

    excused = set(reading.read(OURS.with_name("rules.yaml"))["unjudged"])
    assert {place for place in left if not place.startswith(tuple(excused))} == set()
    assert all(any(place.startswith(each) for place in left) for each in excused)


def keywords_that_can_fail() -> set[str]:
    """List every asserting keyword of the document, branches and conditions aside."""
    roots = [
        f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]
    ]
    roots += [
        f"#/components/parameters/{name}/schema"
        for name in DOCUMENT["components"]["parameters"]
    ]
    asserting = {
        *("type", "enum", "required", "minLength", "maxLength", "minItems"),
        *("maxItems", "minimum", "maximum", "format", "oneOf", "anyOf", "contains"),
        *("additionalProperties",),
    }
    undecided = {"if", "oneOf", "anyOf", "contains", "not", "x-settled"}
    found: set[str] = set()
    for root in roots:
        inlined = inline(DOCUMENT, root)
        for each in walk(inlined.schema):
            if not undecided & set(each.path):
                at = inlined.place_of(each.path)
                found |= {f"{at}/{word}" for word in asserting & each.schema.keys()}
    return found


def test_levels_are_what_product_md_lists(contract: Contract) -> None:
    rules = contract.rules.values()
    levels = {
        level: {rule.id for rule in rules if rule.level is level} for level in Level
    }

    assert levels[Level.MUST] == MUST
    assert levels[Level.MAY] == MAY


def test_a_level_is_what_its_evidence_supports(contract: Contract) -> None:
    weaker = {
        rule.id for rule in contract.rules.values() if rule.level != rule.evidence.level
    }

    assert weaker == LENIENT


def test_what_cannot_be_isolated_is_coupled(contract: Contract) -> None:
    coupled = {name for each in contract.catalogue.couplings for name in each.rules}

    assert set(contract.catalogue.not_isolated) <= coupled


def test_sentences_are_told_apart(contract: Contract) -> None:
    counted = Counter(rule.sentence for rule in contract.rules.values())

    assert [sentence for sentence, number in counted.items() if number > 1] == []
    assert all(sentence.endswith(".") for sentence in counted)


# --- (c) the seed


def test_every_line_of_the_seed_is_covered_once() -> None:
    covered = [
        line
        for entry in SEED["entries"]
        for line in range(entry["at"][0], entry["at"][1] + 1)
    ]

    assert covered == list(range(1, SEED["lines"] + 1))


def test_every_entry_of_the_seed_names_rules_or_says_why_not(
    contract: Contract,
) -> None:
    for entry in SEED["entries"]:
        assert entry.keys() & {"rules", "unspecified"}, entry
        assert set(entry.get("rules", [])) <= contract.rules.keys(), entry


def test_every_documented_must_is_claimed_by_the_seed(contract: Contract) -> None:
    claimed = {name for entry in SEED["entries"] for name in entry.get("rules", [])}
    documented = {
        rule.id
        for rule in contract.rules.values()
        if rule.level is Level.MUST and rule.evidence is Evidence.DOCUMENTED
    }

    assert documented - claimed == DEMANDED


def test_rules_cite_lines_that_claim_them(contract: Contract) -> None:
    claims = {
        line: set(entry.get("rules", []))
        for entry in SEED["entries"]
        for line in range(entry["at"][0], entry["at"][1] + 1)
    }

    for rule in contract.rules.values():
        for cited in seed_lines(rule.source):
            assert any(rule.id in claims[line] for line in cited), rule


def seed_lines(source: str) -> list[range]:
    """Read the lines that a source cites, such as "seed 17, 23-24; facts.md A"."""
    cited = next((part for part in source.split("; ") if part.startswith("seed ")), "")
    pairs = re.findall(r"(\d+)(?:-(\d+))?", cited)
    return [range(int(first), int(last or first) + 1) for first, last in pairs]


def test_the_index_is_of_the_page_that_we_have() -> None:
    if not PAGES.is_dir():
        pytest.skip("the vendor's page lies in no clone of this repository")
    lines = [
        line
        for path in sorted(PAGES.iterdir())
        for line in path.read_text().split("\n")
    ]

    assert len(lines) == SEED["lines"]
    starts = [entry["at"][0] for entry in SEED["entries"]]
    assert all(lines[start - 1] for start in starts)


# --- (d) examples


def test_all_examples_are_tried(examples: dict[str, Json]) -> None:
    assert list(examples) == ["notice", "survey"]


@pytest.mark.parametrize("name", ["notice", "survey"])
def test_examples_are_valid_and_settled(
    contract: Contract, examples: dict[str, Json], name: str
) -> None:
    body = examples[name]

    assert contract.prover.prove(body) == frozenset()
    assert contract.settled_prover.prove(body) == frozenset()


def test_the_plain_example_is_a_must(contract: Contract, plain: Json) -> None:
    assert contract.level_of_use(plain) is Level.MUST


def test_examples_of_members_keep_to_their_schema(contract: Contract) -> None:
    for each in walk(contract.request.schema):
        for example in each.schema.get("examples", []):
            assert fits(settle(each.schema), example), (each.path, example)


def fits(schema: Json, value: Json) -> bool:
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    return bool(validator.is_valid(value))


# --- (e) the dialect

SDK_BODY: Json = {
    "name": "Office closure notice",
    "from": "441632960101",
    "source": "people",
    "segmentIds": ["3b0f8a52-6c1d-4e7b-9a44-0d2f5c6e7a81"],
    "inclubeUnsubscribed": False,
    "language": "fr-BE",
    "voice": "woman",
    "retries": 0,
    "retryOnNoInput": False,
    "retryOnFailed": False,
    "distribution": "none",
    "voiceFlow": {"welcome": {"say": "The office is closed on Friday."}},
}


def test_a_dialect_leaves_the_rules_their_ids(
    contract: Contract, sdk: Contract
) -> None:
    dropped = ("type.required", "retryDelays.required")

    assert sdk.dropped == dropped
    assert list(sdk.rules) == [name for name in contract.rules if name not in dropped]


def test_a_dialect_makes_another_contract(contract: Contract, sdk: Contract) -> None:
    assert sdk.dialect == "naxai-sdk"
    assert sdk.sha256 != contract.sha256
    assert load(dialect="naxai-sdk").sha256 == sdk.sha256


def test_a_body_as_the_sdk_sends_it_is_valid(sdk: Contract) -> None:
    assert sdk.prover.prove(SDK_BODY) == frozenset()
    assert sdk.settled_prover.prove(SDK_BODY) == frozenset()


@pytest.mark.parametrize(
    ("members", "rules"),
    [
        ({"inclubeUnsubscribed": "no"}, {"includeUnsubscribed.type"}),
        ({"retries": 2}, {"retryDelays.count"}),
        ({"retries": 1, "retryDelays": []}, {"retryDelays.count"}),
        ({"retries": 1, "retryDelays": [5]}, set()),
        ({"actions": {"actions": 5}}, {"actions.status.type"}),
    ],
)
def test_faults_in_the_sdks_spelling_have_canonical_names(
    sdk: Contract, members: Json, rules: set[str]
) -> None:
    assert sdk.prover.prove({**SDK_BODY, **members}) == rules


def test_the_canonical_flag_is_no_flag_to_the_sdk(sdk: Contract) -> None:
    body = {**SDK_BODY, "includeUnsubscribed": False}
    del body["inclubeUnsubscribed"]

    assert sdk.prover.prove(body) == {"includeUnsubscribed.required"}


# --- facts.md, H7: one fault each


@pytest.mark.parametrize(
    ("members", "rules"),
    [
        ({"retries": 2, "retryDelays": [5]}, {"retryDelays.count"}),
        ({"retries": 1, "retryDelays": [4321]}, {"retryDelays.items.max"}),
        ({"retries": 1, "retryDelays": [4320]}, set()),
        ({"retries": 1, "retryDelays": [-1]}, {"retryDelays.items.min"}),
        ({"retries": 3, "retryDelays": [1, 2, 3]}, set()),
        ({"retries": 4, "retryDelays": [1, 2, 3]}, {"retries.enum"}),
        (
            {"retries": 4, "retryDelays": [1, 2, 3, 4]},
            {"retries.enum", "retryDelays.length"},
        ),
        ({"source": "file"}, {"file.required"}),
        ({"source": "File"}, {"source.enum"}),
        ({"segmentIds": []}, {"segmentIds.length"}),
        ({"segmentIds": ["abc"]}, {"segmentIds.items.format"}),
        ({"scheduledAt": None}, set()),
        ({"scheduledAt": "2026-01-01"}, {"scheduledAt.type"}),
        ({"scheduledAt": -1}, {"scheduledAt.min"}),
        ({"calendarId": "abc"}, {"calendarId.format"}),
        ({"language": "en-US"}, {"language.enum"}),
        ({"voice": "female"}, {"voice.enum"}),
        ({"distribution": "random"}, {"distribution.enum"}),
        ({"distribution": "dynamic"}, {"dynamicName.required"}),
        ({"retryOnFailed": "true"}, {"retryOnFailed.type"}),
        ({"from": "4416329"}, {"from.length"}),
        ({"voiceFlow": {}}, {"voiceFlow.welcome.required"}),
        ({"voiceFlow": {"welcome": {}}}, {"voiceFlow.welcome.say.xor"}),
        ({"actions": {"inputs": {"*": []}}}, {"actions.inputs.unknown"}),
        ({"actions": {"inputs": {"6": "x"}}}, {"actions.reaction.type"}),
    ],
)
def test_each_fault_breaks_its_rule_and_no_other(
    contract: Contract, plain: dict[str, Json], members: Json, rules: set[str]
) -> None:
    assert contract.prover.prove({**plain, **members}) == rules


@pytest.mark.parametrize("name", sorted(REQUIRED | {"includeUnsubscribed"}))
def test_each_member_that_is_missing_breaks_one_rule(
    contract: Contract, plain: dict[str, Json], name: str
) -> None:
    del plain[name]

    assert contract.prover.prove(plain) == {RuleId(f"{name}.required")}
