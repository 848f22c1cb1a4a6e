"""Profiles: what a target needs, read from TOML, the environment and flags."""

from ringspec.harness.profile.loading import find, load, names, template
from ringspec.harness.profile.places import Places
from ringspec.harness.profile.record import (
    EMBEDDED,
    Expect,
    Pacing,
    Profile,
    Safety,
)

__all__ = [
    "EMBEDDED",
    "Expect",
    "Pacing",
    "Places",
    "Profile",
    "Safety",
    "find",
    "load",
    "names",
    "template",
]
