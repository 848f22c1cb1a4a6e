"""`ringspec probe`: find out how a server has what the sources leave open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ringspec.cli.manual import ManualCommand
from ringspec.cli.options import credential_options, document_options, timeout_option
from ringspec.cli.outputs import wrapped
from ringspec.harness.probing import ProbeAnswer, Prober
from ringspec.harness.sending.credentials import Credentials
from ringspec.harness.sending.guard import Guard
from ringspec.harness.sending.hosts import checked_url, is_loopback
from ringspec.harness.sending.placeholders import Filling
from ringspec.harness.sending.policy import Safety
from ringspec.harness.sending.target import Target
from ringspec.spec import (
    Contract,
    Json,
    Question,
    ReportError,
    TargetError,
    load,
    overlay_of,
    questions,
)

OPEN = 3


@click.command(
    "probe",
    cls=ManualCommand,
    examples=(
        ("ringspec probe http://127.0.0.1:8000", "which spelling it takes"),
        (
            "ringspec probe http://127.0.0.1:8000 --write mine.yaml",
            "and keep it as a dialect",
        ),
    ),
)
@click.argument("url")
@credential_options
@document_options
@timeout_option
@click.option(
    "--write",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write what was found as a dialect, for `ringspec run --dialect FILE`.",
)
def command(**options: Any) -> int:
    """Find out how the server at URL has what the sources leave open.

    A few bodies are sent for each question. Exit status 0: every question is answered;
    3: some stay open.
    """
    return _Probe(**options).status()


@dataclass(frozen=True, kw_only=True)
class _Probe:
    """The options of one call."""

    url: str
    bearer: str | None
    client_id: str | None
    client_secret: str | None
    token_url: str | None
    contract: Path | None
    operation: str | None
    timeout: float
    write: Path | None

    def status(self) -> int:
        """Ask, tell, write, and return the exit status."""
        self._check()
        contract = load(self.contract, operation=self.operation)
        asked = questions(self.contract)
        filling = self._credentials().filling(self.timeout)
        click.echo(f"{self.url}, {contract.title} {contract.version}")
        found, prober = asyncio.run(self._asked(asked, contract, filling))
        told = sum(each.is_known for each in found)
        click.echo(
            f"\n{told} of {len(found)} questions answered, by {prober.sent} requests"
        )
        if self.write is not None:
            self._written(self.write, found, prober)
        return 0 if told == len(found) else OPEN

    def _check(self) -> None:
        """See to it that all makes sense before anything is sent.

        Raises:
            UsageError: the URL is none.
            TargetError: the target is not on this machine.
            ReportError: the dialect has no folder to be written into.
        """
        checked_url(self.url)
        if not is_loopback(self.url):
            raise TargetError(
                f"{self.url} is not on this machine: nothing was sent",
                hint="a create may ring real phones; only loopback targets are probed",
            )
        if self.write is None:
            return
        if self.write.is_dir() or not self.write.absolute().parent.is_dir():
            raise ReportError(
                f"cannot write {self.write}: no file can be there",
                hint="--write takes a file in a folder that exists",
            )

    def _credentials(self) -> Credentials:
        return Credentials(
            bearer=self.bearer,
            client_id=self.client_id,
            client_secret=self.client_secret,
            token_url=self.token_url,
        )

    async def _asked(
        self, asked: tuple[Question, ...], contract: Contract, filling: Filling
    ) -> tuple[list[ProbeAnswer], Prober]:
        """Ask all questions, and tell each answer at once."""
        target = Target(self.url, filling=filling, timeout_s=self.timeout, workers=1)
        guard = Guard.before(target, Safety(), contract)
        prober = Prober(guard, self.url, self.contract, self.operation)
        found: list[ProbeAnswer] = []
        try:
            async for answer in prober.answers(asked):
                found.append(answer)
                for line in _lines(answer):
                    click.echo(line)
        finally:
            await guard.close()
        return found, prober

    def _written(self, file: Path, found: list[ProbeAnswer], prober: Prober) -> None:
        """Write the dialect, and read it back as whoever uses it will."""
        probed: Json = {
            each.question.id: {
                "answer": each.candidate.name,
                "sureness": str(each.sureness),
                "because": each.reason,
            }
            for each in found
        }
        title = f"As {self.url} was found to spell it"
        overlay = overlay_of(prober.actions, title, **{"x-probed": probed})
        self._checked(file, _dumped(overlay, file))
        click.echo(f"{file} is written: ringspec run {self.url} --dialect {file}")

    def _checked(self, file: Path, text: str) -> None:
        """Put a dialect in place, if it is one."""
        fresh = file.with_name(f".{file.stem}.new{file.suffix}")
        try:
            fresh.write_text(text, "utf-8")
            load(self.contract, operation=self.operation, dialect=str(fresh))
            fresh.replace(file)
        except OSError as error:
            raise ReportError(
                f"cannot write {file}: {error.strerror or error}",
                hint="--write takes a file in a folder that can be written to",
            ) from error
        finally:
            with suppress(OSError):
                fresh.unlink()


def _lines(answer: ProbeAnswer) -> Iterator[str]:
    question = answer.question
    said = f"{answer.sureness}: {answer.candidate.name}"
    if not answer.is_known:
        said = f"{answer.sureness} (the dialect says: {answer.candidate.name})"
    yield ""
    yield from wrapped(f"{question.id}  {question.asks}", hanging="  ")
    yield from wrapped(said, "    ")
    yield from wrapped(answer.reason, "    ")


def _dumped(overlay: Json, file: Path) -> str:
    if file.suffix == ".json":
        return json.dumps(overlay, indent=2, ensure_ascii=False) + "\n"
    import yaml  # noqa: PLC0415 - it takes a while, and not every call writes

    return str(yaml.safe_dump(overlay, sort_keys=False, allow_unicode=True, width=88))
