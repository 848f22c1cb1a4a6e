"""Profiles: what a target needs, read from TOML, the environment and flags."""

from ringspec.harness.profile.loading import find, load, names, template
from ringspec.harness.profile.places import Places
from ringspec.harness.profile.record import (
    EMBEDDED,
    Expect,
    Profile,
)

__all__ = [
    "EMBEDDED",
    "Expect",
    "Places",
    "Profile",
    "find",
    "load",
    "names",
    "template",
]
