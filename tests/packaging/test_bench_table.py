"""The README's figures are those that were measured last."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "tests" / "benchmarks"
README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def table() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "bench_table", BENCHMARKS / "table.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_figures_in_the_readme_are_rendered_from_the_results(table: ModuleType) -> None:
    results = json.loads((BENCHMARKS / "results.json").read_text("utf-8"))

    assert {"fleet", "peers", "generation", "firing", "start"} <= results.keys()
    assert table.put(README, table.render(results)) == README


def test_table_goes_between_the_markers_and_nowhere_else(table: ModuleType) -> None:
    text = f"a\n{table.BEGIN}\nold\n{table.END}\nb\n"

    put = table.put(text, "| new |")

    assert put == f"a\n{table.BEGIN}\n\n| new |\n\n{table.END}\nb\n"
    assert table.put(put, "| new |") == put


@pytest.mark.parametrize("text", ["", "<!-- bench:begin -->"], ids=["none", "one"])
def test_readme_without_markers_is_refused(table: ModuleType, text: str) -> None:
    with pytest.raises(ValueError, match="bench:"):
        table.put(text, "")


def test_sections_that_were_not_measured_are_left_out(table: ModuleType) -> None:
    start = {
        "run_s": 2.04,
        "memory_mb": 90,
        "help_s": 0.123,
        "goals": {"run_s": 3.0, "memory_mb": 150, "help_s": 0.2},
    }

    assert table.render({}) == ""
    assert table.render({"start": start}).splitlines() == [
        "| speed | measured | goal |",
        "|---|---|---|",
        "| default run on the embedded server, from a cold start | 2.0 s | 3 s |",
        "| its peak memory | 90 MB | 150 MB |",
        "| `ringspec --help` | 0.12 s | 0.2 s |",
    ]
