"""The sample run."""

from __future__ import annotations

from types import ModuleType

import pytest

from ringspec.reports import Record, Recorder

from ...snapshot import sample as sample_run  # noqa: TID252 - tests are no distribution


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    return sample_run


@pytest.fixture
def record(sample: ModuleType) -> Record:
    recorder = Recorder()
    for event in sample.events():
        recorder.handle(event)
    return recorder.record
