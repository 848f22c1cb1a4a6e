"""Options that several commands take, and what completes their values."""

from __future__ import annotations

import math
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from ringspec.spec import PROFILES, Level, UsageError, dialect_names, did_you_mean, load

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
Decorator = Callable[[Decorated], Decorated]
# Where a value was given by the user, and which are secrets, with their variables.
_GIVEN = (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)
_SECRETS = {
    "--bearer": "RINGSPEC_TOKEN",
    "--client-secret": "RINGSPEC_CLIENT_SECRET",
    "--user": "RINGSPEC_USER",
}
ReportPaths = list[tuple[str, Path]]
# What a run writes that is no single report.
EVIDENCE = "evidence"


def completer(
    names: Callable[[], Mapping[str, str] | Iterable[str]], *, files: bool = False
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Return a completer of names, keys of their help if any have one; or of files."""

    def complete(
        _ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        found = names()
        helps = found if isinstance(found, Mapping) else dict.fromkeys(found)
        items = [
            CompletionItem(name, help=about)
            for name, about in helps.items()
            if name.startswith(incomplete)
        ]
        is_file = files and not items
        return [CompletionItem(incomplete, type="file")] if is_file else items

    return complete


def rule_prefixes() -> dict[str, str]:
    """Return what rule ids begin with, and whole ids, with what each is."""
    rules = load().rules.values()
    groups = {each.group: "all rules of this group" for each in rules}
    return {**groups, **{str(each.id): each.sentence for each in rules}}


def added(*options: Decorator[Any]) -> Decorator[Any]:
    """Return a decorator that adds options to a command, listed in their order."""

    def decorate(command: Decorated) -> Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


class Choice(click.Choice):  # type: ignore[type-arg]  # generic since 8.4
    """One of some values, in any case; a misspelt one is told the nearest."""

    def __init__(self, values: Iterable[str]) -> None:
        super().__init__(values, case_sensitive=False)

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Say which there are, and which may be meant."""
        said = super().get_invalid_choice_message(value, ctx)
        near = did_you_mean(value, self.choices).rstrip()
        return f"{said[:-1]}; {near}" if near else said


flag = partial(click.option, is_flag=True)
file_type = click.Path(path_type=Path)
level_type = Choice([level.value for level in Level])
seed_option = click.option("--seed", type=int, default=0, help="Other cases.")
color_option = click.option(
    "--color",
    type=Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours in the terminal.",
)


def format_option(*shapes: str, text: str = "How to print it.") -> Decorator[Any]:
    """Return the option `--format`; the first shape is the default."""
    shown = Choice(shapes)
    return click.option("--format", "shape", type=shown, default=shapes[0], help=text)


def _run_formats() -> Iterable[str]:
    from ringspec.reports import FORMATS  # noqa: PLC0415 - only to complete

    return (*FORMATS, EVIDENCE)


def reports_option(
    text: str, formats: Callable[[], Iterable[str]] = _run_formats
) -> Decorator[Any]:
    """Return the option `--report`, with its help and the formats that complete it."""
    return click.option(
        "--report",
        "reports",
        metavar="FORMAT=PATH|-",
        multiple=True,
        shell_complete=completer(
            lambda: [
                f"{name}=report.{'zip' if name == EVIDENCE else name}"
                for name in formats()
            ]
        ),
        help=text,
    )


document_options = added(
    click.option(
        "--contract",
        metavar="FILE",
        type=file_type,
        help="Another API's OpenAPI 3.1 file in place of ours.",
    ),
    click.option(
        "--operation",
        metavar="ID",
        help="The operation to test; by default the only POST with a JSON body.",
    ),
)
contract_options = added(
    document_options,
    click.option(
        "--dialect",
        metavar="NAME|FILE",
        envvar="RINGSPEC_DIALECT",
        shell_complete=completer(dialect_names, files=True),
        help="An OpenAPI Overlay that adapts the contract to a provider's spelling.",
    ),
)
selection_options = added(
    *(
        click.option(
            f"--{name}",
            metavar="ID-PREFIX",
            multiple=True,
            shell_complete=completer(rule_prefixes),
            help=f"{which} rules whose id begins so (repeatable).",
        )
        for name, which in (("select", "Only"), ("exclude", "No"))
    )
)
profile_option = click.option(
    "--profile",
    metavar="NAME|FILE",
    envvar="RINGSPEC_PROFILE",
    shell_complete=completer(
        lambda: [path.stem for path in PROFILES.glob("*.toml")], files=True
    ),
    help="What the target needs: URL, credentials, fixtures, pace, safety.",
)
access_options = added(
    click.option(
        "--bearer",
        metavar="TOKEN",
        # The second is what the printed lines of curl take the token from.
        envvar=["RINGSPEC_BEARER", "RINGSPEC_TOKEN"],
        help="The access token; better given as RINGSPEC_BEARER or RINGSPEC_TOKEN.",
    ),
    *(
        click.option(
            f"--{name}",
            metavar=metavar,
            envvar=f"RINGSPEC_{name.upper().replace('-', '_')}",
            help=text,
        )
        for name, metavar, text in (
            ("client-id", "ID", "Id of the client that fetches a token."),
            (
                "client-secret",
                "SECRET",
                "Its secret; better given as RINGSPEC_CLIENT_SECRET.",
            ),
            (
                "token-url",
                "URL",
                "Where client id and secret are exchanged for a token.",
            ),
            ("user", "NAME:PASSWORD", "Basic credentials; better as RINGSPEC_USER."),
        )
    ),
    click.option(
        "--header",
        "headers",
        metavar="NAME=VALUE",
        multiple=True,
        help="A header of every request to the target (repeatable).",
    ),
    click.option(
        "--ca",
        metavar="FILE",
        type=click.Path(),
        help="Certificates to trust, in PEM form, in place of the usual ones.",
    ),
    flag("--insecure", help="Check no certificate; said loudly, but on this machine."),
)


def _finite(
    _ctx: click.Context, _option: click.Parameter, seconds: float | None
) -> float | None:
    if seconds is not None and not math.isfinite(seconds):
        raise UsageError("--timeout is no number", hint="give seconds")
    return seconds


_timeout = partial(
    click.option,
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    callback=_finite,
)
timeout_option = _timeout(default=5.0, help="How long an answer may take.")
pace_options = added(
    click.option(
        "--workers",
        type=click.IntRange(1, 64),
        help="Requests under way at once; 4 on this machine, 1 elsewhere.",
    ),
    click.option(
        "--rate",
        metavar="N/s",
        help="So many requests a second at most; 5 for a live target.",
    ),
    # Without a default, which would go before the profile's.
    _timeout(help="How long an answer may take; 5 by default."),
)


def _checked_docs(
    _ctx: click.Context, _option: click.Parameter, base: str | None
) -> str:
    from ringspec.reports import checked_docs  # noqa: PLC0415 - `serve` may do without

    return checked_docs(base) if base else ""


docs_option = click.option(
    "--docs",
    metavar="URL",
    envvar="RINGSPEC_DOCS",
    callback=_checked_docs,
    help="Where this documentation is published: reports link each rule to it.",
)


def typed(context: click.Context) -> dict[str, str]:
    """Return what a command was given, by option, as a shell takes it.

    The argument stands under an empty name; variables stand for secrets.
    """
    found: dict[str, str] = {}
    for each in context.command.params:
        source = context.get_parameter_source(each.name or "")
        value, name = context.params.get(each.name or ""), each.opts[0]
        if source not in _GIVEN or value in (None, ()):
            continue
        texts = value if isinstance(value, tuple) else (value,)
        if isinstance(each, click.Argument):
            found[""] = shlex.join(texts)
        elif name in _SECRETS:
            is_typed = source is ParameterSource.COMMANDLINE
            found[name] = f'{name} "${_SECRETS[name]}"' if is_typed else ""
        elif name == "--header":
            found[name] = " ".join(f"{name} {_header(text)}" for text in texts)
        elif value is True:
            found[name] = name
        else:
            found[name] = " ".join(shlex.join((name, str(text))) for text in texts)
    return found


def _header(text: str) -> str:
    from ringspec.harness.sending.exchange import shown  # noqa: PLC0415 - rarely needed

    name, _, value = text.partition("=")
    place = shown(name, value)
    return shlex.quote(text) if place == value else f'"{name}=${place}"'


def screen(wanted: Iterable[tuple[str, Path]]) -> TextIO:
    """Return where people read: not where a report goes that takes standard output."""
    return sys.stderr if any(str(path) == "-" for _, path in wanted) else sys.stdout


def report_paths(
    texts: Iterable[str],
    check: Callable[[str, Path], None],
    example: str = "json=report.json",
) -> ReportPaths:
    """Read the values of `--report`, each a format and a path, which `check` checks.

    Raises:
        UsageError: one has no path or no known format, or two have one path.
        ReportError: a path does not look writable.
    """
    listed: ReportPaths = []
    for text in texts:
        name, separator, path = text.partition("=")
        if not separator or not path:
            raise UsageError(
                f"--report {text!r} has no path", hint=f"write it as {example}"
            )
        if Path(path) in (known for _, known in listed):
            raise UsageError(
                f"two reports would go to {path}", hint="give each a path of its own"
            )
        check(name, Path(path))
        listed.append((name, Path(path)))
    return listed
