"""The command: one module for each subcommand, loaded when it is called."""

from ringspec.cli.main import main as main
