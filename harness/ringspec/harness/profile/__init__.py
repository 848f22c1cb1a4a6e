"""Profiles: what a target needs, read from TOML, the environment and flags."""

from ringspec.harness.profile.profile import Places as Places
from ringspec.harness.profile.profile import Profile as Profile
from ringspec.harness.profile.profile import load as load
from ringspec.harness.profile.profile import names as names
from ringspec.harness.profile.profile import template as template
from ringspec.harness.profile.profile import variables as variables
