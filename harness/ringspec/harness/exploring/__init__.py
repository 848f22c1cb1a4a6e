"""Exploring: the search for what no list foresees."""
