"""Interrupts while an event loop is in use: told to it, never raised into it.

A KeyboardInterrupt strikes between any two instructions, in the midst of whatever holds
a lock. While cases are fired it is therefore only noted, and acted on by the loop.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_HANGUP = getattr(signal, "SIGHUP", None)  # not everywhere


@contextmanager
def interrupts(
    loop: asyncio.AbstractEventLoop, tell: Callable[[], None]
) -> Iterator[None]:
    """Tell of Ctrl-C, TERM and HUP while the block runs, each time one comes.

    Of HUP only where it is handled already: `nohup` has it ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python leaves signals to the main thread
        return
    before = {each: signal.getsignal(each) for each in _SIGNALS}
    if _HANGUP is not None and callable(signal.getsignal(_HANGUP)):
        before[_HANGUP] = signal.getsignal(_HANGUP)
    for each in before:
        loop.add_signal_handler(each, tell)
    try:
        yield
    finally:
        for each, handler in before.items():
            loop.remove_signal_handler(each)
            signal.signal(each, handler)
