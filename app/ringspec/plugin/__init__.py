"""The pytest plugin: what the types of its fixtures are."""

from ringspec.plugin.entry import Mutants as Mutants
from ringspec.plugin.entry import Server as Server
