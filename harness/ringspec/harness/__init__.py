"""Firing cases at a target, and judging its answers."""

from ringspec.spec import public

__getattr__ = public(__name__, __file__)
