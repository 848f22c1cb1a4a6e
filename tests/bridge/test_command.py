"""The real command of schemathesis: alone, and with our one import."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ringspec.reference import Embedded
from ringspec.spec import OURS

from .. import called  # noqa: TID252 - tests are no distribution
from ..called import ran  # noqa: TID252 - tests are no distribution

# General tools miss it: the bodies they send are wrong in several ways at once.
MUTANT, RULE = "last-delay-unbounded", "retryDelays.items.max"
EXAMPLES = ("--phases", "examples")
FUZZING = ("--phases", "examples,fuzzing", "--max-examples", "2", "--seed", "1")


@dataclass(frozen=True)
class Ran:
    status: int
    output: str


def schemathesis(
    folder: Path, server: Embedded, *arguments: str, **environ: str
) -> Ran:
    """Run the command as somebody would, in an empty folder."""
    (folder / "hooks.py").write_text("import ringspec.schemathesis\n")
    done = ran(
        *(sys.executable, "-m", "schemathesis.cli", "run", str(OURS)),
        *("--url", server.url, "-H", f"Authorization: Bearer {server.token}"),
        *("--include-operation-id", "createBroadcast", "--no-color", *arguments),
        cwd=folder,
        env=called.environment(environ),
    )
    return Ran(done.returncode, done.stdout + done.stderr)


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Embedded]]:
    with Embedded() as correct, Embedded(mutant=MUTANT) as mutant:
        yield {"correct": correct, "mutant": mutant}


def test_alone_it_misses_what_it_finds_with_the_bridge(
    tmp_path: Path, servers: dict[str, Embedded]
) -> None:
    bridged = {"SCHEMATHESIS_HOOKS": "hooks.py", "RINGSPEC_SELECT": "retryDelays"}

    alone = schemathesis(tmp_path, servers["mutant"], *FUZZING)
    together = schemathesis(tmp_path, servers["mutant"], *EXAMPLES, **bridged)

    assert (alone.status, RULE in alone.output) == (0, False)
    assert together.status == 1
    assert f"{RULE} (MUST, documented)" in together.output
    assert f"Case: {RULE}/4321-last" in together.output
    assert "--continue-on-failure sends all" in together.output
    assert servers["mutant"].token not in together.output


def test_a_correct_server_passes_with_the_bridge(
    tmp_path: Path, servers: dict[str, Embedded]
) -> None:
    done = schemathesis(
        tmp_path,
        servers["correct"],
        *EXAMPLES,
        SCHEMATHESIS_HOOKS="ringspec.schemathesis",
        RINGSPEC_SELECT="retries,retryDelays",
        RINGSPEC_LEVEL="may",
    )

    assert done.status == 0, done.output
    assert "ringspec: rules at level may:" in done.output
    assert "0 fail, 0 inconclusive" in done.output


def test_a_setting_that_cannot_be_meant_ends_it_with_one_message(
    tmp_path: Path, servers: dict[str, Embedded]
) -> None:
    done = schemathesis(
        tmp_path,
        servers["correct"],
        SCHEMATHESIS_HOOKS="hooks.py",
        RINGSPEC_LEVEL="shuld",
    )

    assert done.status == 2
    assert "no level 'shuld'" in done.output
    assert "did you mean should?" in done.output
    assert "Traceback" not in done.output


def test_without_schemathesis_the_import_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['schemathesis'] = None\n"
        "try: import ringspec.schemathesis\n"
        "except ImportError as error: print(error)"
    )

    done = ran(sys.executable, "-c", code, check=True)

    assert done.stdout.endswith("pip install 'ringspec[schemathesis]'\n")
    assert len(done.stdout.splitlines()) == 1
