"""Signals: a TERM ends a command as Ctrl-C does, so that what is known is told."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def terminable() -> Iterator[None]:
    """Treat SIGTERM as SIGINT while the block runs."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python leaves signals to the main thread
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    # Whoever handles Ctrl-C just now, such as asyncio, knows best how to end.
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        raise KeyboardInterrupt
    handler(number, frame)
