"""Signals: TERM and HUP end a command as Ctrl-C does: what is known is told."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# A terminal that is closed hangs up, which not every system knows; `nohup` ignores it.
_ENDING = [
    getattr(signal, each) for each in ("SIGTERM", "SIGHUP") if hasattr(signal, each)
]


@contextmanager
def terminable() -> Iterator[None]:
    """Treat SIGTERM, and a SIGHUP that is not ignored, as SIGINT in the block."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python leaves signals to the main thread
        return
    taken = [each for each in _ENDING if signal.getsignal(each) != signal.SIG_IGN]
    before = {each: signal.signal(each, _interrupt) for each in taken}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    # Whoever handles Ctrl-C just now, such as asyncio, knows best how to end.
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        raise KeyboardInterrupt
    handler(number, frame)
