"""The pytest plugin: what the types of its fixtures are."""

from ringspec.plugin.servers import Mutants as Mutants
from ringspec.plugin.servers import Server as Server
