"""The sample run."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from ringspec.reports import Record, Recorder


@pytest.fixture(scope="session")
def sample() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "report_sample", Path(__file__).parents[2] / "snapshot" / "sample.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def record(sample: ModuleType) -> Record:
    recorder = Recorder()
    for event in sample.events():
        recorder.handle(event)
    return recorder.record
