"""What the vendor's own client sends although it breaks a rule.

It checks no rule across members, and few within one: that is left to the server.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import httpx
import pytest
from naxai.base.exceptions import NaxaiInvalidRequestError

from ringspec.spec import load

from .careless import CARELESS, NAMES

Listen: TypeAlias = Callable[[Any], list[httpx.Response]]


@pytest.mark.socket
@pytest.mark.parametrize(
    ("change", "rule"),
    CARELESS,
    ids=NAMES,
)
def test_one_rule_is_broken_by_server_and_contract_alike(
    client: Any,
    listen: Listen,
    broadcasts: dict[str, Any],
    change: dict[str, Any],
    rule: str,
) -> None:
    answers = listen(client)

    with pytest.raises(NaxaiInvalidRequestError):
        client.voice.broadcasts.create(broadcasts["minimal"].model_copy(update=change))

    sent = json.loads(answers[-1].request.content)
    assert answers[-1].json()["error"]["rules"] == [rule]
    assert load(dialect="naxai-sdk").prover.prove(sent) == {rule}
