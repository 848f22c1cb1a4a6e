"""The contract of a server: its rules, dialects, and proof of breaches."""

from ringspec.spec.lazy import public as public

# Named like its module, which would hide it.
from ringspec.spec.questions import questions as questions

__getattr__ = public(__name__, __file__)
