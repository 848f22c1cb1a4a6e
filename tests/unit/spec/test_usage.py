from __future__ import annotations

import pytest

from ringspec.spec import Contract, Json, Level
from ringspec.spec.forms import level_of_use as usage

FILE: Json = {
    "source": "file",
    "file": {"id": "c2a7e0d4-51b8-4f36-8a9e-7b6d3c1f0e25"},
}


# Source: product.md, "An acceptance case is of the weakest level …".
@pytest.mark.parametrize(
    ("members", "level"),
    [
        ({}, Level.MUST),
        ({"calendarId": "5a1c9f60-2e34-4b7d-8f02-6d7e8c9b0a12"}, Level.MUST),
        ({"language": "fr-BE", "voice": "woman"}, Level.MUST),
        ({"language": "de-DE"}, Level.SHOULD),
        ({"voice": "man"}, Level.SHOULD),
        ({"distribution": "none"}, Level.MUST),
        ({"distribution": "dynamic", "dynamicName": "Evening"}, Level.SHOULD),
        ({"voiceFlow": {"welcome": {"say": "x", "replay": 1}}}, Level.SHOULD),
        ({"voiceFlow": {"welcome": {"prompt": "x"}}}, Level.SHOULD),
        ({"voiceFlow": {"welcome": {"say": "x"}, "menu": {}}}, Level.SHOULD),
        ({"actions": {"inputs": {}}}, Level.SHOULD),
        ({"allowMultiple": True}, Level.MAY),
        (FILE, Level.MAY),
        ({**FILE, "language": "de-DE"}, Level.MAY),
    ],
)
def test_a_body_is_of_the_weakest_level_it_uses(
    contract: Contract, plain: dict[str, Json], members: Json, level: Level
) -> None:
    assert contract.level_of_use({**plain, **members}) is level


def test_evidence_holds_below_until_it_is_said_anew() -> None:
    below = {"a": {"x-evidence": "witnessed"}, "b": {}}
    schema = {"x-evidence": "assumed", "properties": below}

    assert usage(schema, {"a": 1}) is Level.MAY
    assert usage({"properties": below}, {"a": 1}) is Level.SHOULD
    assert usage({"properties": below}, {"b": 1}) is Level.MUST


def test_values_that_are_no_texts_have_evidence_too() -> None:
    schema = {"enum": [1, 2], "x-enum-evidence": {"2": "witnessed"}}

    assert usage({"items": schema}, [1]) is Level.MUST
    assert usage({"items": schema}, [1, 2]) is Level.SHOULD


def test_unknown_members_say_nothing() -> None:
    assert usage({"properties": {}}, {"unknown": [1]}) is Level.MUST
    assert usage(True, {"unknown": 1}) is Level.MUST  # noqa: FBT003 - a schema
