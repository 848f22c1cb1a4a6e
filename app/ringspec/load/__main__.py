"""Prints where the ready file for Locust is: `locust -f $(python -m ringspec.load)`."""

from __future__ import annotations

from pathlib import Path

print(Path(__file__).with_name("locustfile.py"))  # noqa: T201 - this line is its use
