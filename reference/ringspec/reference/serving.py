"""The settings of a server, and running it in the foreground on a socket."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

from ringspec.reference.behaviour import Behaviour, same

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import ASGIApp
    from uvicorn import Server

HOST = "127.0.0.1"
_FAREWELL_S = 1
# File descriptors that the process needs besides its connections.
_FILES = 100
_print_at_once = partial(print, flush=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Limits that keep the server fit to be left running."""

    broadcasts: int = 10_000  # kept at most; beyond that the oldest are forgotten
    body_bytes: int = 1024 * 1024  # size of the largest body that is read
    connections: int = 2_000  # open at once; of more the one longest idle is closed
    request_s: float = 10.0  # in which a request must arrive, head and body each
    # For which a connection may be open without a request. Longer than any client
    # keeps one, or clients would meet closed connections.
    idle_s: float = 75.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Dialect, defect, credentials (random by default) and limits of a server."""

    dialect: str = "canonical"
    mutant: str | None = None
    client_id: str = field(default_factory=lambda: f"ringspec-{secrets.token_hex(4)}")
    client_secret: str = field(default_factory=secrets.token_urlsafe, repr=False)
    token: str = field(default_factory=secrets.token_urlsafe, repr=False)
    limits: ServerLimits = field(default_factory=ServerLimits)

    def access(self, url: str) -> dict[str, Any]:
        """Return what a client needs to be let in, if the server is at a URL."""
        names = ("client_id", "client_secret", "token")
        given = {each: getattr(self, each) for each in names}
        return {"token_url": f"{url}/oauth2/token", **given}


class _SignalledError(BaseException):
    """Raised by a signal that ends the server."""


def application(
    settings: ServerSettings, behaviour: Behaviour | None = None
) -> Starlette:
    """Build the server's application, with the defect that the settings name.

    The defect is applied to the given behaviour, by default the correct one.
    """
    # Imported late: a process that only starts a server as its child needs none.
    from ringspec.reference.endpoints import build  # noqa: PLC0415

    behaviour = behaviour or Behaviour()
    if settings.mutant is not None:
        # Imported late: a plain run needs none.
        from ringspec.reference.mutants.rows import variant  # noqa: PLC0415

        behaviour = variant(settings.mutant).apply(behaviour)
    return build(settings, behaviour)


def serve(
    settings: ServerSettings,
    *,
    host: str = HOST,
    port: int = 0,
    announce: Callable[[str], None] = _print_at_once,
    wrap: Callable[[ASGIApp], ASGIApp] = same,
    watch_parent: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM.

    Prints a line of JSON first: url, token_url, client_id, client_secret, token.
    The result of `wrap` is served in place of the application.

    Raises OSError if nothing can listen there.
    """
    with _ending_on_signals() as running, listen(host, port) as listener:
        if watch_parent:
            threading.Thread(target=_end_with_parent, daemon=True).start()
        app = wrap(application(settings))
        bound, port = listener.getsockname()[:2]
        url = f"http://[{bound}]:{port}" if ":" in bound else f"http://{bound}:{port}"
        announce(json.dumps({"url": url, **settings.access(url)}))
        # Imported late, as in application().
        from uvicorn import Config, Server  # noqa: PLC0415

        from ringspec.reference.connections import bounded  # noqa: PLC0415

        config = Config(
            app,
            http=bounded(_possible(settings.limits)),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_FAREWELL_S,
        )
        running.append(Server(config))
        running[0].run([listener])


def listen(host: str, port: int) -> socket.socket:
    """Open a socket that listens, with the protocol named.

    asyncio sets TCP_NODELAY only on sockets whose protocol is IPPROTO_TCP; without it
    each answer waits for an acknowledgement, 21 requests a second instead of 348.
    """
    kind, protocol = socket.SOCK_STREAM, socket.IPPROTO_TCP
    family, *_, address = socket.getaddrinfo(host, port, type=kind)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # on Windows, two servers could share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def _possible(limits: ServerLimits) -> ServerLimits:
    """Return limits with no more connections than the system allows."""
    try:
        import resource  # noqa: PLC0415 - there is none on Windows
    except ImportError:
        return limits
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + _FILES
    if resource.RLIM_INFINITY not in (soft, hard) and soft < wanted:
        soft = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft != resource.RLIM_INFINITY and soft < wanted:
        limits = replace(limits, connections=max(1, soft - _FILES))
    return limits


@contextmanager
def _ending_on_signals() -> Iterator[list[Server]]:
    """Leave the block quietly on SIGINT, SIGTERM or Windows' SIGBREAK.

    uvicorn takes those it knows over, shuts down, puts our handler back and raises
    them again; so the handler serves before, after and beside it. A server that runs
    is put into the list: asyncio drops what is raised inside one of its callbacks.
    """
    running: list[Server] = []

    def end(_signal: int, _frame: FrameType | None) -> None:
        if not running:
            raise _SignalledError
        running[0].should_exit = True

    before = {sign: signal.signal(sign, end) for sign in _SIGNALS}
    try:
        yield running
    except _SignalledError:
        pass
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


_NAMES = ("SIGINT", "SIGTERM", "SIGBREAK")  # the last one is Windows'
_SIGNALS = [getattr(signal, each) for each in _NAMES if hasattr(signal, each)]


def _end_with_parent() -> None:
    """End at once when standard input ends: the parent has died.

    uvicorn's own shutdown takes 0.2 s, for each mutant of a fleet.
    """
    # Not sys.stdin, whose lock held by a daemon thread breaks the interpreter's exit.
    while os.read(0, 4096):
        pass
    os._exit(0)
