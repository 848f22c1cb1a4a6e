"""The pytest plugin: what the types of its fixtures are."""

from ringspec.plugin.servers import Mutants, Server

__all__ = ["Mutants", "Server"]
