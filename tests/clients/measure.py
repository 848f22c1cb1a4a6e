"""Drives each client against `ringspec serve --record` and keeps what it broke.

`python -m tests.clients.measure` writes `results.json`; `python -m tests.clients.table`
makes CLIENTS.md of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from ..called import environment  # noqa: TID252 - tests are no distribution
from .drivers import CLIENTS, Client

ROOT = Path(__file__).parents[2]
FILE = Path(__file__).with_name("results.json")


def measure(client: Client) -> dict[str, Any]:
    """Drive a client, and return what stands in the results of it.

    Nothing that differs from run to run is in it: no time, address or id.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.ndjson"
        options = ("--port", "0", "--dialect", client.dialect, "--record", str(path))
        with subprocess.Popen(
            (sys.executable, "-m", "ringspec.cli", "serve", *options),
            env=environment({}),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            try:
                assert process.stdout is not None
                client.drive(json.loads(process.stdout.readline()))
            finally:
                process.terminate()
                process.communicate(timeout=60)
        lines = [json.loads(each) for each in path.read_text("utf-8").splitlines()]
        return {"exit": process.returncode, **_summed(lines)}


def _summed(lines: list[dict[str, Any]]) -> dict[str, Any]:
    kept = Counter(rule for line in lines for rule in line["kept"])
    found: dict[str, dict[str, dict[str, Any]]] = {"broken": {}, "unspecified": {}}
    for line in lines:
        for kind, name in (("broken", "rule"), ("unspecified", "what")):
            for each in line[kind]:
                known = found[kind].setdefault(each[name], {**each, "times": 0})
                known["times"] += 1
    for rule, each in found["broken"].items():
        each["of"] = each["times"] + kept[rule]
    return {
        "requests": len(lines),
        "kept": len(kept.keys() - found["broken"].keys()),
        **{kind: dict(sorted(each.items())) for kind, each in found.items()},
    }


def main() -> None:
    """Measure all that are here, and leave the others as they are."""
    known = json.loads(FILE.read_text("utf-8")) if FILE.exists() else {}
    for client in CLIENTS:
        if client.is_here:
            sys.stderr.write(f"{client.name}\n")
            known[client.name] = measure(client)
    FILE.write_text(json.dumps(known, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
