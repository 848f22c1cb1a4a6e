"""Mutants that refuse rightly, and say so wrongly."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ringspec.reference.answers import Reply, envelope
from ringspec.reference.mutants.defects import Mutant, rewritten
from ringspec.reference.mutants.disguises import losing
from ringspec.reference.mutants.framing import on_the_wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringspec.reference.mutants.defects import Change, Defect
    from ringspec.reference.values import Json


def refusing(change: Callable[[Reply], Reply]) -> Defect:
    """Answer errors otherwise."""
    return lambda behaviour: replace(behaviour, refuse=change)


def _telling(change: Change) -> Defect:
    return refusing(lambda reply: replace(reply, body=change(reply.body)))


def _invalid(change: Callable[[Reply], Reply]) -> Defect:
    """Answer what breaks a rule otherwise."""
    return refusing(lambda reply: change(reply) if reply.status == 422 else reply)


def _status(status: int) -> Callable[[Reply], Reply]:
    return lambda reply: replace(reply, status=status)


def _error(body: Json) -> Json:
    return body["error"] if isinstance(body, dict) else body


def _put(name: str, value: Json) -> Change:
    """Make the change of a body whose error has another member."""
    return lambda body: rewritten(body, lambda _: value, "error", name)


def _broken_down(status: int) -> Callable[[Reply], Reply]:
    return lambda _reply: envelope(status, "It broke down.")


def _elsewhere(reply: Reply) -> Reply:
    return replace(reply, status=302, headers={**reply.headers, "Location": "/"})


# What is told: name, sentence, change of the body.
_TOLD: tuple[tuple[str, str, Change], ...] = (
    ("without-envelope", "without the envelope", lambda _: {"message": "It failed."}),
    ("as-string", "with a text for the error", lambda _: {"error": "It failed."}),
    ("as-list", "with a list of errors", lambda body: {"errors": [_error(body)]}),
    ("unwrapped", "without what they stand in", _error),
    ("as-array", "in a list", lambda body: [body]),
    ("null", "with null for the error", lambda _: {"error": None}),
    ("without-code", "without a code", losing("error", "code")),
    ("without-message", "without a message", losing("error", "message")),
    ("with-numeric-code", "with a number for the code", _put("code", 422)),
    ("with-null-message", "with null for the message", _put("message", None)),
    ("with-listed-message", "with a list of messages", _put("message", ["It failed."])),
    ("as-bare-text", "with a bare text", lambda _: "It failed."),
)

# What an invalid body is answered with: name, rule, status.
_STATUSES = (
    ("conflict", "error.status", 409),
    ("forbidden", "error.status", 403),
    ("not-found", "error.status", 404),
    ("gone", "error.status", 410),
    ("teapot", "error.status", 418),
    ("unsupported", "error.status", 415),
    ("accepted", "retryDelays.count", 202),
    ("success", "from.length", 200),
)
_CRASHES = (("crash-on-invalid", 500), ("bad-gateway-on-invalid", 502))

error_mutants = (
    *(
        Mutant(
            f"error-{name}",
            "error.envelope",
            f"Errors are answered {how}.",
            _telling(change),
        )
        for name, how, change in _TOLD
    ),
    Mutant(
        "error-as-page",
        "error.envelope",
        "Errors are answered with a page of HTML.",
        on_the_wire(lambda _: b"<!doctype html><title>Error</title>", 4),
    ),
    Mutant(
        "error-empty",
        "error.envelope",
        "Errors are answered without a body.",
        on_the_wire(lambda _: b"", 4),
    ),
    Mutant(
        "error-cut-in-half",
        "error.envelope",
        "Errors are cut in half.",
        on_the_wire(lambda content: content[: len(content) // 2], 4),
    ),
    Mutant(
        "error-labelled-plain",
        "error.envelope",
        "Errors are answered under the label text/plain.",
        refusing(lambda reply: replace(reply, media_type="text/plain")),
    ),
    *(
        Mutant(
            f"invalid-as-{name}",
            rule,
            f"An invalid body is answered with status {status}.",
            _invalid(_status(status)),
        )
        for name, rule, status in _STATUSES
    ),
    Mutant(
        "invalid-as-redirect",
        "error.status",
        "An invalid body is answered with a redirect.",
        _invalid(_elsewhere),
    ),
    *(
        Mutant(
            name,
            "robustness",
            f"An invalid body is answered with status {status}.",
            _invalid(_broken_down(status)),
        )
        for name, status in _CRASHES
    ),
)
