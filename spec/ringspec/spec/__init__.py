"""The contract of a server: its rules, dialects, and proof of breaches."""

from ringspec.spec.lazy import public as public

__getattr__ = public(__name__, __file__)
