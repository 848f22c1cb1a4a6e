"""The hooks, the checks and the summary that schemathesis calls.

Certified cases go out in its phase `examples`. It sends them as it sends its own, with
its headers and credentials; each is then judged under the rules of the contract.
"""

from __future__ import annotations

import os
import sys
from threading import Lock
from typing import Any

from requests.structures import CaseInsensitiveDict

import schemathesis
from ringspec.harness import Finding, Response
from ringspec.harness.sending.hosts import is_loopback
from ringspec.schemathesis.failures import BrokenRule, OpenRules
from ringspec.schemathesis.judging import Judge
from ringspec.schemathesis.settings import Settings
from ringspec.spec import RingspecError
from ringspec.strategies import TOKEN, Case, Label
from schemathesis.core.failures import AcceptedNegativeData, Failure, FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import RejectedPositiveData

_NEVER = "none of ringspec's cases was sent: nothing was judged"
_ELSEWHERE = "it is not on this machine, and they create what they are about"
_INSTEAD = "`ringspec run --profile FILE` asks what may be done there"
# What a client sets by itself, and what it is told to show who it is.
_OWN = frozenset(
    {
        *("accept", "accept-encoding", "authorization", "connection", "content-length"),
        *("content-type", "host", "user-agent", "x-schemathesis-testcaseid"),
    }
)


def _begun() -> Judge:
    """Read settings and cases at once: what is wrong with them ends the command.

    Schemathesis shows a traceback for what a hook raises, and none for an exit.
    """
    try:
        judge = Judge(Settings.of(os.environ))
        _ = judge.cases
    except RingspecError as error:
        sys.stderr.write(f"ringspec: {error}\n")
        if error.hint:
            sys.stderr.write(f"    hint: {error.hint}\n")
        raise SystemExit(error.exit_code) from error
    return judge


JUDGE = _begun()
# Schemathesis may have several workers.
_LOCK = Lock()


def _is_ours(operation: Any) -> bool:
    """Tell whether an operation of a schema is the one that the contract is about."""
    ours = JUDGE.settings.loaded.operation
    return bool(
        operation is not None
        and operation.method.upper() == ours.method.upper()
        # A schema may keep in its paths what ours leaves to the server's URL.
        and operation.path.endswith(ours.path)
    )


@schemathesis.hook
def before_add_examples(
    context: schemathesis.HookContext, examples: list[schemathesis.Case[Any]]
) -> None:
    """Add the certified cases to the examples of their operation."""
    operation = context.operation
    if operation is None or not _is_ours(operation):
        return
    url = str(operation.base_url or "")
    # An application in this process has no address at all.
    if operation.app is None and not is_loopback(url):
        JUDGE.withheld = f"ringspec's cases are not sent to {url}: {_ELSEWHERE}"
        return
    JUDGE.offered = True
    # Schemathesis begins with the last one.
    examples.extend(_made(case, operation) for case in reversed(JUDGE.cases.values()))


def _made(case: Case, operation: Any) -> schemathesis.Case[Any]:
    """Write a case as schemathesis has it; credentials are its own to add."""
    headers = {
        name: value for name, value in case.request.headers if TOKEN not in value
    }
    media_type = headers.pop("Content-Type", None)
    made = operation.Case(
        method=case.request.method,
        headers=CaseInsensitiveDict(headers),
        body=case.body,
        media_type=media_type,
    )
    # It shows in reports, and names the case to its `replay`.
    made.id = case.id
    return made  # type: ignore[no-any-return]


@schemathesis.check
def ringspec_rules(
    ctx: schemathesis.CheckContext,
    response: schemathesis.Response,
    case: schemathesis.Case[Any],
) -> None:
    """Fail for each rule that an answer shows to be broken."""
    del ctx
    if not _is_ours(case.operation):
        return
    answer, url = _answer(response), str(response.request.url)
    known, content = JUDGE.cases.get(case.id), _sent(case, response)
    found: list[Finding] = []
    with _LOCK:
        if known is not None:
            found = JUDGE.certified(known, url, answer)
        elif content is not None:
            found = JUDGE.other(content, url, answer)
    contract, label = JUDGE.settings.loaded, case.operation.label
    if found:
        raise FailureGroup([BrokenRule(contract, each, label) for each in found])


