"""A connection: whatever takes requests and gives exchanges back."""

from __future__ import annotations

from typing import Protocol

from ringspec.harness.exchange import Exchange
from ringspec.strategies import Request


class Connection(Protocol):
    """Whatever answers requests: a server over the network, or one in this process."""

    async def exchange(self, request: Request, *, repeats: int = 1) -> Exchange:
        """Send a request; again, some times, if the transport fails."""

    async def close(self) -> None:
        """Let go of the server."""
