"""Servers for other people's tests: a running one, and a maker of broken ones.

This module is loaded by every pytest that has the package: what a server takes is
imported only once there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import httpx

    from ringspec.reference import Embedded


@dataclass(frozen=True, eq=False)
class Server:
    """A server that runs while a test does.

    Attributes:
        url: of the server, without a slash at its end; paths of the API follow it.
        token: its access token; none where it was given none.
        headers: those that a request needs to be let in.
        token_url: where client id and secret are exchanged for a token; or empty.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    token_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    opened: Callable[[Server], httpx.Client] | None = field(default=None, repr=False)

    @cached_property
    def client(self) -> httpx.Client:
        """A client with its URL and headers; it is closed with the test or session.

        For a live target, which may ring phones, it only reads, five times a second
        at most: whatever else is asked of it raises `UsageError`.
        """
        from ringspec.plugin.clients import opened  # noqa: PLC0415 - httpx takes a while

        return (self.opened or opened)(self)

    def close(self) -> None:
        """Close the client, if there is one."""
        client = self.__dict__.get("client")
        if client is not None:
            client.close()


class Mutants(Protocol):
    """What the fixture `ringspec_mutant` is."""

    def __call__(self, name: str, *, dialect: str = "canonical") -> Server:
        """Start the reference server with one defect; it ends with the test.

        Args:
            name: as `ringspec serve --list-mutants` has it.
            dialect: as `ringspec serve --dialect` has it.
        """


def bearer(token: str | None) -> dict[str, str]:
    """Return the header that presents a token, if there is one."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def serving(
    mutant: str | None = None, dialect: str = "canonical"
) -> AbstractContextManager[Server]:
    """Return the reference server, or a mutant of it, to be run while a block is.

    Raises:
        UsageError: there is no such mutant, or no such dialect.
    """
    __tracebackhide__ = True
    from ringspec.plugin.choosing import embedded  # noqa: PLC0415 - takes a while

    return _serving(embedded(mutant, dialect))


@contextmanager
def _serving(embedded: Embedded) -> Iterator[Server]:
    with embedded as running:
        server = Server(
            url=running.url,
            token=running.token,
            headers=bearer(running.token),
            token_url=running.token_url,
            client_id=running.client_id,
            client_secret=running.client_secret,
        )
        try:
            yield server
        finally:
            server.close()


@contextmanager
def breeding() -> Iterator[Mutants]:
    """Yield a maker of mutants; all that it has made end with the block."""
    with ExitStack() as stack:

        def start(name: str, *, dialect: str = "canonical") -> Server:
            __tracebackhide__ = True
            return stack.enter_context(serving(name, dialect))

        yield start
