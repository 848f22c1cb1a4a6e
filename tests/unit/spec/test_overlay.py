"""Overlays: the form they have, and what their actions make of a document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringspec.spec import (
    OURS,
    Contract,
    Json,
    MisfitError,
    Overrides,
    SpecError,
    UsageError,
    load,
    reading,
)
from ringspec.spec import overlay as overlays
from ringspec.spec.document import Inlined, check
from ringspec.spec.overlay import SHIPPED, Overlay
from ringspec.spec.reading import find
from ringspec.spec.rules import Catalogue

BASE: Json = {
    "info": {"title": "Old", "none": None, "tags": ["a", "b", "c", "b"]},
    "items": [{"n": 1}, {"n": 2}, {"n": 3}],
    "keys": {"0": "zero", "star": "star"},
}
INFO = "info: {title: t, version: '1', description: d}\n"
REFUSED = reading.read(Path(__file__).parent / "data" / "overlays.yaml")
FINE = f"{INFO}actions: [{{target: $.a, update: {{x: 1}}}}]"


def applied(*actions: Json, base: Json = BASE, version: str = "1.1.0") -> Json:
    content = {"overlay": version, "actions": list(actions)}
    return overlays.apply(base, Overlay("test", "test.yaml", content))


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0", "1.0.1", "1.1.7"])
@pytest.mark.parametrize(
    "text",
    [
        FINE,
        f"x-a: 1\nx-b:\n  x: 1\n{INFO}actions: [{{target: $, update: {{}}, x-c: 3}}]",
        f"{INFO}actions: [{{target: $.a, update: 1, remove: true}}]",
        f"{INFO}actions: [{{target: $.a, update: null}}]",
    ],
    ids=["minimal", "extensions", "update-beside-remove", "update-to-null"],
)
def test_overlays_of_both_versions_are_read(
    written: Callable[..., Path], text: str, version: str
) -> None:
    found = overlays.load(str(written(f"overlay: {version}\n{text}")))

    assert found.content["overlay"] == version
    assert (found.name, found.origin) == ("written", "written.yaml")


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row["what"])
def test_an_overlay_of_another_form_is_refused(
    written: Callable[..., Path], row: dict[str, str]
) -> None:
    path = written(f"overlay: 1.1.0\n{row['overlay']}")

    with pytest.raises(SpecError, match=row["what"]) as raised:
        overlays.load(str(path))

    assert str(path) in str(raised.value)
    assert raised.value.hint


@pytest.mark.parametrize(
    "head", ["[]", "x", "", "overlay: 2.0.0", "overlay: 1.2.0", "overlay: '1.0'"]
)
def test_other_versions_are_refused(written: Callable[..., Path], head: str) -> None:
    text = head if head in {"[]", "x"} else f"{head}\n{FINE}"

    with pytest.raises(SpecError) as got:
        overlays.load(str(written(text)))

    assert got.value.hint.startswith("an OpenAPI Overlay 1.0 or 1.1")


def test_an_overlay_may_name_the_contract_it_extends(
    written: Callable[..., Path],
) -> None:
    ours = written(f"overlay: 1.0.0\nextends: {OURS.as_uri()}\n{FINE}")
    assert overlays.load(str(ours), OURS).content["extends"] == OURS.as_uri()

    other = written(f"overlay: 1.1.0\nextends: ./other.yaml\n{FINE}")
    with pytest.raises(SpecError, match=r"is not the contract, openapi\.yaml") as got:
        overlays.load(str(other), OURS)
    assert got.value.hint


@pytest.mark.parametrize(
    ("action", "member", "expected"),
    [
        (
            {"target": "$.info", "update": {"title": "New", "more": {"x": 1}}},
            "info",
            {**BASE["info"], "title": "New", "more": {"x": 1}},
        ),
        ({"target": "$", "update": {"x": 1}}, "x", 1),
        (
            {"target": "$.items[?@.n > 1]", "update": {"big": True}},
            "items",
            [{"n": 1}, {"n": 2, "big": True}, {"n": 3, "big": True}],
        ),
        ({"target": "$.keys.*", "remove": True}, "keys", {}),
        (
            {"target": "$.info['title','none']", "update": 1},
            "info",
            {**BASE["info"], "title": 1, "none": 1},
        ),
    ],
)
def test_every_match_is_changed(action: Json, member: str, expected: Json) -> None:
    assert applied(action)[member] == expected


@pytest.mark.parametrize(
    ("action", "tags", "tags_by_1_0"),
    [
        ({"target": "$.info.tags", "update": "d"}, "abcbd", "abcbd"),
        ({"target": "$.info.tags", "update": ["d"]}, "abcbd", [*"abcb", ["d"]]),
        ({"target": "$.info", "update": {"tags": ["d", "e"]}}, "abcbde", "abcbde"),
        ({"target": "$.info.tags[0]", "update": "x"}, "xbcb", "xbcb"),
        ({"target": "$.info.tags[?@ == 'b']", "remove": True}, "ac", "ac"),
        ({"target": "$.info.tags[3,0]", "remove": True}, "bc", "bc"),
        ({"target": "$.info.tags[0,0]", "remove": True}, "bcb", "bcb"),
        ({"target": "$.info.tags[*]", "remove": True}, "", ""),
        ({"target": "$.info.tags[-1]", "remove": True}, "abc", "abc"),
    ],
)
def test_items_are_added_replaced_and_removed(
    action: Json, tags: Json, tags_by_1_0: Json
) -> None:
    assert applied(action)["info"]["tags"] == [*tags]
    assert applied(action, version="1.0.0")["info"]["tags"] == [*tags_by_1_0]


@pytest.mark.parametrize(
    ("action", "what"),
    [
        ({"target": "$.nowhere", "remove": True}, "matches nothing"),
        ({"target": "$.[", "remove": True}, "not JSONPath"),
        ({"target": "info", "remove": True}, "not JSONPath"),
        ({"target": "$.info.~", "remove": True}, "not JSONPath"),
        ({"target": "$", "remove": True}, "removes everything"),
        ({"target": "$.info", "update": 5}, "updates an object with 5"),
        ({"target": "$", "update": [1]}, "updates an object with"),
        ({"target": "$.info", "update": {"tags": 1}}, "updates an array with 1 at /ta"),
        ({"target": "$.info.title", "update": {}}, "updates a primitive with {}"),
    ],
)
def test_an_action_that_cannot_be_done_is_named(action: Json, what: str) -> None:
    with pytest.raises(SpecError, match=what) as raised:
        applied(action)

    assert "test.yaml: action 0" in str(raised.value)
    assert raised.value.hint


def test_a_dialect_is_found_by_name_or_as_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.touch()

    assert find("dialect", "naxai-sdk", SHIPPED).parent == SHIPPED
    assert find("dialect", str(file), SHIPPED) == file
    with pytest.raises(UsageError, match="no dialect 'klingon'") as raised:
        find("dialect", "klingon", SHIPPED)
    assert "naxai-sdk" in raised.value.hint


UUID = "11111111-2222-4333-8444-555555555555"


def moved(**paths: str) -> Contract:
    return load(overrides=Overrides(paths=paths))


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
