"""How a command ends: by an error, by a signal, or with output that nobody takes."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import click

from ringspec.spec import InternalError, ReportError, RingspecError

INTERRUPTED = 130
# A terminal that is closed sends SIGHUP, on Windows SIGBREAK, as Ctrl-Break does.
_NAMES = ("SIGTERM", "SIGHUP", "SIGBREAK")
_ENDING = [getattr(signal, each) for each in _NAMES if hasattr(signal, each)]


def as_error(error: Exception) -> RingspecError:
    """Return an error as one of ours, which is a bug if it is none."""
    if isinstance(error, RingspecError):
        return error
    return InternalError(
        f"a bug in ringspec: {type(error).__name__}: {error}",
        hint="please report it, with what `ringspec --traceback …` shows",
    )


def print_error(error: RingspecError) -> None:
    """Print an error and its hint on standard error."""
    click.echo(f"ringspec: {error}", err=True)
    if error.hint:
        click.echo(f"    hint: {error.hint}", err=True)


def output_error(error: OSError) -> ReportError:
    """Return the error of standard output or error that cannot be written."""
    return ReportError(
        f"the output cannot be written: {error.strerror or error}",
        hint="where does it go, and is there room?",
    )


def release_output() -> None:
    """Redirect streams that take no more to the null device, for the flush at exit."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                sink = os.open(os.devnull, os.O_WRONLY)
                os.dup2(sink, stream.fileno())
                os.close(sink)


@contextmanager
def terminable() -> Iterator[None]:
    """Treat the signals that end a process, unless ignored, as SIGINT in the block."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python leaves signals to the main thread
        return
    taken = [each for each in _ENDING if signal.getsignal(each) != signal.SIG_IGN]
    with handled(taken, _interrupt):
        yield


@contextmanager
def handled(
    signals: Iterable[int], handler: Callable[[int, FrameType | None], object]
) -> Iterator[None]:
    """Have some signals handled so during the block."""
    before = {each: signal.signal(each, handler) for each in signals}
    try:
        yield
    finally:
        for each, earlier in before.items():
            signal.signal(each, earlier)


def _interrupt(number: int, frame: FrameType | None) -> None:
    # The present handler of Ctrl-C, such as asyncio's, knows best how to end.
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):
        raise KeyboardInterrupt
    handler(number, frame)
