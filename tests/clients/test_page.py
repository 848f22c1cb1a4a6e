"""What clients are found to break is what CLIENTS.md says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .careless import CARELESS
from .drivers import CLIENTS, Client
from .measure import FILE, measure
from .table import PAGE, render

RESULTS: dict[str, Any] = json.loads(FILE.read_text("utf-8"))


def test_page_is_rendered_from_the_results() -> None:
    assert PAGE.read_text("utf-8") == render(RESULTS)


@pytest.mark.parametrize("client", CLIENTS, ids=[each.name for each in CLIENTS])
def test_client_breaks_what_the_page_says(client: Client) -> None:
    if not client.is_here:
        pytest.skip(f"{client.needs} is not here")

    assert measure(client) == RESULTS[client.name]


def test_every_carelessness_is_on_the_page() -> None:
    assert RESULTS["sdk-careless"]["broken"].keys() == {rule for _, rule in CARELESS}
