"""Mutants that take what is no JSON, or no request of theirs, for something else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from ringspec.reference.answers import RefusedError, Reply, envelope, refused
from ringspec.reference.bodies import demand_json
from ringspec.reference.lenient import loaded, mending
from ringspec.reference.mutants.defects import Mutant, only
from ringspec.reference.mutants.failing import refusing

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from ringspec.reference.behaviour import Behaviour, Operation
    from ringspec.reference.mutants.defects import Defect
    from ringspec.reference.store import Store
    from ringspec.reference.values import Json

_ALL = "/voice/broadcasts"


def _closed(raw: bytes) -> Json:
    """Add the brackets that are missing at the end."""
    text = raw.decode().rstrip().rstrip(",")
    for closing in ("}", "}}", '"}', '"}}', '"}}}', "]}", "]}}"):
        try:
            return loaded(text + closing)
        except ValueError:
            continue
    return loaded(text)


def _beginning(raw: bytes) -> Json:
    found: Json = json.JSONDecoder().raw_decode(raw.decode().lstrip())[0]
    return found


def _any_text(raw: bytes) -> Json:
    return loaded(raw.decode(errors="replace"))


def _latin_1(raw: bytes) -> Json:
    return loaded(raw.decode("latin-1"))


# How bytes that are no JSON are read: name, sentence, and how.
_MENDED: tuple[tuple[str, str, Callable[[bytes], Json]], ...] = (
    ("cut-json-mended", "Brackets that are missing at the end are added.", _closed),
    ("rubbish-after-json-ignored", "What follows a body is ignored.", _beginning),
    ("bad-utf-8-accepted", "Bytes that are not UTF-8 are replaced.", _any_text),
    ("latin-1-accepted", "Bytes that are not UTF-8 are read as Latin-1.", _latin_1),
)


def _ill_formed(status: int) -> Defect:
    return refusing(
        lambda reply: replace(reply, status=status) if reply.status == 400 else reply
    )


def _labels(accepts: Callable[[str], bool]) -> Defect:
    """Let pass another Content-Type than JSON's."""

    def label(content_type: str) -> None:
        if not accepts(content_type.strip().lower()):
            demand_json(content_type)

    return lambda behaviour: replace(behaviour, label=label)


# What passes for the label of JSON: name, sentence, test.
_LABELS: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("content-type-ignored", "A body may go by any label.", lambda _: True),
    (
        "plain-text-accepted",
        "JSON may go by the label text/plain.",
        lambda given: given.startswith("text/plain"),
    ),
    (
        "form-accepted",
        "JSON may go by the label of a form.",
        lambda given: given.startswith("application/x-www-form-urlencoded"),
    ),
    (
        "xml-accepted",
        "JSON may go by the label of XML.",
        lambda given: "xml" in given,
    ),
)


def _unsupported(status: int) -> Defect:
    def label(content_type: str) -> None:
        try:
            demand_json(content_type)
        except RefusedError:
            raise refused(status, "The body must be JSON.") from None

    return lambda behaviour: replace(behaviour, label=label)


def _elsewhere(status: int, change: Callable[[Reply], Reply]) -> Defect:
    """Answer otherwise where there is no operation: 404 for its path, 405 for it."""

    def answer(reply: Reply) -> Reply:
        return change(reply) if reply.status == status else reply

    return lambda behaviour: replace(behaviour, elsewhere=answer)


def _as_error(status: int) -> Callable[[Reply], Reply]:
    return lambda _reply: envelope(status, "This cannot be done.")


def _as_if(status: int) -> Callable[[Reply], Reply]:
    return lambda _reply: Reply(status, {})


def _without_allow(reply: Reply) -> Reply:
    return replace(reply, headers={})


def _unversioned(behaviour: Behaviour) -> Behaviour:
    def around(operation: Operation, _store: Store) -> Operation:
        async def refuse(request: Request) -> Reply:
            if "x-version" in request.headers:
                raise refused(400, "There is only one version.")
            return await operation(request)

        return refuse

    return replace(behaviour, around=around)


# Name, rule, sentence, the right status, and what is made of the answer.
_ELSEWHERE: tuple[tuple[str, str, str, int, Callable[[Reply], Reply]], ...] = (
    ("allow-missing", "wire.method", "comes without Allow", 405, _without_allow),
    ("method-as-404", "wire.method", "is 404", 405, _as_error(404)),
    ("method-as-400", "wire.method", "is 400", 405, _as_error(400)),
    ("method-as-403", "wire.method", "is 403", 405, _as_error(403)),
    ("any-method-accepted", "wire.method", "is 200", 405, _as_if(200)),
    ("crash-on-method", "robustness", "is 500", 405, _as_error(500)),
    ("any-path-accepted", "wire.path", "is 200", 404, _as_if(200)),
    ("path-as-400", "wire.path", "is 400", 404, _as_error(400)),
    ("path-as-403", "wire.path", "is 403", 404, _as_error(403)),
    ("crash-on-path", "robustness", "is 500", 404, _as_error(500)),
)


def _by_beginning(behaviour: Behaviour) -> Behaviour:
    """Know a path by what it begins with."""

    def wire(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            path = scope["path"]
            if path.startswith(_ALL) and path[len(_ALL) :][:1] not in ("", "/"):
                scope = {**scope, "path": _ALL}
            await app(scope, receive, send)

        return wrapped

    return replace(behaviour, wire=wire)


receiving_mutants = (
    *(
        Mutant(name, "wire.json", defect, mending(mend))
        for name, defect, mend in _MENDED
    ),
    Mutant(
        "bad-json-is-200",
        "wire.json",
        "What is no JSON is answered with an error, and with status 200.",
        _ill_formed(200),
    ),
    *(
        Mutant(name, "wire.media", defect, _labels(accepts))
        for name, defect, accepts in _LABELS
    ),
    *(
        Mutant(
            f"media-as-{status}",
            "wire.media",
            f"A body that is not labelled as JSON is refused with {status}.",
            _unsupported(status),
        )
        for status in (400, 422, 406)
    ),
    *(
        Mutant(
            name,
            rule,
            f"The answer to an unknown {what} {how}.",
            _elsewhere(status, change),
        )
        for name, rule, how, status, change in _ELSEWHERE
        for what in ("method" if status == 405 else "path",)
    ),
    Mutant(
        "version-refused",
        "X-version.accepted",
        "A create that names a version is refused.",
        only(("create",), _unversioned),
    ),
    Mutant(
        "paths-known-by-beginning",
        "wire.path",
        "Whatever begins with the path of broadcasts is taken for it.",
        _by_beginning,
    ),
)
