"""The group of commands, and the last resort for errors.

Every error ends as one message with a hint, and as the exit status of its kind.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from typing import Any, NoReturn

import click

from ringspec.cli.exits import (
    INTERRUPTED,
    as_error,
    output_error,
    print_error,
    release_output,
    terminable,
)
from ringspec.cli.manual import ManualGroup, manual

# Subcommands in the order of the help.
COMMANDS = (
    *("run", "rules", "explain", "cases", "probe", "replay", "verify", "profile"),
    *("serve", "selftest", "prove", "cleanup", "compare", "completion"),
)
# Formats of cases and reports, without the imports of what writes them.
FORMATS = ("ringspec-case/1", "ringspec-report/1")
# A shell sets it to ask for completions.
COMPLETE_VARIABLE = "_RINGSPEC_COMPLETE"


class LazyCommand(click.Command):
    """Loads a subcommand only when it is called, so that help stays quick."""

    def load(self) -> click.Command:
        """Return the subcommand itself."""
        module = importlib.import_module(f"ringspec.cli.{self.name}_command")
        command: click.Command = module.command
        return command

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return its line in the help."""
        del limit
        return str(manual(f"ringspec {self.name}")["line"])

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        """Read the words of the subcommand."""
        return self.load().make_context(*args, **more)


@click.group(cls=ManualGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(
    package_name="ringspec",
    prog_name="ringspec",
    message=f"%(prog)s %(version)s ({', '.join(FORMATS)})",
)
@click.option("--traceback", is_flag=True, help="Show where an error comes from.")
def group(traceback: bool) -> None:  # noqa: FBT001 - click calls it so
    """Conformance of an HTTP API, rule by rule, by certified cases."""
    from platformdirs import user_cache_dir  # noqa: PLC0415 - help does without

    # What Hypothesis keeps is the user's, and does not litter where we run.
    folder = user_cache_dir("ringspec", appauthor=False)
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", folder)
    os.environ.setdefault("RINGSPEC_CACHE", os.path.join(folder, "lists"))  # noqa: PTH118 - quicker
    if traceback:
        os.environ["RINGSPEC_TRACEBACK"] = "1"


for _name in COMMANDS:
    group.add_command(LazyCommand(_name))


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command and exit with its status; or complete a command line."""
    raise SystemExit(status_of(arguments))


def status_of(arguments: list[str] | None) -> int:
    """Run the command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that has not every letter shall show \u2026, not end us.
            stream.reconfigure(errors="backslashreplace")
    try:
        with terminable():
            status = group.main(arguments, prog_name="ringspec", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (BrokenPipeError, SystemExit):
        # The reader of our output has enough: nothing is wrong. Rich then exits.
        return 0
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last resort
        found = as_error(error)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            found = output_error(error)
        if os.environ.get("RINGSPEC_TRACEBACK"):
            import traceback  # noqa: PLC0415 - rarely needed

            traceback.print_exception(error)
        if COMPLETE_VARIABLE not in os.environ:  # a prompt is no place for a message
            print_error(found)
        return found.exit_code
    finally:
        release_output()
