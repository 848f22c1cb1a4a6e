"""Prints where the file for Locust is: `locust -f $(python -m ringspec.load)`."""

from __future__ import annotations

from pathlib import Path

print(Path(__file__).with_name("users.py"))  # noqa: T201 - printed for a command line
