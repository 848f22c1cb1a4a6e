"""`ringspec serve`: the reference server for people, and for clients under test."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from ringspec.cli.manual import ManualCommand
from ringspec.cli.options import completer, docs_option, level_type, reports_option
from ringspec.reference import DIALECTS, HOST, ServerLimits, ServerSettings, serve
from ringspec.spec import Level, UsageError, check_known

_LIMITS = ServerLimits()
# RFC 6750, section 2.1. A shorter one cannot be redacted: it would stand in any text.
_TOKEN = re.compile("[!-~]{4,4096}")


def _mutants() -> dict[str, str]:
    from ringspec.reference import MUTANTS  # noqa: PLC0415 - loading takes a while

    return {each.name: each.defect for each in MUTANTS.values()}


@click.command("serve", cls=ManualCommand)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--host",
    default=HOST,
    help="Address to listen on; others than this machine's own let others in.",
)
@click.option(
    "--dialect",
    metavar="NAME",
    shell_complete=completer(lambda: DIALECTS),
    default="canonical",
    help=f"The spelling that it speaks: {', '.join(DIALECTS)}.",
)
@click.option(
    "--mutant",
    metavar="NAME",
    shell_complete=completer(_mutants),
    help="Serve with this defect; none by default.",
)
@click.option(
    "--token",
    metavar="TOKEN",
    envvar="RINGSPEC_TOKEN",
    help="The access token that it takes; a random one by default.",
)
@click.option("--list-mutants", is_flag=True, help="Print the defects and exit.")
@click.option(
    "--record",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Judge what clients send; add a line of JSON for each request.",
)
@reports_option(
    "Judge what clients send; write a report of it at the end (repeatable):"
    " html, json, ndjson, junit, har, markdown, badge.",
)
@docs_option
@click.option(
    "--level",
    type=level_type,
    default=Level.MUST.value,
    help="What fails a client that is judged.",
)
@click.option(
    "--max-broadcasts",
    "broadcasts",
    metavar="N",
    type=click.IntRange(min=1),
    default=_LIMITS.broadcasts,
    help="Broadcasts that are kept; the oldest are forgotten.",
)
@click.option(
    "--max-body",
    "body_bytes",
    metavar="BYTES",
    type=click.IntRange(min=1),
    default=_LIMITS.body_bytes,
    help="The largest body that is read; larger ones are answered 413.",
)
@click.option(
    "--max-connections",
    "connections",
    metavar="N",
    type=click.IntRange(min=1),
    default=_LIMITS.connections,
    help="Connections open at once; the longest idle is closed.",
)
@click.option(
    "--max-seconds",
    "request_s",
    metavar="S",
    type=click.FloatRange(min=0.1, max=86400),
    default=_LIMITS.request_s,
    help="How long the head of a request may take to come, and its body.",
)
def command(  # noqa: PLR0913 - its options
    *,
    port: int,
    host: str,
    dialect: str,
    mutant: str | None,
    token: str | None,
    list_mutants: bool,
    record: Path | None,
    reports: tuple[str, ...],
    docs: str,
    level: str,
    **limits: Any,
) -> int:
    """Serve the reference server, until interrupted; by default to this machine only.

    The first line printed is JSON: url, token_url, client_id, client_secret, token.

    With --record or --report each request is held against the contract's rules. The
    exit status is then 1 if a rule of the --level was broken, 0 if none was, 3 if
    nothing was sent.
    """
    if list_mutants:
        _list_mutants()
        return 0
    check_known("dialect", dialect, DIALECTS)
    if mutant is not None:
        from ringspec.reference import BUSY, MUTANTS  # noqa: PLC0415 - as above

        check_known("mutant", mutant, [*MUTANTS, *BUSY], "--list-mutants lists them")
    if host != HOST:
        _warn_of(host)
    given = {} if token is None else {"token": _checked(token)}
    settings = ServerSettings(
        dialect=dialect, mutant=mutant, limits=ServerLimits(**limits), **given
    )
    try:
        if record is None and not reports:
            serve(settings, host=host, port=port)
            return 0
        # It takes a while to import, and a mere server needs none of it.
        from ringspec.cli.recording import Recording  # noqa: PLC0415

        recording = Recording(record, reports, dialect, level, docs)
        serve(
            settings,
            host=host,
            port=port,
            announce=recording.begin,
            wrap=recording.wrap,
        )
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"cannot listen on {host}, port {port}: {why}",
            hint="--port 0 takes a free one; --host is an address of this machine",
        ) from error
    return recording.end()


def _list_mutants() -> None:
    from ringspec.reference import BUSY, MUTANTS  # noqa: PLC0415 - loading takes a while

    for mutants in (MUTANTS, BUSY):
        if mutants is BUSY:
            click.echo("\nonly under load, so that no plain run notices them:\n")
        for each in mutants.values():
            click.echo(f"{each.name}  ({each.rule})\n    {each.defect}")


def _warn_of(host: str) -> None:
    """Warn if other machines can reach the server."""
    from ringspec.harness.sending.policy import is_loopback  # noqa: PLC0415 - rarely needed

    where = f"[{host}]" if ":" in host else host
    if not is_loopback(f"http://{where}"):
        click.echo(
            f"warning: listening on {host}: whoever reaches this machine can use the"
            " server, and its token goes unencrypted",
            err=True,
        )


def _checked(token: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise UsageError(
            "--token (or RINGSPEC_TOKEN) is no token that a header can hold",
            hint="4 to 4,096 visible ASCII characters, without blanks; or leave it out",
        )
    return token
