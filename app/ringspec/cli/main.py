"""The group of commands, and how an error leaves the program.

Every error of ours ends here: one message that says what, where and what to do, and the
exit status of its kind. A traceback is shown only when asked for.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

import click

from ringspec.cli.completing import VARIABLE, answers, known_formats
from ringspec.cli.manual import Commands, with_manual
from ringspec.cli.output import output_error, release_output
from ringspec.cli.signals import terminable

if TYPE_CHECKING:
    # It loads the contract's reader, which help has no need of.
    from ringspec.spec import RingspecError

# Subcommands, in the order in which one meets them, with their line in the help.
COMMANDS = {
    "run": "Test a server, rule by rule.",
    "rules": "Print the rules, with their sources.",
    "cases": "Print every case as a line of JSON.",
    "probe": "Find out which spelling a server takes.",
    "replay": "Fire again a case, or what failed in a report.",
    "profile": "Write a target's profile, or try one.",
    "serve": "Serve the reference server, or a mutant.",
    "selftest": "Run against every mutant: the kill matrix.",
    "prove": "Prove that the cases tell every contract mutant.",
    "cleanup": "Delete what a live run has left.",
    "compare": "Set reports side by side, or join shards.",
    "completion": "Have a shell complete all this.",
}
INTERRUPTED = 130


class _Group(Commands):
    """Loads a subcommand only when it is called, so that help stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the subcommands."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a subcommand."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"ringspec.cli.{cmd_name}_command")
        return with_manual(module.command, cmd_name)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List the subcommands without loading them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click calls it so
    if value:
        from importlib.metadata import version  # noqa: PLC0415 - slow to import

        formats = ", ".join(known_formats())
        click.echo(f"ringspec {version('ringspec')} ({formats})")
        ctx.exit()


@click.group(
    cls=_Group,
    page="",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version and exit.",
)
@click.option("--traceback", is_flag=True, help="Show where an error comes from.")
def group(traceback: bool) -> None:  # noqa: FBT001 - click calls it so
    """Conformance of an HTTP API, rule by rule, by certified cases.

    Exit status: 0 conformant, 1 nonconformant, 2 wrong usage, 3 inconclusive,
    4 a bug of ours, 130 interrupted.
    """
    if traceback:
        os.environ["RINGSPEC_TRACEBACK"] = "1"


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command and exit with its status; or help a shell to complete it."""
    if shell := os.environ.get(VARIABLE):
        words = sys.argv[1:] if arguments is None else arguments
        with suppress(OSError):  # nobody may be left to read it
            for line in answers(words, shell):
                click.echo(line)
        sys.exit(0)
    sys.exit(_status(arguments))


def _status(arguments: list[str] | None) -> int:
    try:
        with terminable():
            status = _called(arguments)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last resort
        return _told(error)
    finally:
        release_output()
    return status


def _called(arguments: list[str] | None) -> int:
    """Call the command, and return its status, or what its end on the way means."""
    try:
        status = group.main(arguments, prog_name="ringspec", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (BrokenPipeError, SystemExit):
        # Whoever read our output has had enough: nothing is wrong. Rich then exits.
        return 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise output_error(error) from error
    return status if isinstance(status, int) else 0


def as_error(error: Exception) -> RingspecError:
    """Return an error as one of ours, which is a bug if it is none."""
    from ringspec.spec import InternalError, RingspecError  # noqa: PLC0415 - as above

    if isinstance(error, RingspecError):
        return error
    return InternalError(
        f"a bug in ringspec: {type(error).__name__}: {error}",
        hint="please report it, with what `ringspec --traceback …` shows",
    )


def _told(error: Exception) -> int:
    """Tell of an error, and return the exit status."""
    return _failed(as_error(error), error)


def _failed(error: RingspecError, cause: Exception) -> int:
    if os.environ.get("RINGSPEC_TRACEBACK"):
        import traceback  # noqa: PLC0415 - rarely needed

        traceback.print_exception(cause)
    click.echo(f"ringspec: {error}", err=True)
    if error.hint:
        click.echo(f"    hint: {error.hint}", err=True)
    return error.exit_code
