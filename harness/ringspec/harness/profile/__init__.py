"""Profiles: what a target needs, read from TOML, the environment and flags."""

from ringspec.harness.profile.profile import (
    Places,
    Profile,
    load,
    names,
    template,
    variables,
)

__all__ = [
    "Places",
    "Profile",
    "load",
    "names",
    "template",
    "variables",
]
