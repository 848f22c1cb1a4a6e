"""The entry point: options and fixtures, at no cost for tests that use none of them.

Every pytest that has the package loads this module and `servers`. All else is imported
once a server is to be tested, or a fixture is used.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ringspec.plugin.servers import reference_server

if TYPE_CHECKING:
    from ringspec.plugin.servers import Mutants, Server

GROUP = "ringspec"
_FAILED = pytest.fail.Exception


@dataclass(frozen=True, slots=True)
class PytestOption:
    """An option of `ringspec run` as a flag and a key of the ini file.

    Attributes:
        name: without dashes in front; `--ringspec-NAME` and `ringspec_NAME` here.
        kind: pytest's type of its value in the ini file.
        is_path: whether the ini file may name a file beside it.
    """

    name: str
    metavar: str
    help: str
    kind: str = "string"
    is_path: bool = False

    @property
    def parameter(self) -> str:
        """The name of its value in the command."""
        name = self.name.replace("-", "_")
        return f"{name}s" if self.kind == "args" else name

    @property
    def key(self) -> str:
        """The key of the ini file, and of the flag in pytest."""
        return f"{GROUP}_{self.name.replace('-', '_')}"


# What they may be, and which variables go before the ini file, the command says.
_TABLES = tomllib.loads(Path(__file__).with_name("options.toml").read_text("utf-8"))
OPTIONS = tuple(PytestOption(name, **table) for name, table in _TABLES.items())
URL, PROFILE = OPTIONS[:2]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add all options, as flags and as keys of the ini file."""
    group = parser.getgroup(GROUP, "ringspec: conformance of a server, rule by rule")
    for each in OPTIONS:
        given: dict[str, Any] = {"metavar": each.metavar}
        if each.kind == "bool":
            given = {"action": "store_true"}
        elif each.kind == "args":
            given["action"] = "append"
        flag = f"--{GROUP}" if each is URL else f"--{GROUP}-{each.name}"
        group.addoption(flag, dest=each.key, default=None, help=each.help, **given)
        kind: Any = each.kind
        parser.addini(each.key, f"{each.help} ({flag})", kind, default=None)


def is_flagged(config: pytest.Config) -> bool:
    """Return whether the command line names a server or a profile."""
    return any(config.getoption(each.key, None) for each in (URL, PROFILE))


def spelt(text: str) -> str:
    """Spell the command's options in a message as pytest's."""
    names = "|".join(each.name for each in OPTIONS)
    text = text.replace("--select and --exclude", "-k, -m and --deselect")
    return re.sub(rf"(?<![\w-])--({names})(?![\w-])", rf"--{GROUP}-\1", text)


def pytest_configure(config: pytest.Config) -> None:
    """Get ready to test a server, if the command line or the ini file names one."""
    if config.getoption("help", default=False):
        return  # whatever the settings are, help is given
    if is_flagged(config) or any(config.getini(e.key) for e in (URL, PROFILE)):
        from ringspec.plugin.suite import NAME, Suite  # noqa: PLC0415 - takes a while

        config.pluginmanager.register(Suite(config), NAME)


@pytest.fixture(scope="session")
def ringspec_reference() -> Iterator[Server]:
    """Give the reference server, which runs while the session lasts."""
    with brief_errors(_FAILED, pytrace=False), reference_server() as server:
        yield server


@pytest.fixture(scope="session")
def ringspec_target(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Give the server under test; without --ringspec, the reference server."""
    from ringspec.plugin.suite import target_server  # noqa: PLC0415 - takes a while

    with brief_errors(_FAILED, pytrace=False), target_server(request) as server:
        yield server


@pytest.fixture
def ringspec_mutant() -> Iterator[Mutants]:
    """Give a maker of mutants: reference servers with one defect each."""
    with ExitStack() as stack:

        def start(name: str, *, dialect: str = "canonical") -> Server:
            __tracebackhide__ = True
            return stack.enter_context(reference_server(name, dialect))

        yield start


@contextmanager
def brief_errors(kind: type[BaseException], **options: bool) -> Iterator[None]:
    """Show an error as one message, without a traceback."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - all are shown in the same way
        from ringspec.cli.exits import as_error  # noqa: PLC0415 - takes a while

        found = as_error(error)
        hint = f"\n    hint: {found.hint}" if found.hint else ""
        raise kind(spelt(f"{GROUP}: {found}{hint}"), **options) from None
