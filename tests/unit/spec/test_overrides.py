"""Overrides: paths, the header of credentials, and fixtures."""

from __future__ import annotations

from typing import Any

import pytest

from ringspec.spec import (
    Contract,
    Inlined,
    MisfitError,
    Overrides,
    SpecError,
    TokenHeader,
    load,
)
from ringspec.spec.document import check
from ringspec.spec.overrides import with_fixtures
from ringspec.spec.rules import Catalogue

UUID = "11111111-2222-4333-8444-555555555555"


def moved(**paths: str) -> Contract:
    return load(overrides=Overrides(paths=paths))


def test_an_operation_moves_and_its_relatives_stay() -> None:
    found = moved(createBroadcast="/v2/calls")

    assert found.operation.path == "/v2/calls"
    assert found.operation.methods == ("post",)
    paths = {each.name: each.path for each in found.links}
    assert paths["list"] == "/voice/broadcasts"
    assert paths["read"] == "/voice/broadcasts/{broadcastId}"


def test_a_path_keeps_its_placeholders() -> None:
    found = moved(getBroadcast="/calls/{broadcastId}/all")

    read = next(each for each in found.links if each.name == "read")
    assert read.path == "/calls/{broadcastId}/all"
    assert read.captures == {"broadcastId": "/broadcastId"}


@pytest.mark.parametrize(
    ("operation", "path", "message", "hint"),
    [
        ("creatBroadcast", "/x", "no operation", "did you mean createBroadcast"),
        ("zzz", "/x", "no operation", "there are listBroadcasts, createBroadcast"),
        ("createBroadcast", "x", "'x' is not a path", "/voice/broadcasts"),
        ("createBroadcast", "/x?y=1", "is not a path", "/voice/broadcasts"),
        ("getBroadcast", "/x/{id}", "other placeholders", "{broadcastId}"),
        ("createBroadcast", "/x/{id}", "other placeholders", "none"),
    ],
)
def test_a_path_that_cannot_be_meant_is_said_so(
    operation: str, path: str, message: str, hint: str
) -> None:
    with pytest.raises(MisfitError, match=message) as caught:
        moved(**{operation: path})

    assert hint in caught.value.hint
    assert caught.value.path == ("paths", operation)


def test_another_header_carries_the_credentials() -> None:
    found = load(overrides=Overrides(header="X-Api-Key"))

    assert found.operation.token_header == TokenHeader("X-Api-Key")
    assert {each.token_header for each in found.links} == {TokenHeader("X-Api-Key")}
    assert found.sha256 != load().sha256


def marked(mark: Any, **schema: Any) -> Inlined:
    member = {"type": "string", **schema, "x-fixture": mark}
    root = {"type": "object", "properties": {"colour": member}}
    return Inlined(root, {(): "#", ("properties", "colour"): "#/properties/colour"})


def fixed(**fixtures: Any) -> Contract:
    return load(overrides=Overrides(fixtures=fixtures))


def test_our_contract_marks_what_a_target_has_to_know(contract: Contract) -> None:
    assert {each.name for each in contract.fixtures} == {
        *("segment", "caller", "calendar", "file", "dynamic"),
        *("destination", "sender", "prompt"),
    }


def test_with_a_fixture_it_is_another_contract_with_the_same_rules(
    contract: Contract,
) -> None:
    other = fixed(segment=UUID)

    assert other.sha256 != contract.sha256
    assert list(other.rules) == list(contract.rules)
    assert other.sha256 != fixed(segment=UUID[:-1] + "6").sha256


def test_only_the_settled_form_is_narrowed() -> None:
    schema = marked("colour", **{"x-settled": {"enum": ["red", "blue"]}})

    found = with_fixtures(schema, {"colour": "green"}).schema["properties"]["colour"]

    assert found["x-settled"] == {"const": "green"}
    assert found["examples"] == ["green"]
    assert "const" not in found


def test_members_of_an_object_are_named_as_valid_bodies_have_no_others() -> None:
    other = fixed(file={"fileId": "f-1", "column": {"phone": "a"}})

    file = other.settled["properties"]["file"]
    assert {"fileId", "column"} <= file["properties"].keys()
    assert file["additionalProperties"] is False


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        (3, "not of types"),
        ({"form": "telephone"}, '"name" is a required'),
        ({"name": "colour", "from": "x"}, "'from' was unexpected"),
        ({"name": "colour", "form": "address"}, "form: .telephone. was expected"),
        ({"name": "colour", "read": "/colours"}, "read: ./colours. does not match"),
        ({"name": ""}, "name: .. is shorter"),
    ],
)
def test_a_malformed_annotation_is_named_with_its_place(
    mark: Any, message: str
) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        check(marked(mark), Catalogue({}))

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
        ({"caller": "99999999999"}, "no possible telephone number", "from"),
        ({"destination": "+44 12"}, "no possible telephone number", "destination"),
    ],
)
def test_what_does_not_fit_is_said_so(
    fixtures: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(MisfitError, match=message) as caught:
        fixed(**fixtures)

    assert hint in caught.value.hint
    assert caught.value.path == ("fixtures", *fixtures)
