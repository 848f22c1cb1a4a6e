"""Makes each Python that has this folder on its path as poor as one on Windows."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

_NO_MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty")
_MOVES = ("remove", "rename", "replace", "unlink")
_LACKING = {
    signal: "SIGALRM SIGHUP SIGKILL SIGPIPE SIGQUIT SIGUSR1 pthread_sigmask setitimer",
    os: "chown fork killpg mkfifo sched_getaffinity setsid umask",
}
vars(signal)["SIGBREAK"] = signal.SIGUSR1  # what tests can send
for _module, _names in _LACKING.items():
    for _name in _names.split():
        delattr(_module, _name)
sys.modules.update(dict.fromkeys(_NO_MODULES))  # type: ignore[arg-type] # so that an import fails


def _add_signal_handler(*_: Any) -> None:
    raise NotImplementedError


def _sharing(function: Callable[..., None]) -> Callable[..., None]:
    """Refuse to move or remove a file that this process has open."""

    def checked(*paths: Any, **given: Any) -> None:
        held = {os.path.realpath(each) for each in Path("/proc/self/fd").iterdir()}
        for each in paths:
            if os.path.realpath(each) in held:
                raise PermissionError(13, "another process uses the file", str(each))
        function(*paths, **given)

    return checked


_replaced: list[tuple[Any, str, Any]] = [
    (asyncio.SelectorEventLoop, "add_signal_handler", _add_signal_handler),
    *((os, each, _sharing(getattr(os, each))) for each in _MOVES),
]
for _owner, _name, _function in _replaced:
    setattr(_owner, _name, _function)
# Who names no encoding gets that of the system there.
warnings.filterwarnings("error", category=EncodingWarning, module="ringspec")
