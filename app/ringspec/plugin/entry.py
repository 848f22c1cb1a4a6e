"""The entry point: options and fixtures, at no cost for tests that use none of them.

Every pytest that has the package loads this module. All else is imported once a server
is to be tested, or a fixture is used.
"""

from __future__ import annotations

import re
import time
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    import httpx

    from ringspec.harness.sending.target import Route

GROUP = "ringspec"
_FAILED = pytest.fail.Exception
# Methods that neither ring a phone nor change anything.
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_LIVE_S = 0.2
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class PytestOption:
    """An option of `ringspec run` as a flag and a key of the ini file."""

    name: str  # without dashes in front; `--ringspec-NAME` and `ringspec_NAME` here
    metavar: str
    help: str
    kind: str = "string"  # pytest's type of its value in the ini file
    is_path: bool = False  # whether the ini file may name a file beside it
    to: str = ""  # the name of its value in the command, if it has another

    @property
    def parameter(self) -> str:
        """The name of its value in the command."""
        name = self.name.replace("-", "_")
        return self.to or (f"{name}s" if self.kind == "args" else name)

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


@dataclass(frozen=True, eq=False)
class Server:
    """A server that runs while a test does."""

    url: str  # without a slash at its end; paths of the API follow it
    token: str | None = field(default=None, repr=False)  # none where it was given none
    # Those that a request needs to be let in.
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    token_url: str = ""  # where client id and secret are exchanged for a token
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    route: Route | None = field(default=None, repr=False)  # if not directly
    only_reads: bool = False  # whether it is live, so that its client only reads

    @cached_property
    def client(self) -> httpx.Client:
        """A client with its URL and headers; it is closed with the test or session.

        It sends to no other server. For a live target, which may ring phones, it only
        reads, five times a second at most: other requests raise `UsageError`.
        """
        import httpx  # noqa: PLC0415 - takes a while

        route: Any = self.route.opened() if self.route else {}
        return httpx.Client(
            base_url=self.url,
            headers=self.headers,
            timeout=_TIMEOUT_S,
            # Proxies of the environment stand in the route.
            trust_env=False,
            event_hooks={"request": [self._pass]},
            **route,
        )

    def _pass(self, request: httpx.Request) -> None:
        """Refuse a request elsewhere; only read a live server, after a pause."""
        import httpx  # noqa: PLC0415 - loaded by now

        from ringspec.harness.sending.policy import is_loopback  # noqa: PLC0415
        from ringspec.spec import UsageError  # noqa: PLC0415

        base, to = httpx.URL(self.url), request.url
        if (to.scheme, to.netloc) != (base.scheme, base.netloc):
            raise UsageError(
                f"{to} is not sent to: it is not at {base}",
                hint="take a client of your own for other servers",
            )
        if not self.only_reads and is_loopback(self.url):
            return
        if request.method not in _READS:
            raise UsageError(
                f"{request.method} {to} is not sent: that target is live, and a"
                " valid broadcast makes phones ring",
                hint="only `ringspec run` and `pytest --ringspec` send to live targets",
            )
        time.sleep(_LIVE_S)

    def close(self) -> None:
        """Close the client, if there is one."""
        client = self.__dict__.get("client")
        if client is not None:
            client.close()


class Mutants(Protocol):
    """The type of the fixture `ringspec_mutant`."""

    def __call__(self, name: str, *, dialect: str = "canonical") -> Server:
        """Start the reference server with one defect; it ends with the test.

        Names are as `ringspec serve --list-mutants` and `--dialect` have them.
        """


@contextmanager
def reference_server(
    mutant: str | None = None, dialect: str = "canonical"
) -> Iterator[Server]:
    """Run the reference server, or a mutant of it, during a block."""
    __tracebackhide__ = True
    from ringspec.reference import DIALECTS, Embedded  # noqa: PLC0415 - takes a while
    from ringspec.spec import check_known  # noqa: PLC0415 - likewise

    if mutant is not None:
        from ringspec.reference import MUTANTS  # noqa: PLC0415 - takes a while

        check_known("mutant", mutant, MUTANTS, "`serve --list-mutants` lists them")
    check_known("dialect", dialect, DIALECTS)
    with Embedded(dialect=dialect, mutant=mutant) as running:
        headers = {"Authorization": f"Bearer {running.token}"}
        with closing(Server(running.url, headers=headers, **running.access)) as server:
            yield server


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
