"""Options that several commands take, and what completes their values."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from ringspec.spec import PROFILES, Level, UsageError, dialect_names, load

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
Decorator = Callable[[Decorated], Decorated]
ReportPaths = list[tuple[str, Path]]

DOCS_VARIABLE = "RINGSPEC_DOCS"
_DOCS_KEY = "ringspec.docs"


def completer(
    names: Callable[[], Mapping[str, str] | Iterable[str]], *, files: bool = False
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Return a completer of values.

    Args:
        names: returns the values, as keys of their help if they have any.
        files: whether a file may stand there, where no name fits.
    """

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


def _rule_prefixes() -> dict[str, str]:
    rules = load().rules.values()
    groups = {each.group: "all rules of this group" for each in rules}
    return {**groups, **{str(each.id): each.sentence for each in rules}}


def _report_formats() -> list[str]:
    from ringspec.reports import FORMATS  # noqa: PLC0415 - only to complete

    return report_values(FORMATS)


def report_values(formats: Iterable[str]) -> list[str]:
    """Return values of `--report` for some formats."""
    return [f"{name}=report.{name}" for name in formats]


def added(*options: Decorator[Any]) -> Decorator[Any]:
    """Return a decorator that adds options to a command, listed in their order."""

    def decorate(command: Decorated) -> Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


level_type = click.Choice([level.value for level in Level])
seed_option = click.option("--seed", type=int, default=0, help="Other cases.")
color_option = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    help="Colours in the terminal.",
)
reports_option = partial(
    click.option,
    "--report",
    "reports",
    metavar="FORMAT=PATH",
    multiple=True,
    shell_complete=completer(_report_formats),
)
document_options = added(
    click.option(
        "--contract",
        metavar="FILE",
        type=click.Path(path_type=Path),
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
    click.option(
        "--select",
        metavar="ID-PREFIX",
        multiple=True,
        shell_complete=completer(_rule_prefixes),
        help="Only rules whose id begins so (repeatable).",
    ),
    click.option(
        "--exclude",
        metavar="ID-PREFIX",
        multiple=True,
        shell_complete=completer(_rule_prefixes),
        help="No rules whose id begins so (repeatable).",
    ),
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
credential_options = added(
    click.option(
        "--bearer",
        metavar="TOKEN",
        # The second is what the printed lines of curl take the token from.
        envvar=["RINGSPEC_BEARER", "RINGSPEC_TOKEN"],
        help="The access token; better given as RINGSPEC_BEARER or RINGSPEC_TOKEN.",
    ),
    click.option(
        "--client-id",
        metavar="ID",
        envvar="RINGSPEC_CLIENT_ID",
        help="Id of the client that fetches a token.",
    ),
    click.option(
        "--client-secret",
        metavar="SECRET",
        envvar="RINGSPEC_CLIENT_SECRET",
        help="Its secret; better given as RINGSPEC_CLIENT_SECRET.",
    ),
    click.option(
        "--token-url",
        metavar="URL",
        envvar="RINGSPEC_TOKEN_URL",
        help="Where client id and secret are exchanged for a token.",
    ),
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


def _keep_docs(ctx: click.Context, _option: click.Parameter, base: str | None) -> None:
    from ringspec.reports import checked_docs  # noqa: PLC0415 - `serve` may do without

    ctx.meta[_DOCS_KEY] = checked_docs(base) if base else ""


docs_option = click.option(
    "--docs",
    metavar="URL",
    envvar=DOCS_VARIABLE,
    expose_value=False,
    callback=_keep_docs,
    help="Where this documentation is published: reports link each rule to it.",
)


def docs_base() -> str:
    """Return the value of `--docs`; outside of a command, that of its variable.

    Raises:
        UsageError: the variable has no address.
    """
    context = click.get_current_context(silent=True)
    if context is not None and _DOCS_KEY in context.meta:
        return str(context.meta[_DOCS_KEY])
    from ringspec.reports import checked_docs  # noqa: PLC0415 - as above

    base = os.environ.get(DOCS_VARIABLE, "")
    return checked_docs(base) if base else ""


def report_paths(
    texts: Iterable[str],
    check: Callable[[str, Path], None],
    example: str = "json=report.json",
) -> ReportPaths:
    """Read the values of `--report`, each a format and a path.

    Args:
        texts: the values.
        check: raises what keeps a format from being written to a path.
        example: shown in the hint of an error.

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
