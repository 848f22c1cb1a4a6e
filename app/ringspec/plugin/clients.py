"""Clients of the server under test, for other people's tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import httpx

from ringspec.harness.sending.hosts import is_loopback
from ringspec.harness.sending.transport import Route
from ringspec.spec import UsageError

if TYPE_CHECKING:
    from ringspec.plugin.servers import Server

# What can neither ring a phone nor change anything.
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_LIVE_S = 0.2
_TIMEOUT_S = 10.0


def opened(
    server: Server, *, route: Route | None = None, only_reads: bool = False
) -> httpx.Client:
    """Open a client of a server, which sends to nobody else.

    Args:
        server: whose URL and headers it has.
        route: by which it is reached.
        only_reads: whether it is live: it is only read, a few times a second.
    """
    hooks: list[Callable[..., None]] = [partial(_keep_to, httpx.URL(server.url))]
    if only_reads or not is_loopback(server.url):
        hooks.append(_only_read)
    return httpx.Client(
        base_url=server.url,
        headers=server.headers,
        timeout=_TIMEOUT_S,
        # Proxies of the environment stand in the route.
        trust_env=False,
        event_hooks={"request": hooks},
        **(route.opened() if route else {}),  # type: ignore[arg-type] # both are told apart by name
    )


def _keep_to(base: httpx.URL, request: httpx.Request) -> None:
    """Let a request pass if it goes to a server, whose token it has.

    Raises:
        UsageError: it goes elsewhere.
    """
    if (request.url.scheme, request.url.netloc) != (base.scheme, base.netloc):
        raise UsageError(
            f"{request.url} is not sent to: it is not at {base}",
            hint="take a client of your own for other servers",
        )


def _only_read(request: httpx.Request) -> None:
    """Let a request pass if it reads, in its time.

    Raises:
        UsageError: it might change something.
    """
    if request.method not in _READS:
        raise UsageError(
            f"{request.method} {request.url} is not sent: that target is live, and a"
            " valid broadcast makes phones ring",
            hint="only `ringspec run` and `pytest --ringspec` send to live targets",
        )
    time.sleep(_LIVE_S)
