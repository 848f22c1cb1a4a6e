"""Profiles: what a target needs, read from TOML, the environment and flags."""

from ringspec.harness.profile.loading import find, load, names, template, variables
from ringspec.harness.profile.profile import EMBEDDED, Places, Profile

__all__ = [
    "EMBEDDED",
    "Places",
    "Profile",
    "find",
    "load",
    "names",
    "template",
    "variables",
]
