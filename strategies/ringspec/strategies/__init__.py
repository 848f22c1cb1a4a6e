"""Cases compiled from a contract, with proof, and bodies drawn from it."""

from ringspec.spec import public

__getattr__ = public(__name__, __file__)
