"""`ringspec probe`: find out how a server has what the sources leave open."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from contextlib import suppress
from pathlib import Path

import click

from ringspec.cli.options import Given, subcommand
from ringspec.cli.run_setup import access_flags
from ringspec.harness.probing import ProbeAnswer, Prober, Sureness
from ringspec.harness.profile import load as load_profile
from ringspec.harness.sending.guard import Guard
from ringspec.harness.sending.policy import Safety, checked_url, is_loopback
from ringspec.harness.sending.target import Target
from ringspec.reports import console, print_template
from ringspec.spec import Json, ReportError, TargetError, load, overlay_of, questions

_OPEN = 3


@subcommand("probe")
@click.argument("url")
def command(options: Given) -> int:
    """Find out how the server at URL has what the sources leave open."""
    url, contract, write = options.url, options.contract, options.write
    operation, timeout = options.operation, options.timeout
    checked_url(url)
    if not is_loopback(url):
        raise TargetError(
            f"{url} is not on this machine: nothing was sent",
            hint="a create may ring real phones; only loopback targets are probed",
        )
    if write and (write.is_dir() or not write.absolute().parent.is_dir()):
        raise ReportError(
            f"cannot write {write}: no file can be there",
            hint="--write takes a file in a folder that exists",
        )
    loaded, asked = load(contract, operation=operation), questions(contract)
    profile = load_profile(None, access_flags(vars(options)))
    hosts = profile.safety.hosts(url)
    filling = profile.credentials.filling(timeout, profile.route, hosts)
    filling = filling.fitted()  # the contract knows no other header
    click.echo(f"{url}, {loaded.title} {loaded.version}")
    route = profile.route
    target = Target(url, filling=filling, timeout_s=timeout, route=route)
    guard = Guard.before(target, Safety(), loaded)
    prober = Prober(guard, url, contract, operation)

    out = console(sys.stdout)

    async def ask() -> list[ProbeAnswer]:
        found: list[ProbeAnswer] = []
        try:
            async for answer in prober.answers(asked):
                found.append(answer)
                print_template(out, "answer.txt", answer=answer)
        finally:
            await guard.close()
        return found

    found = asyncio.run(ask())
    known = sum(each.sureness != Sureness.NOT_TOLD for each in found)
    click.echo(
        f"\n{known} of {len(found)} questions answered, by {prober.sent} requests"
    )
    if write:
        probed: Json = {
            each.question.id: {
                "answer": each.candidate.name,
                "sureness": str(each.sureness),
                "because": each.reason,
            }
            for each in found
        }
        title = f"As {url} was found to spell it"
        overlay = overlay_of(prober.actions, title, **{"x-probed": probed})
        _write(write, overlay, contract, operation)
        words = ["ringspec", "run", url, "--dialect", str(write)]
        words += ["--contract", str(contract)] if contract else []
        words += ["--operation", operation] if operation else []
        click.echo(f"{write} is written: {shlex.join(words)}")
    return 0 if known == len(found) else _OPEN


def _write(
    file: Path, overlay: Json, contract: Path | None, operation: str | None
) -> None:
    """Write a dialect, once it has been read back."""
    if file.suffix == ".json":
        text = json.dumps(overlay, indent=2, ensure_ascii=False) + "\n"
    else:
        import yaml  # noqa: PLC0415 - it takes a while, and not every call writes

        text = yaml.safe_dump(overlay, sort_keys=False, allow_unicode=True, width=88)
    fresh = file.with_name(f".{file.stem}.new{file.suffix}")
    try:
        fresh.write_bytes(text.encode())
        load(contract, operation=operation, dialect=str(fresh))
        fresh.replace(file)
    except OSError as error:
        raise ReportError(
            f"cannot write {file}: {error.strerror or error}",
            hint="--write takes a file in a folder that can be written to",
        ) from error
    finally:
        with suppress(OSError):
            fresh.unlink()
