"""Requests: bodies and operations as they go out, headers included."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ringspec.spec import Contract, Guard, Relative
from ringspec.strategies.case import TOKEN, Request


@dataclass(frozen=True)
class Requests:
    """Writes the requests of one contract."""

    contract: Contract

    def create(self, content: bytes) -> Request:
        """Return the request of the operation under test."""
        operation = self.contract.operation
        accept = ("Accept", self.contract.answers.media_type)
        needed = (
            (header.name, header.value)
            for header in operation.headers
            if header.required and header.value is not None
        )
        return Request(
            method=operation.method.upper(),
            path=operation.path,
            headers=(
                ("Content-Type", operation.media_type),
                accept,
                *_credentials(operation.guard),
                *needed,
            ),
            body=content,
        )

    def relative(self, relative: Relative, content: bytes = b"") -> Request:
        """Return the request of a linked operation; ids stand as `{name}` in it."""
        media = (("Content-Type", self.contract.operation.media_type),)
        return Request(
            method=relative.method,
            path=relative.path,
            headers=(
                *(media if content else ()),
                ("Accept", relative.answers.media_type),
                *_credentials(relative.guard),
            ),
            body=content,
        )


def _credentials(guard: Guard | None) -> tuple[tuple[str, str], ...]:
    return () if guard is None else ((guard.header, guard.value(TOKEN)),)


def with_header(request: Request, name: str, value: str | None) -> Request:
    """Return a request with a header set, or taken away."""
    others = [each for each in request.headers if each[0].lower() != name.lower()]
    added = [] if value is None else [(name, value)]
    return replace(request, headers=(*others, *added))


def closing(request: Request) -> Request:
    """Return a request after which the connection is closed.

    What is refused before its body is read may leave the rest of it to be taken for
    the next request, of another case.
    """
    return with_header(request, "Connection", "close")
