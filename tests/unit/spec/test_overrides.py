"""Overrides: other paths, and another header for credentials."""

from __future__ import annotations

import pytest

from ringspec.spec import Contract, MisfitError, Overrides, TokenHeader, load


def moved(**paths: str) -> Contract:
    return load(overrides=Overrides(paths=paths))


def test_an_operation_moves_and_its_relatives_stay() -> None:
    found = moved(createBroadcast="/v2/calls")

    assert found.operation.path == "/v2/calls"
    assert found.operation.methods == ("post",)
    paths = {each.name: each.path for each in found.links}
    assert paths["list"] == "/voice/broadcasts"
    assert paths["read"] == "/voice/broadcasts/{broadcastId}"


def test_operations_may_move_to_one_path() -> None:
    found = moved(createBroadcast="/v2/calls", listBroadcasts="/v2/calls")

    assert found.operation.path == "/v2/calls"
    assert set(found.operation.methods) == {"get", "post"}


def test_a_path_keeps_its_placeholders() -> None:
    found = moved(getBroadcast="/calls/{broadcastId}/all")

    read = next(each for each in found.links if each.name == "read")
    assert read.path == "/calls/{broadcastId}/all"
    assert read.captures == {"broadcastId": "/broadcastId"}


def test_the_same_path_changes_nothing() -> None:
    assert moved(createBroadcast="/voice/broadcasts").sha256 == load().sha256


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
