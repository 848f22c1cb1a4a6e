"""Small book shops, each with the document that its own framework makes of it."""

from __future__ import annotations

import json
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

from .measure import command
from .stacks import Stack, started, version

FILE = Path(__file__).with_name("shops.json")
# By framework: its packages, and where it serves the document.
_MADE = {
    "FastAPI": (("fastapi", "pydantic"), "/openapi.json"),
    "Litestar": (("litestar", "msgspec"), "/schema/openapi.json"),
    "APIFlask": (("apiflask", "marshmallow"), "/openapi.json"),
}
SHOPS = tuple(_MADE)
_SERVE = "{bin}/python -m uvicorn --host 127.0.0.1 --port {port}"


def measure_shop(name: str, folder: Path) -> dict[str, Any]:
    """Run all operations against a shop by its own document, at level MAY."""
    packages, document = _MADE[name]
    module = f"shop_{name.lower()}:app"
    stack = Stack(name=name, packages=packages, command=(*_SERVE.split(), module))
    with tempfile.TemporaryDirectory() as place, started(stack, folder) as url:
        contract, report = Path(place, "openapi.json"), Path(place, "report.json")
        with urllib.request.urlopen(f"{url}{document}") as answer:
            contract.write_bytes(answer.read())
        options = ("--level=may", f"--contract={contract}", f"--report=json={report}")
        command("run", url, *options)
        rules = json.loads(report.read_text("utf-8"))["rules"]
    found: dict[str, Any] = {"packages": {each: version(each) for each in packages}}
    for outcome in ("fail", "inconclusive", "untested"):
        told = {it["id"]: it["level"] for it in rules if it["outcome"] == outcome}
        found[outcome] = told
    return {**found, "pass": sum(each["outcome"] == "pass" for each in rules)}


def main(folder: Path) -> None:
    """Measure all that are installed in a folder."""
    found = {name: measure_shop(name, folder) for name in SHOPS}
    FILE.write_text(f"{json.dumps(found, indent=1)}\n", "utf-8")
