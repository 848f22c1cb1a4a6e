"""What the pytest plugin costs those who test no server.

By hand: `python -m tests.benchmarks.bench_plugin [RESULTS]`. Each figure is of
processes in an empty folder, those with the plugin and those without it taking turns,
so that a busy machine slows both. CPU seconds, the least of some: what else goes on can
only add to them. Schemathesis, which we need, has a plugin of its own: `bare` is
without that as well.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.results import arguments, note, show

ROUNDS = 10
WORDS = {"version": ("--version",), "collect": ("--collect-only", "-q")}
WITHOUT = ("-p", "no:ringspec")
BARE = (*WITHOUT, "-p", "no:schemathesis")
GOALS = {"entry_ms": 10, "version_ratio": 1.05, "collect_ratio": 1.05}


def spent(folder: str, *words: str) -> float:
    """Call pytest, and return its CPU seconds."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 5}:  # 5: there are no tests
        message = f"pytest {' '.join(words)} ended with {process.returncode}"
        raise RuntimeError(message)
    return used.ru_utime + used.ru_stime


def _environment() -> dict[str, str]:
    # Compiled once, as an installed package is.
    left_out = {"PYTHONDONTWRITEBYTECODE", "PYTEST_ADDOPTS"}
    return {name: each for name, each in os.environ.items() if name not in left_out}


def entry_ms(folder: str) -> float:
    """Return how long the entry point takes to import, what it imports included."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "pytest", *WORDS["collect"]],
        cwd=folder,
        capture_output=True,
        text=True,
        env=_environment(),
        check=False,
    )
    own = re.findall(
        r"^import time:\s*(\d+) \|\s*\d+ \|\s*ringspec\S*$", done.stderr, re.MULTILINE
    )
    return sum(map(int, own)) / 1000


def least(folder: str, words: tuple[str, ...]) -> tuple[float, float, float]:
    """Return the CPU seconds with the plugin, without it, and without schemathesis."""
    ways = (words, (*words, *WITHOUT), (*words, *BARE))
    rounds = [[spent(folder, *each) for each in ways] for _ in range(ROUNDS)]
    found = [min(each[way] for each in rounds) for way in range(len(ways))]
    return found[0], found[1], found[2]


def main() -> None:
    """Print and note the figures."""
    asked = arguments(__doc__ or "")
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        spent(str(Path(folder)), *WORDS["collect"])  # compiles
        figures["entry_ms"] = round(min(entry_ms(folder) for _ in range(ROUNDS)), 1)
        for name, words in WORDS.items():
            with_it, without, bare = least(folder, words)
            figures[f"{name}_s"] = round(with_it, 3)
            figures[f"{name}_ratio"] = round(with_it / without, 3)
            figures[f"{name}_bare_s"] = round(bare, 3)
    note(asked.results, "plugin", {**figures, "goals": GOALS})
    show(
        ("pytest that tests no server", "measured", "goal"),
        [(name, each, GOALS.get(name, "")) for name, each in figures.items()],
    )


if __name__ == "__main__":
    main()
