"""Adequacy: whether the case list detects each mutation of its contract."""
