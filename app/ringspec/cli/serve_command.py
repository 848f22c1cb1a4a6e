"""`ringspec serve`: the reference server for people, and for clients under test."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict

import click

from ringspec.cli.options import Given, completer, subcommand
from ringspec.reference import DIALECTS, HOST, ServerLimits, ServerSettings, serve
from ringspec.spec import UsageError, check_known

# RFC 6750, section 2.1. A shorter one cannot be redacted: it would stand in any text.
_TOKEN = re.compile("[!-~]{4,4096}")


def _mutants() -> dict[str, str]:
    from ringspec.reference import MUTANTS  # noqa: PLC0415 - loading takes a while

    return {each.name: each.defect for each in MUTANTS.values()}


@subcommand(
    "serve",
    host={"default": HOST},
    dialect={
        "shell_complete": completer(lambda: DIALECTS),
        "help": f"The spelling that it speaks: {', '.join(DIALECTS)}.",
    },
    mutant={"shell_complete": completer(_mutants)},
    **{name: {"default": most} for name, most in asdict(ServerLimits()).items()},
)
def command(given: Given) -> int:
    """Serve the reference server until interrupted; by default to this machine only."""
    if given.list_mutants:
        from ringspec.reference import BUSY, MUTANTS  # noqa: PLC0415 - as above
        from ringspec.reports import console, print_template  # noqa: PLC0415 - likewise

        fleets = (MUTANTS.values(), BUSY.values())
        print_template(console(sys.stdout), "mutants.txt", fleets=fleets)
        return 0
    host, token = given.host, given.token
    check_known("dialect", given.dialect, DIALECTS)
    if given.mutant is not None:
        from ringspec.reference import BUSY, MUTANTS  # noqa: PLC0415 - as above

        known, hint = [*MUTANTS, *BUSY], "--list-mutants lists them"
        check_known("mutant", given.mutant, known, hint)
    if host != HOST:
        from ringspec.harness.sending.policy import is_loopback  # noqa: PLC0415 - rare

        if not is_loopback(f"http://[{host}]" if ":" in host else f"http://{host}"):
            click.echo(
                f"warning: listening on {host}: whoever reaches this machine can use"
                " the server, and its token goes unencrypted",
                err=True,
            )
    if token is not None and not _TOKEN.fullmatch(token):
        raise UsageError(
            "--token (or RINGSPEC_TOKEN) is no token that a header can hold",
            hint="4 to 4,096 visible ASCII characters, without blanks; or leave it out",
        )
    known_limits = asdict(ServerLimits())
    limits = {name: it for name, it in vars(given).items() if name in known_limits}
    settings = ServerSettings(
        dialect=given.dialect,
        mutant=given.mutant,
        limits=ServerLimits(**limits),
        **({} if token is None else {"token": token}),
    )
    try:
        if given.record is None and not given.reports:
            serve(settings, host=host, port=given.port)
            return 0
        # It takes a while to import, and a mere server needs none of it.
        from ringspec.cli.recording import Recording  # noqa: PLC0415
        from ringspec.harness.recording import Capture  # noqa: PLC0415

        recording = Recording(given)
        serve(
            settings,
            host=host,
            port=given.port,
            announce=recording.begin,
            wrap=lambda app: Capture(app, recording.enqueue),
        )
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"cannot listen on {host}, port {given.port}: {why}",
            hint="--port 0 takes a free one; --host is an address of this machine",
        ) from error
    return recording.end()
