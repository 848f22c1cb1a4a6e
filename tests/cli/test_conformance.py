"""The suite of tests/conformance says of a server what the command says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from ringspec.reference import Embedded

FOLDER = Path(__file__).parents[1] / "conformance"


def suite(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", str(FOLDER), "-rfE", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=FOLDER.parents[1],
    )


def at(server: Embedded) -> tuple[str, ...]:
    return ("--ringspec", server.url, "--ringspec-bearer", server.token)


def test_every_rule_is_a_test_that_passes_against_the_reference(
    reference: Embedded,
) -> None:
    done = suite(*at(reference), "--ringspec-level", "may", "-v", "-p", "no:xdist")

    assert done.returncode == 0, done.stdout
    assert "test_rule[retryDelays.count] PASSED" in done.stdout
    assert not re.search(r"\d+ (failed|error)", done.stdout)
    # No token endpoint was named.
    assert re.findall(r"\[(\S+)\] SKIPPED", done.stdout) == ["auth.client"]


def test_exactly_the_test_of_the_broken_rule_fails_against_a_mutant() -> None:
    with Embedded(mutant="delay-4321-accepted") as mutant:
        done = suite(*at(mutant))
        token = mutant.token

    failed = re.findall(r"^FAILED .*test_rule\[(.+?)\]", done.stdout, re.MULTILINE)
    assert done.returncode == 1
    assert failed == ["retryDelays.items.max"]
    assert "an invalid body was accepted with HTTP 201" in done.stdout
    assert "curl -sS" in done.stdout
    assert "Traceback" not in done.stdout
    assert token not in done.stdout


def test_inconclusive_rule_is_a_failure_rather_than_a_skip() -> None:
    done = suite("--ringspec", "http://127.0.0.1:9", "-k", "name.required")

    assert done.returncode == 1
    assert "inconclusive: http://127.0.0.1:9: cannot connect" in done.stdout


def test_unknown_dialect_interrupts_the_collection() -> None:
    done = suite("--ringspec-dialect", "klingon")

    assert done.returncode == 2
    assert "klingon" in done.stderr + done.stdout
    assert "INTERNALERROR" not in done.stderr + done.stdout
