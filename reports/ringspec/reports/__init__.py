"""Renders the results of a run: terminal, files, comparisons; reads reports back."""

# Named like their modules, which would hide them.
from ringspec.reports.console import console as console
from ringspec.reports.curl import curl as curl
from ringspec.spec import public

__getattr__ = public(__name__, __file__)
