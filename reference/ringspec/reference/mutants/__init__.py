"""Variants of the reference: mutants, and servers that are lawful all the same."""

from __future__ import annotations

from ringspec.reference.mutants.rows import (
    BUSY,
    EQUIVALENT,
    LAWFUL,
    MUTANTS,
    SHARED,
    Variant,
    variant,
)

__all__ = ["BUSY", "EQUIVALENT", "LAWFUL", "MUTANTS", "SHARED", "Variant", "variant"]
