"""Sharing: of all processes of one test run, one fires, and the others read.

In: what fires, and a folder that they all know. Out: what it said, in each of them.
Who comes first holds a lock meanwhile; if it dies the next one fires.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ringspec.plugin.said import Said

_LOCK, _SAID = "lock", "said.json"


def shared(folder: Path | None, fire: Callable[[], Said]) -> Said:
    """Return what was said in another process, or else fire, and tell the others."""
    if folder is None:
        return fire()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(folder / _LOCK):
        known = read(folder)
        if known is not None:
            return known
        said = fire()
        (folder / _SAID).write_text(said.written(), "utf-8")
        return said


def read(folder: Path) -> Said | None:
    """Return what was said in any process, if anything was."""
    try:
        return Said.read((folder / _SAID).read_text("utf-8"))
    except FileNotFoundError:
        return None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that ends with this process, however that ends."""
    import fcntl  # noqa: PLC0415 - not everywhere, and only needed by several processes

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
