from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from ringspec.spec import Contract, Json, load

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def contract() -> Contract:
    return load()


@pytest.fixture(scope="session")
def sdk() -> Contract:
    return load(dialect="naxai-sdk")


@pytest.fixture(scope="session")
def pets() -> Contract:
    return load(DATA / "pets.yaml")


@pytest.fixture(scope="session")
def orders() -> Contract:
    return load(DATA / "orders.yaml", operation="placeOrder")


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[str, str], Path]:
    """Copy the plain contract, with one text replaced by another."""

    def edit(old: str, new: str) -> Path:
        text = (DATA / "plain.yaml").read_text("utf-8")
        assert text.count(old) == 1
        path = tmp_path / "edited.yaml"
        path.write_text(text.replace(old, new), "utf-8")
        return path

    return edit


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write a text to a file."""

    def write(text: str, name: str = "written.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def examples(contract: Contract) -> dict[str, Json]:
    """Return the bodies that the contract itself shows."""
    content = contract.operation.node["requestBody"]["content"]
    named = content["application/json"]["examples"].items()
    return {name: example["value"] for name, example in named}


@pytest.fixture
def plain(examples: dict[str, Json]) -> dict[str, Json]:
    """Return the plainest example: one message to one segment."""
    return dict(copy.deepcopy(examples["notice"]))
