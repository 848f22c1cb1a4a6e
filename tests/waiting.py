"""Waiting for what another process or thread is about to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def eventually(holds: Callable[[], Any]) -> Any:
    """Wait for something to hold, and return it; a busy machine is given its time."""
    end = time.monotonic() + 120
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(0.01)
    return found
