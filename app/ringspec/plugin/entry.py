"""The entry point: options and fixtures, at no cost to who does not ask for them.

Every pytest that has the package loads this module. All else is imported once a server
is to be tested, or a fixture is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from ringspec.plugin.options import add_to, is_asked_for, spelt
from ringspec.plugin.servers import breeding, serving

if TYPE_CHECKING:
    from ringspec.plugin.servers import Mutants, Server


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    add_to(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Get ready to test a server, if one is named."""
    if is_asked_for(config):
        from ringspec.plugin.suite import NAME, Suite  # noqa: PLC0415 - takes a while

        config.pluginmanager.register(Suite(config), NAME)


@pytest.fixture(scope="session")
def ringspec_reference() -> Iterator[Server]:
    """Give the reference server, which runs while the session lasts."""
    with _plainly(), serving() as server:
        yield server


@pytest.fixture(scope="session")
def ringspec_target(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Give the server under test; without --ringspec, the reference server."""
    from ringspec.plugin.targets import aimed  # noqa: PLC0415 - takes a while

    with _plainly(), aimed(request) as server:
        yield server


@pytest.fixture
def ringspec_mutant() -> Iterator[Mutants]:
    """Give a maker of mutants: reference servers with one defect each."""
    with breeding() as start:
        yield start


@contextmanager
def _plainly() -> Iterator[None]:
    """Tell of what keeps a server from us in one message, without a traceback."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - told in the same way
        from ringspec.cli.exits import as_error  # noqa: PLC0415 - takes a while

        found = as_error(error)
        hint = f"\n    hint: {found.hint}" if found.hint else ""
        said = spelt(f"ringspec: {found}{hint}")
        raise pytest.fail.Exception(said, pytrace=False) from None
