"""What other people's servers enforce is what the page says."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from openapi_spec_validator import validate

from .contracts import downgraded
from .measure import FILE, catalogue, measure
from .shops import FILE as SHOPS_FILE
from .shops import SHOPS, measure_shop
from .stacks import CONTRACT, STACKS, Stack, install
from .table import PAGE, render

RESULTS: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
SHOPS_MEASURED: dict[str, Any] = json.loads(SHOPS_FILE.read_text("utf-8"))


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the stacks where somebody asks for them: `RINGSPEC_TARGETS` is kept."""
    if shutil.which("npm") is None:
        pytest.skip("half of the servers are installed by npm, which is not here")
    kept = os.environ.get("RINGSPEC_TARGETS")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("targets")
    install(folder)
    return folder


def test_page_is_rendered_from_the_results() -> None:
    assert PAGE.read_text("utf-8") == render(RESULTS)


def test_contract_rewritten_in_openapi_3_0_is_valid() -> None:
    rewritten = downgraded(yaml.safe_load(CONTRACT.read_text("utf-8")))

    assert rewritten["openapi"] == "3.0.3"
    validate(rewritten)


def test_results_are_of_the_rules_there_are() -> None:
    assert RESULTS["rules"] == catalogue()


@pytest.mark.parametrize("name", SHOPS)
def test_shop_keeps_to_its_document_as_the_page_says(
    name: str, installed: Path
) -> None:
    assert measure_shop(name, installed) == SHOPS_MEASURED[name]


@pytest.mark.parametrize("stack", STACKS, ids=[each.name for each in STACKS])
def test_stack_enforces_what_the_page_says(stack: Stack, installed: Path) -> None:
    assert measure(stack, installed) == RESULTS["stacks"][stack.name]
