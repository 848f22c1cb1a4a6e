"""Mutants that answer the right thing in the wrong wrapping, or cut it."""

from __future__ import annotations

from dataclasses import replace
from json import dumps, loads
from typing import TYPE_CHECKING

from ringspec.reference.mutants.defects import Mutant, only

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ringspec.reference.answers import Reply
    from ringspec.reference.mutants.defects import Defect
    from ringspec.reference.values import Json

    Finish = Callable[[Message, bytes, Send], Awaitable[None]]

_PAGE = b"<!doctype html><title>Thank you</title><p>Your broadcast was created."


class BrokenOffError(Exception):
    """Raised in the middle of an answer, for want of another way to end it."""


def on_success(change: Callable[[Reply], Reply]) -> Defect:
    """Answer what went well otherwise."""
    return lambda behaviour: replace(
        behaviour, reply=lambda reply: change(reply) if reply.status < 300 else reply
    )


def wrapping(change: Callable[[Json], Json]) -> Defect:
    """Wrap the body of an answer that went well."""
    return on_success(lambda reply: replace(reply, body=change(reply.body)))


def with_length(start: Message, length: int | None) -> Message:
    """Put another length, or none, on the start of an answer."""
    headers = [pair for pair in start["headers"] if pair[0] != b"content-length"]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return {**start, "headers": headers}


def finishing(finish: Finish) -> Defect:
    """Have each answer sent otherwise: given are its start, its bytes, and the way."""

    def wire(app: ASGIApp) -> ASGIApp:
        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            held: list[Message] = []

            async def hold(message: Message) -> None:
                held.append(message)

            await app(scope, receive, hold)
            start, *rest = held
            content = b"".join(message.get("body", b"") for message in rest)
            await finish(start, content, send)

        return wrapped

    return lambda behaviour: replace(behaviour, wire=wire)


def on_the_wire(change: Callable[[bytes], bytes], status: int = 2) -> Defect:
    """Change the bytes of answers of a kind of status, with their right length."""

    async def finish(start: Message, content: bytes, send: Send) -> None:
        concerned = content and start["status"] // 100 == status
        changed = change(content) if concerned else content
        await send(with_length(start, len(changed)))
        await send({"type": "http.response.body", "body": changed})

    return finishing(finish)


def _broken_off(concerned: Callable[[int, bytes], bool], *, counted: bool) -> Defect:
    """Break answers off in the middle, which their length or their end shows."""

    async def finish(start: Message, content: bytes, send: Send) -> None:
        if not concerned(start["status"], content):
            await send(start)
            await send({"type": "http.response.body", "body": content})
            return
        await send(with_length(start, len(content) if counted else None))
        half = content[: len(content) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        # Whoever serves this closes the connection, there is no other way to.
        message = "the answer breaks off here"
        raise BrokenOffError(message)

    return finishing(finish)


def _labelled(media_type: str) -> Defect:
    return on_success(lambda reply: replace(reply, media_type=media_type))


def _unlabelled() -> Defect:
    async def finish(start: Message, content: bytes, send: Send) -> None:
        kept = [pair for pair in start["headers"] if pair[0].lower() != b"content-type"]
        await send({**start, "headers": kept})
        await send({"type": "http.response.body", "body": content})

    return finishing(finish)


def _with_nan(content: bytes) -> bytes:
    return content[:-1] + b',"rate":NaN}'


def _with_latin_1(content: bytes) -> bytes:
    return content[:-1] + b',"owner":"Andr\xe9"}'


# Bytes that are no JSON: name, sentence, change.
_BYTES: tuple[tuple[str, str, Callable[[bytes], bytes]], ...] = (
    ("answer-cut-in-half", "is cut in half", lambda b: b[: len(b) // 2]),
    ("answer-empty", "has no body", lambda _: b""),
    ("answer-as-page", "is a page of HTML under the label of JSON", lambda _: _PAGE),
    ("answer-twice", "is put down twice", lambda b: b + b),
    ("answer-with-comma", "has a comma too many", lambda b: b[:-1] + b",}"),
    ("answer-with-nan", "has a number that is none", _with_nan),
    ("answer-in-python", "is put as Python does it", lambda b: str(loads(b)).encode()),
    ("answer-with-latin-1", "has a member in Latin-1", _with_latin_1),
    ("answer-in-utf-16", "is in UTF-16", lambda b: b.decode().encode("utf-16")),
    ("answer-with-bom", "begins with a byte order mark", lambda b: b"\xef\xbb\xbf" + b),
    ("answer-guarded", "begins with a guard", lambda b: b")]}',\n" + b),
    ("answer-as-word", "is the word OK", lambda _: b"OK"),
)

framing_mutants = (
    *(
        Mutant(
            name,
            "answer.json",
            f"What answers a create that went well {what}.",
            on_the_wire(change),
        )
        for name, what, change in _BYTES
    ),
    *(
        Mutant(
            f"labelled-{name}",
            "answer.json",
            f"JSON is answered under the label {media_type}.",
            _labelled(media_type),
        )
        for name, media_type in (
            ("html", "text/html"),
            ("plain", "text/plain"),
            ("javascript", "application/javascript"),
            ("bytes", "application/octet-stream"),
        )
    ),
    Mutant(
        "unlabelled",
        "answer.json",
        "Answers do not say what they are.",
        _unlabelled(),
    ),
    Mutant(
        "created-is-204",
        "answer.json",
        "A create is answered with status 204 and nothing else.",
        only(
            ("create",),
            on_success(lambda reply: replace(reply, status=204, body=None)),
        ),
    ),
    Mutant(
        "answer-as-json-in-a-text",
        "answer.types",
        "An answer is a text that holds its JSON.",
        wrapping(dumps),
    ),
    Mutant(
        "answer-null",
        "answer.types",
        "A create is answered with null.",
        wrapping(lambda _body: None),
    ),
    Mutant(
        "answer-in-list",
        "answer.types",
        "An answer stands in a list.",
        wrapping(lambda body: [body]),
    ),
    Mutant(
        "answer-below-data",
        "answer.members",
        "An answer stands below a member data.",
        wrapping(lambda body: {"data": body}),
    ),
    Mutant(
        "id-spelt-id",
        "answer.members",
        "The id of a broadcast goes by the name id.",
        wrapping(
            lambda body: {
                "id" if name == "broadcastId" else name: value
                for name, value in (body if isinstance(body, dict) else {}).items()
            }
        ),
    ),
    Mutant(
        "large-answer-broken-off",
        "robustness",
        "An answer of more than 1024 bytes is shorter than its length.",
        _broken_off(lambda _, content: len(content) > 1024, counted=True),
    ),
    Mutant(
        "refusal-broken-off",
        "robustness",
        "A refusal is shorter than its length.",
        _broken_off(lambda status, _: status in (400, 422), counted=True),
    ),
    Mutant(
        "large-chunks-without-end",
        "robustness",
        "An answer of more than 1024 bytes comes in chunks, and the last is missing.",
        _broken_off(lambda _, content: len(content) > 1024, counted=False),
    ),
)
