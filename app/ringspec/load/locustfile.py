"""The ready file for Locust; `python -m ringspec.load` prints where it is."""

from ringspec.load.users import ConformanceUser

__all__ = ["ConformanceUser"]
