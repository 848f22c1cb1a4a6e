"""Fixtures: where a contract marks them, and what fits there."""

from __future__ import annotations

from typing import Any

import pytest

from ringspec.spec import Contract, MisfitError, Overrides, SpecError, load
from ringspec.spec.document import Inlined
from ringspec.spec.overrides import read_fixtures, with_fixtures

UUID = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module")
def ours() -> Contract:
    return load()


def marked(mark: Any, **schema: Any) -> Inlined:
    member = {"type": "string", **schema, "x-fixture": mark}
    root = {"type": "object", "properties": {"colour": member}}
    return Inlined(root, {(): "#", ("properties", "colour"): "#/properties/colour"})


def adapted(**fixtures: Any) -> Contract:
    return load(overrides=Overrides(fixtures=fixtures))


def test_our_contract_marks_what_a_target_has_to_know(ours: Contract) -> None:
    assert {each.name for each in ours.fixtures} == {
        *("segment", "caller", "calendar", "file", "dynamic"),
        *("destination", "sender", "prompt"),
    }


def test_the_sdks_dialect_has_the_same_fixtures(ours: Contract) -> None:
    sdk = load(dialect="naxai-sdk")

    assert [each.name for each in sdk.fixtures] == [each.name for each in ours.fixtures]


def test_without_fixtures_the_contract_is_the_same(ours: Contract) -> None:
    same = adapted()

    assert same.sha256 == ours.sha256
    assert same.settled == ours.settled


def test_with_a_fixture_it_is_another_contract_with_the_same_rules(
    ours: Contract,
) -> None:
    other = adapted(segment=UUID)

    assert other.sha256 != ours.sha256
    assert list(other.rules) == list(ours.rules)
    assert other.sha256 != adapted(segment=UUID[:-1] + "6").sha256


def test_only_the_settled_form_is_narrowed() -> None:
    found = with_fixtures(marked("colour"), {"colour": "green"}).schema["properties"][
        "colour"
    ]

    assert found["x-settled"] == {"const": "green"}
    assert found["examples"] == ["green"]
    assert "const" not in found


def test_a_value_takes_the_place_of_what_was_settled_for_want_of_one() -> None:
    schema = marked("colour", **{"x-settled": {"enum": ["red", "blue"]}})

    found = with_fixtures(schema, {"colour": "green"})

    assert found.schema["properties"]["colour"]["x-settled"] == {"const": "green"}


def test_members_of_an_object_are_named_as_valid_bodies_have_no_others() -> None:
    other = adapted(file={"fileId": "f-1", "column": {"phone": "a"}})

    file = other.settled["properties"]["file"]
    assert {"fileId", "column"} <= file["properties"].keys()
    assert file["additionalProperties"] is False


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        (3, "is not an object"),
        ({"form": "telephone"}, "has no name"),
        ({"name": "colour", "from": "x"}, "has 'from'"),
        ({"name": "colour", "form": "address"}, "form is 'address'"),
        ({"name": "colour", "read": "/colours"}, "no place for the value"),
        ({"name": ""}, "is not a text"),
    ],
)
def test_a_malformed_annotation_is_named_with_its_place(
    mark: Any, message: str
) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        read_fixtures(marked(mark))

    assert "#/properties/colour/x-fixture" in str(caught.value)


@pytest.mark.parametrize(
    ("fixtures", "message", "hint"),
    [
        ({"segmnt": UUID}, "no fixture 'segmnt'", "did you mean segment"),
        ({"zzz": UUID}, "no fixture 'zzz'", "it has caller, segment, file"),
        ({"segment": "abc"}, "segment does not fit", "segmentIds/items"),
        ({"calendar": 7}, "calendar does not fit", "calendarId"),
        ({"caller": 441632960101}, "caller does not fit", "from"),
        ({"caller": "4416"}, "caller does not fit", "from"),
        ({"file": "f-1"}, "file does not fit", "file"),
        ({"file": {"id": float("nan")}}, "nothing that JSON can say", "file"),
        ({"dynamic": "a\tb"}, "a control character", "dynamicName"),
        ({"file": {"size": 2.0}}, "a fraction of zero", "file"),
        ({"caller": "99999999999"}, "no possible telephone number", "441632960101"),
        ({"destination": "+44 12"}, "no possible telephone number", "441632960101"),
    ],
)
def test_what_does_not_fit_is_said_so(
    fixtures: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(MisfitError, match=message) as caught:
        adapted(**fixtures)

    assert hint in caught.value.hint
    assert caught.value.path == ("fixtures", *fixtures)


@pytest.mark.parametrize(
    "fixtures",
    [
        {"caller": "441632960777"},
        {"caller": "+441632960777"},
        {"destination": "sip:desk@example.com"},
        {"destination": "+44 1632 960888"},
        {"file": {}},
        {"file": {"fileId": "f-1"}},
    ],
)
def test_what_fits_is_taken(fixtures: dict[str, Any]) -> None:
    assert adapted(**fixtures).sha256


def test_a_contract_without_fixtures_says_that_it_has_none() -> None:
    bare = Inlined({"type": "object"}, {(): "#"})

    with pytest.raises(MisfitError) as caught:
        with_fixtures(bare, {"segment": UUID})

    assert caught.value.hint == "it has none"
