"""Several processes fire once, and a session without a server loads little."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ringspec.harness import Outcome
from ringspec.plugin.suite_run import SuiteResult, _SuiteReporter, shared_result
from ringspec.reports import RuleText
from ringspec.spec import RuleId

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


@pytest.mark.socket
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


def test_one_process_fires_and_the_others_read_its_result(tmp_path: Path) -> None:
    texts = {RuleId("a.b"): RuleText(outcome=Outcome.FAIL, reason="é", text="x\ny")}
    result = SuiteResult(rules=texts, conclusion="nonconformant: …", status=1)
    fired: list[int] = []

    def die() -> SuiteResult:
        raise KeyboardInterrupt

    def fire() -> SuiteResult:
        fired.append(1)
        return result

    # A process that dies while firing leaves that to the next.
    with pytest.raises(KeyboardInterrupt):
        shared_result(tmp_path / "new", die)
    results = [shared_result(tmp_path / "new", fire) for _ in range(2)]

    assert results == [result, result]
    assert len(fired) == 1
    assert results[1].of(RuleId("a.b")).outcome is Outcome.FAIL
    assert results[1].of(RuleId("c.d")).outcome is Outcome.INCONCLUSIVE


class _Terminal:
    """Stands for pytest's terminal reporter."""

    def __init__(self, *, isatty: bool) -> None:
        self.isatty = isatty
        self.shown: list[str] = []

    def ensure_newline(self) -> None:
        self.shown.append("newline")

    def rewrite(self, line: str, **_: bool) -> None:
        self.shown.append(line)


@pytest.mark.parametrize(
    ("isatty", "shown"),
    [
        (True, ["newline", "ringspec: at 10.0", "ringspec: at 10.3", "", ""]),
        (False, []),
    ],
    ids=["screen", "log"],
)
def test_a_screen_shows_the_progress_now_and_then_and_a_log_does_not(
    monkeypatch: pytest.MonkeyPatch, *, isatty: bool, shown: list[str]
) -> None:
    terminal = _Terminal(isatty=isatty)
    reporter = _SuiteReporter(terminal)

    for second in (10.0, 10.1, 10.3):
        monkeypatch.setattr(time, "monotonic", lambda now=second: now)
        reporter.show(f"at {second}")
    reporter.wipe()

    assert terminal.shown == shown
