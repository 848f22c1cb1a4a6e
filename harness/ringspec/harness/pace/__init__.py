"""Pace: when requests go out, and whether once more."""
