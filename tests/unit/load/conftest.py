from __future__ import annotations

import pytest

from ringspec.load import LoadOptions, LoadSetup

TOKEN = "a-token-of-length"


@pytest.fixture(scope="package")
def setup() -> LoadSetup:
    options = LoadOptions(select=("retryDelays", "answer.echo", "robustness"))
    return LoadSetup.of("http://127.0.0.1:9", options, {"RINGSPEC_TOKEN": TOKEN})
