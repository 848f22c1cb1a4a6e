"""The command, and the payments servers in a thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ringspec.cli import run_setup
from ringspec.spec import load_each

from .. import called  # noqa: TID252 - tests are no distribution
from ..called import Ended  # noqa: TID252 - likewise
from ..serving import served  # noqa: TID252 - likewise
from .mutants import LIARS, MUTANTS
from .payments import CORRECT, mounted


@pytest.fixture
def ringspec(tmp_path: Path) -> Callable[..., Ended]:
    """Call the command; a run also brings back its JSON report."""

    def call(*arguments: object) -> Ended:
        to = tmp_path / "ringspec.json" if arguments[0] == "run" else None
        return called.call(*map(str, arguments), to=to)

    return call


@pytest.fixture(scope="session")
def payments() -> Iterator[str]:
    """Serve the correct server and every mutant, each below its name."""
    mutants = {each.name: each.behaviour for each in [*MUTANTS, *LIARS]}
    app = mounted({"correct": CORRECT, **mutants})
    # A mutant that crashes says so in the log, which is meant.
    with served(app, log_level="critical") as url:
        yield url


@pytest.fixture(scope="module")
def read_once() -> Iterator[None]:
    """Let commands of this process share what they have read, and their lists."""
    known: dict[str, object] = {}

    def each(*arguments: object, **options: object) -> object:
        key = repr((arguments, options))
        if key not in known:
            known[key] = load_each(*arguments, **options)  # type: ignore[arg-type]
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_setup, "load_each", each)
        yield
