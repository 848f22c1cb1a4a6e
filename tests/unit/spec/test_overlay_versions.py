"""What the two versions of overlays hold, and how each merges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ringspec.spec import OURS, Json, SpecError
from ringspec.spec import overlay as overlays

BASE: Json = {
    "info": {"title": "Old", "none": None, "tags": ["a", "b"]},
    "items": [{"n": 1}, {"n": 2}],
}
BOTH = ("1.0.0", "1.1.0", "1.0.1", "1.1.7")
INFO = "info: {title: t, version: '1'}\n"
FINE = f"{INFO}actions: [{{target: $.a, update: {{x: 1}}}}]"

# A document without its version, and what is said of it; nothing where it is fine.
FORMS = {
    "minimal": (FINE, ""),
    "extensions": (
        f"x-a: 1\nx-b:\n  x: 1\n{INFO}actions: [{{target: $, update: {{}}, x-c: 3}}]",
        "",
    ),
    "update-beside-remove": (
        f"{INFO}actions: [{{target: $.a, update: 1, remove: true}}]",
        "",
    ),
    "update-to-null": (f"{INFO}actions: [{{target: $.a, update: null}}]", ""),
    "no-info": ("actions: [{target: $, update: {}}]", "info is not an object"),
    "info-a-text": ("info: x\nactions: []", "info is not an object"),
    "no-title": ("info: {version: '1'}\nactions: []", "info: title is not a text"),
    "no-version": ("info: {title: t}\nactions: []", "info: version is not a text"),
    "version-a-number": (
        "info: {title: t, version: 1.0}\nactions: []",
        "info: version is not a text",
    ),
    "info-unknown": (
        "info: {title: t, version: '1', licence: x}\nactions: []",
        "info has licence",
    ),
    "root-unknown": (f"{FINE}\nservers: []", "has servers"),
    "extends-a-list": (f"{FINE}\nextends: [a]", "extends is not a text"),
    "no-actions": (INFO, "has a list of `actions`"),
    "empty-actions": (f"{INFO}actions: []", "has a list of `actions`"),
    "actions-an-object": (f"{INFO}actions: {{}}", "has a list of `actions`"),
    "action-a-text": (f"{INFO}actions: [x]", "action 0 is not an object"),
    "no-target": (f"{INFO}actions: [{{remove: true}}]", "action 0: target is not"),
    "target-a-list": (f"{INFO}actions: [{{target: [1], update: 1}}]", "target is not"),
    "action-unknown": (
        f"{INFO}actions: [{{target: $, updat: {{}}}}]",
        r"action 0 \(\$\) has updat",
    ),
    "description-a-number": (
        f"{INFO}actions: [{{target: $, update: {{}}, description: 1}}]",
        r"action 0 \(\$\): description is not a text",
    ),
    "nothing": (f"{INFO}actions: [{{target: $}}]", "changes nothing"),
    "remove-false": (
        f"{INFO}actions: [{{target: $, remove: false}}]",
        "changes nothing",
    ),
    "remove-maybe": (
        f"{INFO}actions: [{{target: $, remove: maybe}}]",
        "neither true nor false",
    ),
    "twice": (
        f"{INFO}actions: [{{target: $, update: {{}}}}, {{update: {{}}, target: $}}]",
        r"action 1 \(\$\) says what action 0 says",
    ),
    "rename-at-the-top": (f"{FINE}\nx-rename: {{a: b}}", "x-rename stands at the top"),
    "rename-a-number": (f"{INFO}actions: [{{target: $, x-rename: 1}}]", "x-rename is"),
    "rename-and-update": (
        f"{INFO}actions: [{{target: $, x-rename: b, update: 1}}]",
        "has both update and x-rename",
    ),
    "rename-and-remove": (
        f"{INFO}actions: [{{target: $, x-rename: b, remove: true}}]",
        "removes what it renames",
    ),
    "rules-in-an-action": (
        f"{INFO}actions: [{{target: $, x-rules: {{}}}}]",
        "x-rules stands in an action",
    ),
}
# What only the later version has.
LATER = {
    "info-description": (
        FINE.replace("title: t", "title: t, description: d"),
        "info has description",
    ),
    "copy": (f"{INFO}actions: [{{target: $.a, copy: $.b}}]", "has copy"),
}


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize("name", FORMS)
def test_what_an_overlay_may_hold(
    written: Callable[..., Path], name: str, version: str
) -> None:
    text, what = FORMS[name]
    path = written(f"overlay: {version}\n{text}")

    if not what:
        assert overlays.load(path)["overlay"] == version
        return
    with pytest.raises(SpecError, match=what) as raised:
        overlays.load(path)
    assert str(path) in str(raised.value)
    assert raised.value.hint


@pytest.mark.parametrize("name", LATER)
def test_what_came_later_is_refused_before(
    written: Callable[..., Path], name: str
) -> None:
    text, what = LATER[name]

    assert overlays.load(written(f"overlay: 1.1.0\n{text}"))["overlay"] == "1.1.0"
    with pytest.raises(SpecError, match=f"{what}, which overlays 1.0 have") as raised:
        overlays.load(written(f"overlay: 1.0.0\n{text}"))
    assert raised.value.hint == "say `overlay: 1.1.0`"


@pytest.mark.parametrize(
    "head", ["[]", "x", "", "overlay: 2.0.0", "overlay: 1.2.0", "overlay: '1.0'"]
)
def test_other_versions_are_refused(written: Callable[..., Path], head: str) -> None:
    text = head if head in {"[]", "x"} else f"{head}\n{FINE}"

    with pytest.raises(SpecError, match=r"not an OpenAPI Overlay 1\.0 or 1\.1") as got:
        overlays.load(written(text))

    assert got.value.hint


def test_two_deeds_of_one_action_are_refused(written: Callable[..., Path]) -> None:
    text = f"overlay: 1.1.0\n{INFO}actions: [{{target: $, copy: $.a, update: {{}}}}]"

    with pytest.raises(SpecError, match="has both update and copy"):
        overlays.load(written(text))


# An action, what 1.0 makes of it, and what 1.1 does: a document's part, or an error.
MERGES: dict[str, tuple[Json, Json, Json]] = {
    "an-entry-joins-an-array": (
        {"target": "$.info.tags", "update": "c"},
        ["a", "b", "c"],
        ["a", "b", "c"],
    ),
    "a-list-joins-an-array": (
        {"target": "$.info.tags", "update": ["c"]},
        ["a", "b", ["c"]],
        ["a", "b", "c"],
    ),
    "arrays-inside-are-joined": (
        {"target": "$.info", "update": {"tags": ["c"]}},
        ["a", "b", "c"],
        ["a", "b", "c"],
    ),
    "an-array-meets-a-text": (
        {"target": "$.info", "update": {"tags": "c"}},
        'updates an array with "c" at /tags',
        'updates an array with "c" at /tags',
    ),
    "an-item-is-removed": (
        {"target": "$.info.tags[?@ == 'a']", "remove": True},
        "overlays 1.0 target objects and arrays",
        ["b"],
    ),
    "an-item-is-replaced": (
        {"target": "$.info.tags[0]", "update": None},
        "overlays 1.0 target objects and arrays",
        [None, "b"],
    ),
}


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
@pytest.mark.parametrize("name", MERGES)
def test_how_each_version_merges(name: str, version: str) -> None:
    action, *wanted = MERGES[name]
    expected = wanted[version == "1.1.0"]
    overlay = {"overlay": version, "actions": [action]}

    if isinstance(expected, list):
        found = overlays.apply(BASE, overlay, "test.yaml")
        assert found["info"]["tags"] == expected
        return
    with pytest.raises(SpecError, match=expected) as raised:
        overlays.apply(BASE, overlay, "test.yaml")
    assert "test.yaml: action 0 ($" in str(raised.value)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"target": "$.info.title", "update": "New"}, {"title": "New"}),
        ({"target": "$.info.none", "update": 3}, {"none": 3}),
        ({"target": "$.info['title','none']", "update": 1}, {"title": 1, "none": 1}),
        ({"target": "$.info", "copy": "$.items[0]"}, {"n": 1}),
        ({"target": "$.info.title", "copy": "$.items[1].n"}, {"title": 2}),
        ({"target": "$.info.tags", "copy": "$.info.tags"}, {"tags": [*"abab"]}),
        ({"target": "$.info.tags", "copy": "$.info.title"}, {"tags": [*"ab", "Old"]}),
    ],
)
def test_primitives_are_replaced_and_values_copied(
    action: Json, expected: Json
) -> None:
    overlay = {"overlay": "1.1.0", "actions": [action]}

    found = overlays.apply(BASE, overlay, "test.yaml")

    assert found["info"] == {**BASE["info"], **expected}


def test_a_path_is_moved_as_the_specification_shows() -> None:
    base = {"paths": {"/items": {"get": {"x": 1}}, "/some-items": {"delete": {}}}}
    actions = [
        {"target": "$.paths", "update": {"/new-items": {}}},
        {"target": '$.paths["/new-items"]', "copy": '$.paths["/items"]'},
        {"target": '$.paths["/items"]', "remove": True},
    ]

    found = overlays.apply(base, {"overlay": "1.1.0", "actions": actions}, "o.yaml")

    assert found == {
        "paths": {"/new-items": {"get": {"x": 1}}, "/some-items": {"delete": {}}}
    }


def test_what_the_base_shares_is_changed_in_one_place_only() -> None:
    shared = {"type": "string"}
    base = {"a": {"say": shared}, "b": {"say": shared}}
    action = {"target": "$.a.say.type", "remove": True}

    found = overlays.apply(base, {"actions": [action]}, "o.yaml")

    assert found == {"a": {"say": {}}, "b": {"say": {"type": "string"}}}


@pytest.mark.parametrize("named", ["openapi.yaml", "./openapi.yaml", "copied.yaml"])
def test_an_overlay_may_name_the_contract_it_extends(
    written: Callable[..., Path], named: str
) -> None:
    written(OURS.read_text("utf-8"), "copied.yaml")
    path = written(f"overlay: 1.1.0\nextends: {named}\n{FINE}")

    assert overlays.load(path, OURS)["extends"] == named


def test_the_contract_may_be_named_by_its_place(written: Callable[..., Path]) -> None:
    path = written(f"overlay: 1.0.0\nextends: {OURS.as_uri()}\n{FINE}")

    assert overlays.load(path, OURS)


@pytest.mark.parametrize(
    "named", ["other.yaml", "https://example.com/openapi.yaml", "written.yaml", "."]
)
def test_an_overlay_of_another_contract_is_refused(
    written: Callable[..., Path], named: str
) -> None:
    path = written(f"overlay: 1.1.0\nextends: {named}\n{FINE}")

    with pytest.raises(
        SpecError, match=r"is not the contract, openapi\.yaml"
    ) as raised:
        overlays.load(path, OURS)

    assert str(path) in str(raised.value)
    assert raised.value.hint
