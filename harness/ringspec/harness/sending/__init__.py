"""Sending requests: the target, how it is reached, how fast, and how safely."""
