"""From a cold start: a default run, its first request and memory, and the help.

By hand: `python -m tests.benchmarks.bench_start [RESULTS]`. Each is a process of its
own, the median of some; the run starts its embedded server, which counts in the time,
and tells by a report when it sent its first request. Modules are compiled once, as an
installed package's are, whatever the environment says.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.results import arguments, note, show

ROUNDS = 5
GOALS = {"run_s": 2.0, "first_request_s": 0.4, "memory_mb": 80, "help_s": 0.2}


def measured(*words: str) -> tuple[float, float]:
    """Run the command, and return its seconds and its own peak memory in MB."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "ringspec.cli", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
    )
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        message = f"ringspec {' '.join(words)} ended with {process.returncode}"
        raise RuntimeError(message)
    # Linux counts kilobytes, macOS bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, used.ru_maxrss * unit / 1e6


def first_request() -> float:
    """Run, and return the seconds until the first request was sent."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.ndjson"
        began = datetime.now(UTC)
        measured("run", "--report", f"ndjson={path}")
        _started, first, *_ = path.read_text("utf-8").splitlines()
    return (datetime.fromisoformat(json.loads(first)["time"]) - began).total_seconds()


def main() -> None:
    """Print and note the medians."""
    asked = arguments(__doc__ or "")
    measured("run")  # compiles
    runs = [measured("run", "--level", "may") for _ in range(ROUNDS)]
    firsts = [first_request() for _ in range(ROUNDS)]
    helps = [measured("--help") for _ in range(ROUNDS)]
    figures = {
        "run_s": round(statistics.median(seconds for seconds, _ in runs), 2),
        "first_request_s": round(statistics.median(firsts), 2),
        "memory_mb": round(max(memory for _, memory in runs)),
        "help_s": round(statistics.median(seconds for seconds, _ in helps), 3),
    }
    note(asked.results, "start", {**figures, "goals": GOALS})
    show(
        ("from a cold start", "measured", "goal"),
        [(name, figures[name], goal) for name, goal in GOALS.items()],
    )


if __name__ == "__main__":
    main()
