"""The sample run, and the tables of tests."""

from pathlib import Path

from ringspec.spec import reading

from ...snapshot.conftest import record, sample  # noqa: TID252 - tests are no distribution

__all__ = ["TABLES", "record", "sample"]

TABLES = reading.read(Path(__file__).parent / "data" / "tables.yaml")
