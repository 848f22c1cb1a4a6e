"""What clients are found to break is what CLIENTS.md says."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from .careless import CARELESS
from .drivers import CLIENTS, COLLECTION, About, Client
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


def test_newman_sends_what_our_reader_sends() -> None:
    command = shutil.which("newman")
    if command is None:
        pytest.skip("newman is not here")

    def newman(about: About) -> None:
        values = [f"--global-var={name}={value}" for name, value in about.items()]
        subprocess.run([command, "run", COLLECTION, *values], check=True, timeout=60)

    theirs = Client("newman", "Postman's own runner", "canonical", newman)

    assert measure(theirs)["broken"] == RESULTS["postman"]["broken"]
