"""The fleet: what we notice of it, and what a general tool does, on the same servers.

By hand: `python -m tests.benchmarks.bench_fleet [RESULTS] [--sample N] [--all]`. The
whole fleet is run by `ringspec selftest`. Peers take long, so that they get every N-th
mutant that the create can show; we are run beside them as a command, as they are.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from tests.benchmarks.results import arguments, note, show
from tests.called import environment
from tests.serving import served as hosted

from ringspec.reference import MUTANTS, Behaviour, ServerSettings, Variant, application
from ringspec.reference.body_checks import Check
from ringspec.reference.json_values import at
from ringspec.spec import OURS, load

RINGSPEC = [sys.executable, "-m", "ringspec.cli"]
SCHEMATHESIS = [
    sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()",
]  # fmt: skip
# A run that takes longer has no verdict.
LIMIT_S = 600
FLEET_LIMIT_S = 2 * 3600
# The create alone shows nothing of these, and the create is all that peers are given.
BEYOND = ("lifecycle.", "auth.client", "wire.method", "wire.path")
CONDITIONAL = {"if", "then", "else", "dependentRequired", "dependentSchemas"}
NO_MORE_PEERS = (
    "no other peer installs from Python's package index and runs: CATS and Tcases need "
    "Java, Dredd and Portman Node, openapi-fuzzer Rust, RESTler .NET; APIFuzzer has "
    "had no release since 2022"
)


def fits_nulls(schema: Any, value: Any) -> bool:
    """Tell whether null stands only where a schema names it."""
    if value is None:
        known = schema.get("type", "null")
        return "null" in ([known] if isinstance(known, str) else known)
    if isinstance(value, dict):
        members = schema.get("properties", {})
        return all(fits_nulls(members[k], v) for k, v in value.items() if k in members)
    if isinstance(value, list):
        return all(fits_nulls(schema.get("items", {}), each) for each in value)
    return True


def literal(behaviour: Behaviour) -> Behaviour:
    """Refuse null for optional members.

    The sources leave it open, and the reference takes it; a general tool knows only
    the letter of the contract, and would accuse the correct server of it.
    """
    schema = load().request.schema
    check = Check("unsettled", at(), lambda body: fits_nulls(schema, body), "is null")
    return replace(behaviour, checks=(*behaviour.checks, check))


@contextmanager
def served(mutant: Variant | None) -> Iterator[tuple[str, str]]:
    """Serve a mutant, or the correct server, and return the URL and the token."""
    settings = ServerSettings()
    behaviour = literal(Behaviour())
    if mutant is not None:
        behaviour = mutant.apply(behaviour)
    with hosted(application(settings, behaviour)) as url:
        yield url, settings.token


def stripped(node: Any) -> Any:
    """Return a document without conditions."""
    if isinstance(node, list):
        kept = [stripped(each) for each in node]
        return [each for each in kept if each != {}]
    if not isinstance(node, dict):
        return node
    kept_members = {
        name: stripped(below) for name, below in node.items() if name not in CONDITIONAL
    }
    if kept_members.get("allOf") == []:
        del kept_members["allOf"]
    return kept_members


@dataclass(frozen=True)
class Found:
    """What one run against one server reported; no requests if it took too long."""

    seconds: float
    failures: frozenset[str] = frozenset()
    requests: int = 0


def called(
    command: list[str], report: Path, limit_s: float = LIMIT_S
) -> tuple[dict[str, Any] | None, float]:
    """Run a command that writes a report; None if it takes too long."""
    report.unlink(missing_ok=True)
    began = time.perf_counter()
    try:
        subprocess.run(
            command,
            cwd=report.parent,
            env=environment({}),
            capture_output=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, time.perf_counter() - began
    seconds = time.perf_counter() - began
    return json.loads(report.read_text("utf-8")), seconds


def ours(url: str, token: str, folder: Path) -> Found:
    """Run ringspec, every phase, at level may."""
    report = folder / "ringspec.json"
    command = [
        *RINGSPEC, "run", url, "--bearer", token, "--level", "may",
        "--report", f"json={report}",
    ]  # fmt: skip
    written, seconds = called(command, report)
    if written is None:
        return Found(seconds)
    failing = {each["id"] for each in written["rules"] if each["outcome"] == "fail"}
    return Found(seconds, frozenset(failing), written["counts"]["requests"])


def schemathesis(contract: Path, *options: str) -> Callable[[str, str, Path], Found]:
    """Return what runs schemathesis on the create of a contract."""

    def fire(url: str, token: str, folder: Path) -> Found:
        report = folder / "schemathesis.json"
        command = [
            *SCHEMATHESIS, "run", str(contract), "--url", url,
            "--header", f"Authorization: Bearer {token}",
            "--include-operation-id", load().operation.id,
            # What one run finds must not help the next.
            "--generation-database", "none", "--seed", "1",
            "--report", "json", "--report-json-path", str(report), *options,
        ]  # fmt: skip
        written, seconds = called(command, report)
        if written is None:
            return Found(seconds)
        failures = frozenset(each["code"] for each in written["failures"])
        return Found(seconds, failures, written["test_cases"]["generated"])

    return fire


def visible(mutant: Variant) -> bool:
    """Tell whether a create can show a defect."""
    return not mutant.rule.startswith(BEYOND)


def compared(folder: Path, mutants: list[Variant]) -> list[dict[str, Any]]:
    """Run each tool against each mutant, and say what it noticed."""
    flat = folder / "flat.yaml"
    document = yaml.safe_load(OURS.read_text("utf-8"))
    flat.write_text(yaml.safe_dump(stripped(document), sort_keys=False), "utf-8")
    tools: dict[str, Callable[[str, str, Path], Found]] = {
        "ringspec": ours,
        "schemathesis, defaults": schemathesis(OURS),
        "schemathesis, negative, no conditionals": schemathesis(
            # What is valid without the conditions may well be refused.
            flat,
            *("--mode", "negative", "--exclude-checks", "positive_data_acceptance"),
        ),
    }
    found: dict[str, dict[str, Found]] = {name: {} for name in tools}
    right: dict[str, Found] = {}
    for mutant in (None, *mutants):
        for name, fire in tools.items():
            with served(mutant) as (url, token):
                once = fire(url, token, folder)
            if mutant is None:
                right[name] = once
            else:
                found[name][mutant.name] = once
    return [_row(name, right[name], found[name]) for name in tools]


def _row(name: str, right: Found, found: dict[str, Found]) -> dict[str, Any]:
    missed = [
        mutant for mutant, each in found.items() if not each.failures - right.failures
    ]
    return {
        "tool": name,
        "noticed": len(found) - len(missed),
        "mutants": len(found),
        "requests": sum(each.requests for each in found.values()),
        "seconds": round(sum(each.seconds for each in found.values()), 1),
        "failures_on_the_correct_server": sorted(right.failures),
        "missed": missed,
        "without_verdict": [name for name, each in found.items() if not each.requests],
    }


def selftest(folder: Path) -> dict[str, Any]:
    """Run the whole fleet, and return its figures."""
    report = folder / "matrix.json"
    written, seconds = called(
        [*RINGSPEC, "selftest", "--report", f"json={report}"], report, FLEET_LIMIT_S
    )
    if written is None:
        message = f"the selftest takes longer than {FLEET_LIMIT_S} seconds"
        raise TimeoutError(message)
    return {
        **{name: written[name] for name in ("counts", "levels", "requests")},
        "seconds": round(seconds, 1),
    }


def main() -> None:
    """Run the fleet, run the peers, print and note both."""
    asked = arguments(__doc__ or "")
    step = 1 if asked.all else max(asked.sample, 1)
    mutants = [each for each in MUTANTS.values() if visible(each)]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        fleet = selftest(folder)
        note(asked.results, "fleet", fleet)
        columns = ("level", "mutants", "noticed", "named")
        show(columns, [[each[name] for name in columns] for each in fleet["levels"]])
        rows = compared(folder, mutants[::step])
    sampled = {"step": step, "of": len(mutants), "rows": rows, "others": NO_MORE_PEERS}
    note(asked.results, "peers", sampled)
    print(f"\nevery {step}. of {len(mutants)} mutants that a create can show")  # noqa: T201
    of_tools = ("tool", "noticed", "mutants", "requests", "seconds")
    show(of_tools, [[each[name] for name in of_tools] for each in rows])


if __name__ == "__main__":
    main()
