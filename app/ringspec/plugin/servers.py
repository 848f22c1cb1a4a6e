"""Servers for other people's tests, with clients of them.

Every pytest that has the package loads this module: what a server takes is imported
only once there is one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import httpx

    from ringspec.harness.sending.target import Route

# Methods that neither ring a phone nor change anything.
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_LIVE_S = 0.2
_TIMEOUT_S = 10.0


@dataclass(frozen=True, eq=False)
class Server:
    """A server that runs while a test does.

    Attributes:
        url: of the server, without a slash at its end; paths of the API follow it.
        token: its access token; none where it was given none.
        headers: those that a request needs to be let in.
        token_url: where client id and secret are exchanged for a token; or empty.
        route: how it is reached, if not directly.
        only_reads: whether it is live, so that its client only reads.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    token_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    route: Route | None = field(default=None, repr=False)
    only_reads: bool = False

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
        """Pass a request to this server, which has to read a live one, after a pause.

        Raises:
            UsageError: it goes elsewhere, or might change something.
        """
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

        Args:
            name: as `ringspec serve --list-mutants` has it.
            dialect: as `ringspec serve --dialect` has it.
        """


@contextmanager
def reference_server(
    mutant: str | None = None, dialect: str = "canonical"
) -> Iterator[Server]:
    """Run the reference server, or a mutant of it, during a block.

    Raises:
        UsageError: there is no such mutant, or no such dialect.
    """
    __tracebackhide__ = True
    from ringspec.reference import DIALECTS, Embedded  # noqa: PLC0415 - takes a while
    from ringspec.spec import check_known  # noqa: PLC0415 - likewise

    if mutant is not None:
        from ringspec.reference import MUTANTS  # noqa: PLC0415 - takes a while

        check_known("mutant", mutant, MUTANTS, "`serve --list-mutants` lists them")
    check_known("dialect", dialect, DIALECTS)
    names = ("url", "token", "token_url", "client_id", "client_secret")
    with Embedded(dialect=dialect, mutant=mutant) as running:
        given = {name: getattr(running, name) for name in names}
        headers = {"Authorization": f"Bearer {running.token}"}
        with closing(Server(headers=headers, **given)) as server:
            yield server
