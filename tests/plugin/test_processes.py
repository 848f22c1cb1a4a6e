"""Several processes fire once, and a session without a server loads little."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from .conftest import Careless

# Slow to load, and needed only to test a server.
HEAVY = ("click", "httpx", "hypothesis", "jsonschema", "pydantic", "rich", "yaml")
LOADED = """
import sys
import pytest

status = pytest.main(sys.argv[1:])
print("status", int(status))
print("loaded", *sorted(sys.modules))
"""


def alone(tmp_path: Path, *arguments: str, code: str = "") -> str:
    """Call pytest in a process of its own, and return what it says."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RINGSPEC_")}
    start = ["-c", code] if code else ["-m", "pytest"]
    done = subprocess.run(
        [sys.executable, *start, *arguments],
        cwd=tmp_path,
        env={**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout + done.stderr


def test_session_without_a_server_loads_little(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("def test_mine(): pass", "utf-8")

    text = alone(tmp_path, "-p", "ringspec.plugin.entry", "-q", code=LOADED)

    modules = set(re.findall(r"^loaded (.*)$", text, re.MULTILINE)[0].split())
    assert "status 0" in text
    assert {each for each in modules if each.startswith("ringspec.")} == {
        "ringspec.plugin",
        "ringspec.plugin.entry",
        "ringspec.plugin.servers",
    }
    assert modules.isdisjoint(HEAVY)


def test_workers_of_xdist_share_one_run(tmp_path: Path, careless: Careless) -> None:
    text = alone(
        tmp_path,
        *("-p", "ringspec.plugin.entry", "-p", "xdist.plugin", "-n", "2"),
        *("--ringspec", careless.url, "-k", "name.", "-rf"),
    )

    sent = re.findall(r"([\d,]+) requests?, ", text)
    assert "created: 2/2 workers" in text
    assert sent == [str(careless.requests)]
    assert "nonconformant: " in text
    assert "FAILED ringspec::name.required - " in text
    assert "why     an invalid body was accepted with HTTP 201" in text
