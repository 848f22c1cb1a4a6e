"""Profiles: what a target needs, read from TOML, the environment and flags."""

from ringspec.harness.profile.loading import load, names, template, variables
from ringspec.harness.profile.profile import Places, Profile

__all__ = [
    "Places",
    "Profile",
    "load",
    "names",
    "template",
    "variables",
]
