from __future__ import annotations

import pytest

from ringspec.load import Ammunition, Options

TOKEN = "a-token-of-length"


@pytest.fixture(scope="package")
def ammunition() -> Ammunition:
    options = Options(select=("retryDelays", "answer.echo", "robustness"))
    return Ammunition.of("http://127.0.0.1:9", options, {"RINGSPEC_TOKEN": TOKEN})
