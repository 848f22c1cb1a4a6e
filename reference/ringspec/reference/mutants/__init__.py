"""Variants of the reference: mutants, and servers that are lawful all the same."""
