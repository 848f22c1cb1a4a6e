"""Mutants that let in whom they should not, or tell what they should not."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ringspec.reference import tokens
from ringspec.reference.answers import RefusedError, Reply, envelope, refused
from ringspec.reference.behaviour import admits, bearer
from ringspec.reference.mutants.defects import Mutant, only

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from ringspec.reference.behaviour import Behaviour, Operation
    from ringspec.reference.mutants.defects import Defect
    from ringspec.reference.settings import ServerSettings
    from ringspec.reference.store import Store

_COMMANDS = ("start", "pause", "resume", "cancel")


def _admitting(admit: Callable[[str, str], bool]) -> Defect:
    """Let in by another look at the Authorization header, empty where it is absent."""

    def look(request: Request, token: str) -> bool:
        header = request.headers.get("authorization", "")
        return admits(request, token) or admit(header, token)

    return lambda behaviour: replace(behaviour, admit=look)


def _anybody(_header: str, _token: str) -> bool:
    return True


def _anything_like_it(header: str, _token: str) -> bool:
    """Admit what looks like a token. Source: RFC 6750, 2.1, for its signs."""
    return re.fullmatch("[A-Za-z0-9._~+/=-]{16,}", bearer(header) or "") is not None


def _turning_away(change: Callable[[Request], Reply]) -> Defect:
    async def turn_away(_operation: Operation, request: Request) -> Reply:
        raise RefusedError(change(request))

    return lambda behaviour: replace(behaviour, turn_away=turn_away)


def _answering(status: int) -> Defect:
    return _turning_away(lambda _: envelope(status, "A bearer token is needed."))


def _naming_the_token(request: Request) -> Reply:
    header = request.headers.get("authorization", "")
    return envelope(401, f"The token {bearer(header)} is not known.")


def _repeating(change: Callable[[Reply, str], Reply]) -> Defect:
    """Answer a create with the header that it brought."""

    def around(operation: Operation, _store: Store) -> Operation:
        async def respond(request: Request) -> Reply:
            reply = await operation(request)
            return change(reply, request.headers.get("authorization", ""))

        return respond

    return only(("create",), lambda behaviour: replace(behaviour, around=around))


def _in_body(reply: Reply, header: str) -> Reply:
    body = reply.body if isinstance(reply.body, dict) else {}
    return replace(reply, body={**body, "debug": {"authorization": header}})


def _in_header(reply: Reply, header: str) -> Reply:
    return replace(reply, headers={**reply.headers, "X-Authorization": header})


# Who is let in: name, sentence, and by what look.
_ADMITTED: tuple[tuple[str, str, Callable[[str, str], bool]], ...] = (
    ("token-not-checked", "Everybody is let in, with a token or without.", _anybody),
    (
        "token-of-right-shape-accepted",
        "Whatever looks like a token is taken for one.",
        _anything_like_it,
    ),
    (
        "any-bearer-accepted",
        "Whatever comes as a bearer token is taken for one.",
        lambda header, _: bearer(header) is not None,
    ),
    (
        "any-authorization-accepted",
        "Any credentials will do.",
        lambda header, _: header != "",
    ),
    (
        "nobody-accepted",
        "Who brings no credentials is let in.",
        lambda header, _: header == "",
    ),
    (
        "empty-token-accepted",
        "A bearer without a token is let in.",
        lambda header, _: bearer(header) == "",
    ),
    (
        "token-by-beginning",
        "The first half of a token will do.",
        lambda header, token: (
            (bearer(header) or "")[: len(token) // 2] == token[: len(token) // 2]
        ),
    ),
    (
        "token-by-prefix-of-it",
        "Whatever a token begins with will do.",
        lambda header, token: (
            bool(bearer(header)) and token.startswith(bearer(header) or "")
        ),
    ),
    (
        "token-case-ignored",
        "A token is known in any case.",
        lambda header, token: (bearer(header) or "").lower() == token.lower(),
    ),
    (
        "other-scheme-accepted",
        "The token is known under any scheme.",
        lambda header, token: header.partition(" ")[2] == token,
    ),
    (
        "basic-accepted",
        "Who uses the scheme Basic is let in.",
        lambda header, _: header.lower().startswith("basic "),
    ),
)

# What those who are refused are answered with: name, rule and status.
_REFUSED = (
    ("unauthorised-is-200", "auth.token", 200),
    ("unauthorised-is-400", "auth.token", 400),
    ("unauthorised-is-404", "auth.token", 404),
    ("unauthorised-is-422", "auth.token", 422),
    ("crash-without-token", "robustness", 500),
)


def _issuing(
    is_client: Callable[[Mapping[str, str], ServerSettings], bool] = tokens.is_client,
    is_grant: Callable[[str], bool] = tokens.is_grant,
) -> Defect:
    """Issue tokens by other tests of the client, or of what it asks for."""
    issue = partial(tokens.issue, is_client=is_client, is_grant=is_grant)
    return lambda behaviour: replace(behaviour, issue=issue)


def _names_client(form: Mapping[str, str], settings: ServerSettings) -> bool:
    return form.get("client_id") == settings.client_id


def _knows_secret(form: Mapping[str, str], settings: ServerSettings) -> bool:
    return form.get("client_secret") == settings.client_secret


def _gives_no_secret(form: Mapping[str, str], settings: ServerSettings) -> bool:
    given = form.get("client_secret", "")
    return _names_client(form, settings) and given in ("", settings.client_secret)


def _begins_secret(form: Mapping[str, str], settings: ServerSettings) -> bool:
    given = form.get("client_secret", "")[:8]
    return _names_client(form, settings) and given == settings.client_secret[:8]


def _telling_the_secret(behaviour: Behaviour) -> Behaviour:
    def issue(content_type: str, raw: bytes, settings: ServerSettings) -> Reply:
        try:
            return tokens.issue(content_type, raw, settings)
        except RefusedError as error:
            secret = tokens.read_form(content_type, raw).get("client_secret")
            raise refused(
                error.reply.status, f"The secret {secret} is wrong."
            ) from None

    return replace(behaviour, issue=issue)


# Who is issued a token: name, sentence, and what is asked of the form.
_CLIENTS: tuple[tuple[str, str, Callable[..., bool]], ...] = (
    ("secret-not-checked", "Any secret will do.", _names_client),
    ("client-not-checked", "Any client will do that knows the secret.", _knows_secret),
    (
        "empty-secret-accepted",
        "No secret is as good as the right one.",
        _gives_no_secret,
    ),
    ("secret-by-beginning", "The beginning of a secret will do.", _begins_secret),
    ("everybody-issued-a-token", "Anybody is issued a token.", lambda *_: True),
)

auth_mutants = (
    *(
        Mutant(name, "auth.token", defect, _admitting(admit))
        for name, defect, admit in _ADMITTED
    ),
    *(
        Mutant(
            f"{operation}-open",
            "auth.token",
            f"To {operation} a broadcast takes no token.",
            only((operation,), _admitting(_anybody)),
        )
        for operation in ("create", "list", "get", "update", "delete", *_COMMANDS)
    ),
    *(
        Mutant(
            name,
            rule,
            f"Who brings no token is answered with status {status}.",
            _answering(status),
        )
        for name, rule, status in _REFUSED
    ),
    Mutant(
        "unknown-token-repeated",
        "auth.secrecy",
        "A token that is not known is repeated in the refusal.",
        _turning_away(_naming_the_token),
    ),
    Mutant(
        "token-in-answer",
        "auth.secrecy",
        "A create is answered with the token that it brought.",
        _repeating(_in_body),
    ),
    Mutant(
        "token-in-header",
        "auth.secrecy",
        "A create is answered with the token in a header.",
        _repeating(_in_header),
    ),
    Mutant(
        "secret-repeated",
        "auth.secrecy",
        "A wrong secret is repeated in the refusal.",
        _telling_the_secret,
    ),
    *(
        Mutant(name, "auth.client", defect, _issuing(is_client=test))
        for name, defect, test in _CLIENTS
    ),
    Mutant(
        "other-grant-accepted",
        "auth.client",
        "Any grant is served.",
        _issuing(is_grant=lambda _: True),
    ),
)
