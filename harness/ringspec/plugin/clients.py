"""Clients of the server under test, for other people's tests."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx

from ringspec.spec import UsageError

if TYPE_CHECKING:
    from ringspec.plugin.servers import Server

# What can neither ring a phone nor change anything.
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_LIVE_S = 0.2
_TIMEOUT_S = 10.0


def opened(server: Server) -> httpx.Client:
    """Open a client of a server on this machine: whatever it is asked goes out."""
    return httpx.Client(
        base_url=server.url,
        headers=server.headers,
        timeout=_TIMEOUT_S,
        # Nothing on this machine is reached by a proxy.
        trust_env=False,
    )


def reading(server: Server) -> httpx.Client:
    """Open a client of a live target: it only reads, a few times a second."""
    return httpx.Client(
        base_url=server.url,
        headers=server.headers,
        timeout=_TIMEOUT_S,
        event_hooks={"request": [_only_read]},
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
