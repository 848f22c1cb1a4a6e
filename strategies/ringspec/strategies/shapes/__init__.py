"""Schemas compiled into shapes, and valid bodies built or drawn from them."""
