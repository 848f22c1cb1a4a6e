from __future__ import annotations

from pathlib import Path

import pytest

from ringspec.spec import Json, SpecError, UsageError
from ringspec.spec import overlay as overlays

BASE: Json = {
    "info": {"title": "Old", "tags": ["a", "b", "c", "b"]},
    "items": [{"n": 1}, {"n": 2}, {"n": 3}],
    "keys": {"0": "zero", "star": "star"},
}


def applied(*actions: Json) -> Json:
    return overlays.apply(BASE, {"actions": list(actions)}, "test.yaml")


def test_an_object_takes_members_and_keeps_the_others() -> None:
    found = applied({"target": "$.info", "update": {"title": "New", "more": {"x": 1}}})

    assert found["info"] == {**BASE["info"], "title": "New", "more": {"x": 1}}


def test_the_whole_document_can_be_updated() -> None:
    assert applied({"target": "$", "update": {"x": 1}}) == {**BASE, "x": 1}


def test_an_array_takes_one_item_more() -> None:
    found = applied({"target": "$.info.tags", "update": "d"})

    assert found["info"]["tags"] == ["a", "b", "c", "b", "d"]


def test_an_array_is_joined_with_an_array() -> None:
    found = applied({"target": "$.info", "update": {"tags": ["d", "e"]}})

    assert found["info"]["tags"] == ["a", "b", "c", "b", "d", "e"]


def test_every_match_is_updated() -> None:
    found = applied({"target": "$.items[?@.n > 1]", "update": {"big": True}})

    assert found["items"] == [{"n": 1}, {"n": 2, "big": True}, {"n": 3, "big": True}]


@pytest.mark.parametrize(
    ("target", "left"),
    [
        ("$.info.tags[?@ == 'b']", ["a", "c"]),
        ("$.info.tags[3,0]", ["b", "c"]),
        ("$.info.tags[0,0]", ["b", "c", "b"]),
        ("$.info.tags[*]", []),
        ("$.info.tags[-1]", ["a", "b", "c"]),
    ],
)
def test_removing_one_item_does_not_move_the_others(target: str, left: Json) -> None:
    assert applied({"target": target, "remove": True})["info"]["tags"] == left


def test_members_called_like_numbers_are_members() -> None:
    found = applied({"target": "$.keys.*", "remove": True})

    assert found["keys"] == {}


def test_actions_follow_one_another() -> None:
    found = applied(
        {"target": "$.info", "update": {"fresh": 1}},
        {"target": "$.info.fresh", "remove": True},
    )

    assert found == BASE


def test_the_document_itself_is_left_alone() -> None:
    update: Json = {"list": []}
    found = applied({"target": "$.items[*]", "update": update})

    found["items"][0]["list"].append(1)

    assert "list" not in BASE["items"][0]
    assert found["items"][1]["list"] == []
    assert update == {"list": []}


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
        ({"target": "$['info','keys','items']", "update": {}}, "arrays and objects"),
        ({"target": "$.info", "copy": "$.nowhere"}, r"copy \(\$.nowhere\) matches no"),
        ({"target": "$.info", "copy": "$.items.*"}, "matches 3 places"),
        ({"target": "$.info", "copy": "$.items"}, "updates an object with"),
        ({"target": "$.info", "copy": "$["}, "not JSONPath"),
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

    assert overlays.find("naxai-sdk").parent == overlays.SHIPPED
    assert overlays.find(str(file)) == file


def test_an_unknown_dialect_is_a_matter_of_usage() -> None:
    with pytest.raises(UsageError, match="no dialect 'klingon'") as raised:
        overlays.find("klingon")

    assert "naxai-sdk" in raised.value.hint
