"""The sample run."""

from ...snapshot.conftest import record, sample  # noqa: TID252 - tests are no distribution

__all__ = ["record", "sample"]