@schemathesis.check
class ringspec_run:  # noqa: N801 - its name is that of the check
    """Fails for the rules that stay open, unless one is known to be broken."""

    def after_run(self, ctx: schemathesis.CheckContext) -> None:
        """Look at the run as a whole."""
        del ctx
        if JUDGE.withheld:
            raise OpenRules((), JUDGE.withheld, _INSTEAD)
        if not JUDGE.offered:
            operation = JUDGE.settings.loaded.operation
            where = f"{operation.method.upper()} {operation.path}"
            hint = f"they go out for {where}, in the phase examples"
            raise OpenRules((), _NEVER, hint)
        left = [] if JUDGE.failing else JUDGE.open_rules()
        if left:
            raise OpenRules(left, *JUDGE.account())


def _answer(response: schemathesis.Response) -> Response:
    headers = tuple(
        (name, value) for name, values in response.headers.items() for value in values
    )
    return Response(
        status=response.status_code, headers=headers, body=response.content or b""
    )


def _sent(
    case: schemathesis.Case[Any], response: schemathesis.Response
) -> bytes | None:
    """Return the body that was sent; None where something else of a request is odd."""
    request, operation = response.request, JUDGE.settings.loaded.operation
    known = {header.name.lower(): header.value for header in operation.headers}
    odd = {
        name
        for name, value in case.headers.items()
        if name.lower() not in _OWN and value != known.get(name.lower())
    }
    media_type = str(request.headers.get("Content-Type", "")).split(";")[0].strip()
    right = (
        str(request.method).upper() == operation.method.upper()
        and media_type.lower() == operation.media_type
        and not odd
        and not case.query
    )
    content = request.body.encode() if isinstance(request.body, str) else request.body
    return content if right and isinstance(content, bytes) else None


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext,
    failure: Failure,
    case: schemathesis.Case[Any],
    response: schemathesis.Response,
) -> bool:
    """Drop what schemathesis says of bodies of which no source says it.

    By the letter of a schema a body is right or wrong; by its sources perhaps neither.
    """
    del context
    if not isinstance(failure, AcceptedNegativeData | RejectedPositiveData):
        return True
    if not _is_ours(case.operation) or not _is_about_body(case):
        return True
    content = _sent(case, response)
    if content is None:
        return True
    meant = Label.INVALID
    if isinstance(failure, RejectedPositiveData):
        meant = Label.VALID
    return JUDGE.label(content) is meant


def _is_about_body(case: schemathesis.Case[Any]) -> bool:
    """Tell whether nothing but a body is wrong on purpose."""
    meta = case.meta
    if meta is None:
        return False
    wrong = {
        location
        for location, component in meta.components.items()
        if component.mode.is_negative
    }
    return wrong <= {ParameterLocation.BODY}


class Summary:
    """Says at the end how many rules hold, and what only warns."""

    def __init__(self, *_arguments: Any, **_options: Any) -> None:
        """Take what schemathesis' command was given: none of it matters here."""

    def start(self, ctx: Any) -> None:
        """Do nothing yet."""

    def handle_event(self, ctx: Any, event: Any) -> None:
        """Add the lines when all is done."""
        if type(event).__name__ == "EngineFinished" and JUDGE.offered:
            for line in JUDGE.lines():
                ctx.add_summary_line(line)

    def shutdown(self, ctx: Any) -> None:
        """Do nothing more."""


def _on_command() -> None:
    """Have a summary, where schemathesis runs as a command."""
    if "schemathesis.cli" in sys.modules:
        from schemathesis import cli  # noqa: PLC0415 - pytest does without

        cli.handler()(Summary)


_on_command()
