"""`ringspec profile`: write a profile to begin with, and try one step by step."""

from __future__ import annotations

import shlex
from contextlib import nullcontext
from pathlib import Path

import click

from ringspec.cli.manual import ManualCommand, ManualGroup
from ringspec.cli.options import Given, completer, file_type, subcommand
from ringspec.cli.run_setup import RunSetup, access_flags
from ringspec.harness.profile import load, names, template
from ringspec.harness.profile.checking import ProfileCheck
from ringspec.reports import Redactor
from ringspec.spec import UsageError

_INCONCLUSIVE = 3


@click.group("profile", cls=ManualGroup)
def command() -> None:
    """Write a profile of a target, and try it."""


@subcommand("check")
@click.argument(
    "name", metavar="NAME|FILE", shell_complete=completer(names, files=True)
)
@click.argument("url", metavar="[URL]", required=False)
def check(options: Given) -> int:
    """Try a profile step by step; nothing is changed on the target."""
    flags = {"dialect": options.dialect, **access_flags(vars(options))}
    profile = load(options.name, flags)
    address = profile.address(options.url)
    row = "{:<8} {:<9} {}".format
    click.echo(row("ok", "file", f"{profile.name} can be read"))
    setup = RunSetup(
        profile=profile, contract_file=options.contract, operation=options.operation
    )
    # The steps check a given URL themselves.
    server = (
        setup.server(None)
        if address is None
        else nullcontext(lambda: (address, profile.credentials))
    )
    failed = False
    with server as resolve:
        title = f"{setup.contract.title} {setup.contract.version}"
        click.echo(row("ok", "contract", f"it fits {title}"))
        checked = ProfileCheck(profile, setup.contract, *resolve())
        for step in checked.steps():
            failed |= step.state == "failed"
            redactor = Redactor(checked.secrets)
            click.echo(redactor.url(row(step.state, step.name, step.message)))
            if step.hint:
                click.echo(redactor.url(row("", "", f"hint: {step.hint}")))
    return _INCONCLUSIVE if failed else 0


command.add_command(check)


@command.command("init", cls=ManualCommand)
@click.argument("path", metavar="[FILE]", default="profile.toml", type=file_type)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def init(*, path: Path, force: bool) -> None:
    """Write a profile that says what there is; profile.toml without FILE."""
    mode = "w" if force else "x"
    try:
        with path.open(mode, encoding="utf-8", newline="\n") as file:
            file.write(template())
    except FileExistsError as error:
        raise UsageError(
            f"{path} is there already",
            hint="name another file, or replace it with --force",
        ) from error
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="does its folder exist, and is there room?",
        ) from error
    try_it = shlex.join(("ringspec", "profile", "check", str(path)))
    click.echo(f"{path} is written; try it with `{try_it}`")
