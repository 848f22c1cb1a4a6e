"""`ringspec profile`: write a profile to begin with, and try one step by step."""

from __future__ import annotations

from pathlib import Path

import click

from ringspec.cli.firing import Target, credential_options, embedded, fitted, stated
from ringspec.cli.options import contract_options
from ringspec.harness.profile import Profile, load, template
from ringspec.harness.profile.checking import CheckState, CheckStep, ProfileCheck
from ringspec.reports import Redactor
from ringspec.spec import UsageError

_INCONCLUSIVE = 3


@click.group("profile")
def command() -> None:
    """Write a profile of a target, and try it."""


@command.command("init")
@click.argument(
    "path", metavar="[FILE]", default="profile.toml", type=click.Path(path_type=Path)
)
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
    click.echo(f"{path} is written; try it with `ringspec profile check {path}`")


@command.command("check")
@click.argument("name", metavar="NAME|FILE")
@click.argument("url", metavar="[URL]", required=False)
@credential_options
@contract_options
def check(
    *,
    name: str,
    url: str | None,
    contract: Path | None,
    operation: str | None,
    dialect: str | None,
    **credentials: str | None,
) -> int:
    """Try a profile step by step; nothing is changed on the target.

    Only on this machine, and if the profile has allow_create, one create is sent.

    Exit status: 0 if no step fails, 2 if the profile is at fault, 3 if the target is.
    """
    profile = load(name, stated({"dialect": dialect, "credentials": credentials}))
    address = profile.address(url)
    _print(_ok("file", f"{profile.name} can be read"))
    with _target(profile, address, contract) as target:
        adapted = fitted(profile, contract, operation, profile.dialect)
        _print(_ok("contract", f"it fits {adapted.title} {adapted.version}"))
        where, shown = target.resolve()
        checked = ProfileCheck(profile, adapted, where, shown)
        failed = False
        for step in checked.steps():
            failed |= step.state == CheckState.FAILED
            _print(step, Redactor(checked.secrets))
    return _INCONCLUSIVE if failed else 0


def _target(profile: Profile, url: str | None, contract: Path | None) -> Target:
    if url is not None:
        return Target(url, profile.credentials, None)
    return embedded(profile.credentials, contract, profile.dialect)


def _ok(name: str, message: str) -> CheckStep:
    return CheckStep(name=name, state=CheckState.OK, message=message)


def _print(step: CheckStep, redactor: Redactor | None = None) -> None:
    lines = [f"{step.state:<8} {step.name:<9} {step.message}"]
    if step.hint:
        lines.append(f"{'':<8} {'':<9} hint: {step.hint}")
    for line in lines:
        click.echo(redactor.url(line) if redactor else line)
