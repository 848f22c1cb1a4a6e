"""Connections within limits on time and number.

uvicorn's own protocol, with a time limit on every wait for a client. uvicorn itself
limits idle connections after an answer only, and refuses all where there are many.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from enum import Enum, auto
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ringspec.reference.serving import ServerLimits

# Seconds for a client to read the last answer before its connection closes.
_PARTING_S = 1.0
_LATE = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
)


class _Waits(Enum):
    """Reasons for which a connection waits."""

    NOTHING = auto()  # the server is at work
    REQUEST = auto()
    HEAD = auto()  # the rest of it
    BODY = auto()
    READER = auto()  # the client does not take the answer


class Parting:
    """A transport that closes only after the client could read the answer.

    An immediate close would reset the connection and might lose the answer. Nothing
    more is read. Source: RFC 9112, 9.6.
    """

    def __init__(self, inner: asyncio.Transport, protocol: BoundedProtocol) -> None:
        self._inner = inner
        self._protocol = protocol
        self._parted = False

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the inner transport."""
        return getattr(self._inner, name)

    def close(self) -> None:
        """Close, once the client has had time to read."""
        if self.is_closing():
            return
        if not self._protocol.has_unread:
            self._inner.close()
            return
        self._parted = True
        self._inner.pause_reading()
        with suppress(OSError):  # the client may be gone already
            self._inner.write_eof()
        self._protocol.loop.call_later(_PARTING_S, self._inner.close)

    def is_closing(self) -> bool:
        """Return whether nothing more is read or written."""
        return self._parted or self._inner.is_closing()


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 for one connection, within limits."""

    limits = ServerLimits()
    waits = _Waits.NOTHING  # the reason for which it waits
    idle_since = 0.0  # when it last began to wait for a request, by the loop's clock
    _timer: asyncio.TimerHandle | None = None

    @property
    def has_unread(self) -> bool:
        """Return whether the client has not sent the end of its request."""
        return self.conn.their_state is h11.SEND_BODY

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        """Take a connection; close the one longest idle if there are too many."""
        super().connection_made(cast("asyncio.Transport", Parting(transport, self)))
        self._note()
        if len(self.connections) > self.limits.connections:
            idle = [
                each
                for each in self.connections
                if isinstance(each, BoundedProtocol) and each.waits is _Waits.REQUEST
            ]
            min(idle, key=lambda each: each.idle_since, default=self).give_up()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting for a connection that is gone."""
        super().connection_lost(exc)
        self._wait_for(_Waits.NOTHING)

    def data_received(self, data: bytes) -> None:
        """Take bytes, and wait for the next step."""
        super().data_received(data)
        self._note()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self._unset_keepalive_if_required()  # our own limit holds
        self._note()

    def pause_writing(self) -> None:
        """Wait for a client that does not read."""
        super().pause_writing()
        self._note()

    def resume_writing(self) -> None:
        """Stop waiting for a client that reads again."""
        super().resume_writing()
        self._note()

    def give_up(self) -> None:
        """End a connection whose time is up."""
        waits, cycle = self.waits, self.cycle
        self._wait_for(_Waits.NOTHING)
        if waits is _Waits.READER:
            self.transport.abort()  # unsent bytes would keep it open
            return
        answered = waits is _Waits.BODY and cycle.response_started
        if waits in {_Waits.HEAD, _Waits.BODY} and not answered:
            self.transport.write(_LATE)
        self.transport.close()

    def _note(self) -> None:
        """Note the reason to wait; its time runs on while that stays the same."""
        waits = self._waiting()
        if waits is not self.waits:
            self._wait_for(waits)

    def _waiting(self) -> _Waits:
        if self.flow.write_paused:
            return _Waits.READER
        if self.transport.is_closing():
            return _Waits.NOTHING
        if self.has_unread:
            return _Waits.BODY
        if self.cycle and not self.cycle.response_complete:
            return _Waits.NOTHING
        return _Waits.HEAD if self.conn.trailing_data[0] else _Waits.REQUEST

    def _wait_for(self, waits: _Waits) -> None:
        self.waits = waits
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if waits is _Waits.REQUEST:
            self.idle_since = self.loop.time()
            self._timer = self.loop.call_later(self.limits.idle_s, self.give_up)
        elif waits is not _Waits.NOTHING:
            self._timer = self.loop.call_later(self.limits.request_s, self.give_up)


def bounded(limits: ServerLimits) -> type[BoundedProtocol]:
    """Return the protocol of a server with such limits."""
    return type("Bounded", (BoundedProtocol,), {"limits": limits})
