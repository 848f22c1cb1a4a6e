"""Links: which operations hang together with the one under test, and how."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ringspec.spec import Contract, Json, Role, RuleId, SpecError, load, reading

DOCUMENT = reading.read(Path(__file__).parent / "data" / "things.yaml")
Loaded = Callable[[Callable[[Json], object]], Contract]


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    """Load the document, its links changed."""

    def load_it(change: Callable[[Json], object]) -> Contract:
        document = copy.deepcopy(DOCUMENT)
        change(document["paths"]["/things"]["post"]["responses"]["201"]["links"])
        path = tmp_path / "things.yaml"
        path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")
        return load(path, operation="make")

    return load_it


def unchanged(_links: Json) -> None:
    """Leave the links as they are."""


def life(contract: Contract) -> list[str]:
    return [rule for rule in contract.rules if rule.startswith("lifecycle.")]


def test_a_role_follows_from_method_and_path_and_the_rest_is_read(
    loaded: Loaded,
) -> None:
    read, change, all_, close = loaded(unchanged).links

    listed = [each.role for each in (read, change, all_, close)]
    assert listed == [Role.READ, Role.REPLACE, Role.LIST, Role.COMMAND]
    assert (read.path, read.captures) == ("/things/{id}", {"id": "/id"})
    assert (read.state, read.first) == ("/state", ("new",))
    assert change.same_body
    assert not close.same_body
    assert (all_.paging.items, all_.paging.most) == ("/things", 50)
    assert close.comes_from == ("new",)
    assert close.leads_to == "closed"


def test_rules_of_a_life_are_those_that_links_allow_to_ask(loaded: Loaded) -> None:
    everything = loaded(unchanged)
    only_list = loaded(lambda links: [links.pop(n) for n in list(links) if n != "all"])
    nothing = loaded(lambda links: links.clear())

    names = "readable rejected ids listed updated "
    names += "update.refused unknown state transitions close"
    assert life(everything) == [f"lifecycle.{each}" for each in names.split()]
    assert everything.rules[RuleId("lifecycle.close")].sentence == (
        "The command close leads to the state closed."
    )
    # Without an id nothing that was created can be told from the rest.
    assert life(only_list) == []
    assert life(nothing) == []


@pytest.mark.parametrize(
    "link",
    [
        {"operationRef": "#/paths/~1things/get"},
        {"operationId": "read", "parameters": {"id": "$response.header.Location"}},
        {"operationId": "read", "parameters": {"id": 7}},
        {"operationId": "read"},
    ],
    ids=["by-reference", "from-a-header", "constant", "without-parameters"],
)
def test_a_link_by_another_way_is_left_alone(loaded: Loaded, link: Json) -> None:
    contract = loaded(lambda links: links.update({"read": link}))

    assert "read" not in {each.name for each in contract.links}


@pytest.mark.parametrize(
    ("name", "link", "said"),
    [
        ("read", {"operationId": "raed"}, "there is no operation 'raed'"),
        ("all", {"operationId": "all", "x-most": "many"}, "x-most: "),
        ("all", {"operationId": "all", "x-most": True}, "x-most: "),
        ("all", {"operationId": "all", "x-first": "new"}, 'x-first: "new" is not'),
        ("all", {"operationId": "all", "x-state": 1}, "x-state: 1 is not"),
    ],
)
def test_a_mistake_in_a_link_is_named(
    loaded: Loaded, name: str, link: Json, said: str
) -> None:
    with pytest.raises(SpecError, match=said) as error:
        loaded(lambda links: links.update({name: link}))

    assert f"links/{name}" in str(error.value)


def test_ours_links_all_that_the_vendor_has(contract: Contract) -> None:
    assert [each.name for each in contract.links] == [
        *("read", "list", "update", "delete"),
        *("start", "pause", "resume", "cancel"),
    ]
    assert all(each.security.places for each in contract.links)
