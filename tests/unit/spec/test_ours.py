"""The laws of the house: contract, catalogue, dialect and seed agree."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from pkgutil import resolve_name

import jsonschema_rs
import pytest
from openapi_spec_validator import validate

from ringspec.spec import (
    OURS,
    Contract,
    Evidence,
    Json,
    Level,
    dialect_names,
    overlay,
    reading,
)
from ringspec.spec.assertions import Assertion
from ringspec.spec.document import inline
from ringspec.spec.forms import settle
from ringspec.spec.operations import endpoints
from ringspec.spec.schemas import walk

SEED = reading.read(OURS.with_name("seed.yaml"))
DOCUMENT = reading.read(OURS)
DATA = Path(__file__).parent / "data"
# The vendor's page lies beside the repository where we work, and in no clone of it.
PAGES = Path(__file__).parents[4] / "shared" / "seed"

PAGE = DOCUMENT["externalDocs"]["url"]
SDK = "naxai 0.0.49 (PyPI)"
FURTHER = re.compile(
    r"https://docs\.naxai\.com/reference/(?:authentication|errors|sendsms)(, \w+)?"
    r"|RFC \d{4}, section [\d.]+(: .*)?|common practice"
)

# What product.md demands of any server, whatever the page says.
DEMANDED = {"robustness"}

STATED = reading.read(DATA / "ours.yaml")
FAULTS = reading.read(DATA / "faults.yaml")
# Required with a default: the page prints both words, so it binds less.
LENIENT = {
    f"{name}.required" for name in STATED["required"] if name in STATED["defaults"]
}


def everything(contract: Contract) -> list[Assertion]:
    return [*contract.assertions, *contract.answers.assertions]


# --- (a) the document


@pytest.mark.parametrize("dialect", [None, *dialect_names()])
def test_the_contract_is_openapi(dialect: str | None) -> None:
    document = DOCUMENT
    if dialect is not None:
        document = overlay.apply(document, overlay.load(dialect))

    validate(document)


def test_the_members_are_the_pages_in_its_order(contract: Contract) -> None:
    schema = contract.request.schema

    assert list(schema["properties"]) == STATED["members"]
    assert set(schema["required"]) == set(STATED["required"])
    assert {
        name: member["default"]
        for name, member in schema["properties"].items()
        if "default" in member
    } == STATED["defaults"]


def test_operations_token_and_version_are_those_that_are_known(
    contract: Contract,
) -> None:
    found = {each.id: f"{each.method} {each.path}" for each in endpoints(DOCUMENT)}
    scheme = DOCUMENT["components"]["securitySchemes"]["oauth2"]
    (header,) = contract.operation.headers

    assert found == STATED["operations"]
    assert [it.scheme for it in contract.operation.security.places] == ["Bearer"]
    assert list(scheme["flows"]) == ["clientCredentials"]
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


def test_every_rule_stands_in_the_catalogue_and_has_a_place_or_is_about_http(
    contract: Contract,
) -> None:
    without = {name for name, rule in contract.rules.items() if not rule.places}

    assert list(contract.rules) == list(contract.catalogue.rules)
    assert contract.dropped == ()
    assert without == set(STATED["about_http"])


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


def test_levels_are_those_of_product_md_and_what_evidence_supports(
    contract: Contract,
) -> None:
    rules = contract.rules.values()
    levels = {
        level: {rule.id for rule in rules if rule.level is level} for level in Level
    }

    assert levels[Level.MUST] == set(STATED["must"])
    assert levels[Level.MAY] == set(STATED["may"])
    assert {rule.id for rule in rules if rule.level != rule.evidence.level} == LENIENT


def test_sentences_differ_and_what_cannot_be_isolated_is_coupled(
    contract: Contract,
) -> None:
    counted = Counter(rule.sentence for rule in contract.rules.values())
    coupled = {name for each in contract.catalogue.couplings for name in each.rules}

    assert [sentence for sentence, number in counted.items() if number > 1] == []
    assert all(sentence.endswith(".") for sentence in counted)
    assert set(contract.catalogue.not_isolated) <= coupled


# --- (c) the seed


def test_every_line_of_the_seed_is_covered_once_and_names_rules_or_says_why_not(
    contract: Contract,
) -> None:
    covered = [
        line
        for entry in SEED["entries"]
        for line in range(entry["at"][0], entry["at"][1] + 1)
    ]

    assert covered == list(range(1, SEED["lines"] + 1))
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


@pytest.mark.parametrize("part", ["rules", "questions"])
def test_sources_are_where_a_reader_can_find_them(part: str) -> None:
    index = {name for entry in SEED["entries"] for name in entry.get("rules", [])}

    for row in reading.read(OURS.with_name(f"{part}.yaml"))[part]:
        if row["source"].startswith(f"{PAGE}, body parameter ") and part == "rules":
            assert row["id"] in index, row
        for each in row["source"].split("; "):
            address, _, below = each.partition(", ")
            if address == SDK:
                assert resolve_name(below.partition(", ")[0]), row
            else:
                assert address == PAGE or FURTHER.fullmatch(each), row


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


def test_examples_are_valid_and_settled(
    contract: Contract, examples: dict[str, Json], plain: Json
) -> None:
    assert list(examples) == ["notice", "survey"]
    for body in examples.values():
        assert contract.prover.proven_broken(body) == frozenset()
        assert contract.settled_prover.proven_broken(body) == frozenset()
    assert contract.level_of_use(plain) is Level.MUST


def test_examples_of_members_keep_to_their_schema(contract: Contract) -> None:
    for each in walk(contract.request.schema):
        for example in each.schema.get("examples", []):
            assert fits(settle(each.schema), example), (each.path, example)


def fits(schema: Json, value: Json) -> bool:
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    return bool(validator.is_valid(value))


# --- (e) the dialect

SDK_BODY = STATED["sdk_body"]


def test_a_dialect_makes_another_contract_with_rules_of_the_same_ids(
    contract: Contract, sdk: Contract
) -> None:
    dropped = ("type.required", "retryDelays.required")

    assert sdk.dialect == "naxai-sdk"
    assert sdk.sha256 != contract.sha256
    assert sdk.dropped == dropped
    assert list(sdk.rules) == [name for name in contract.rules if name not in dropped]


def test_a_body_as_the_sdk_sends_it_is_valid(sdk: Contract) -> None:
    assert sdk.prover.proven_broken(SDK_BODY) == frozenset()
    assert sdk.settled_prover.proven_broken(SDK_BODY) == frozenset()
    # To the SDK the canonical flag is none.
    body = {**SDK_BODY, "includeUnsubscribed": False}
    del body["inclubeUnsubscribed"]
    assert sdk.prover.proven_broken(body) == {"includeUnsubscribed.required"}


@pytest.mark.parametrize(("members", "rules"), FAULTS["naxai-sdk"])
def test_faults_in_the_sdks_spelling_have_canonical_names(
    sdk: Contract, members: Json, rules: list[str]
) -> None:
    assert sdk.prover.proven_broken({**SDK_BODY, **members}) == set(rules)


@pytest.mark.parametrize(("members", "rules"), FAULTS["canonical"])
def test_each_fault_breaks_its_rule_and_no_other(
    contract: Contract, plain: dict[str, Json], members: Json, rules: list[str]
) -> None:
    assert contract.prover.proven_broken({**plain, **members}) == set(rules)
