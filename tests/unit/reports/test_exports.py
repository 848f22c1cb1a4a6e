from __future__ import annotations

import subprocess
import sys

import ringspec.reports


def test_every_public_name_is_there() -> None:
    assert all(hasattr(ringspec.reports, name) for name in ringspec.reports.__all__)


def test_importing_the_reports_loads_no_junitparser() -> None:
    code = "import sys, ringspec.reports; print('junitparser' in sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"
