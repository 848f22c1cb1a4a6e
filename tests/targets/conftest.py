"""Installing other people's servers, only where somebody asks for them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from .stacks import install


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the stacks are; `RINGSPEC_TARGETS` names a folder to keep."""
    if shutil.which("npm") is None:
        pytest.skip("half of the servers are installed by npm, which is not here")
    kept = os.environ.get("RINGSPEC_TARGETS")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("targets")
    install(folder)
    return folder
