"""Mutants that judge rightly and answer wrongly."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from ringspec.reference.answers import Reply, envelope
from ringspec.reference.mutants.defects import (
    Mutant,
    refusing,
    showing,
    showing_member,
)
from ringspec.reference.values import Json, JsonObject, number

if TYPE_CHECKING:
    from ringspec.reference.behaviour import Behaviour


def _cut(value: Json) -> Json:
    return value[:20] if isinstance(value, str) else value


def _sorted(value: Json) -> Json:
    # What no number says counts as nothing: it is refused before it gets here.
    return sorted(value, key=_order) if isinstance(value, list) else value


def _order(value: Json) -> float:
    return number(value) or 0


def _escaped(value: Json) -> Json:
    """Escape whatever is said, at any depth."""
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    if isinstance(value, dict):
        return {
            name: escape(below)
            if name == "say" and isinstance(below, str)
            else _escaped(below)
            for name, below in value.items()
        }
    return value


def _without_id(body: JsonObject) -> JsonObject:
    return {name: value for name, value in body.items() if name != "broadcastId"}


def _speaking_english(behaviour: Behaviour) -> Behaviour:
    return replace(behaviour, defaults={**behaviour.defaults, "language": "en-GB"})


def _as_html(reply: Reply) -> Reply:
    return replace(reply, media_type="text/html") if reply.status < 300 else reply


def _labelled_html(behaviour: Behaviour) -> Behaviour:
    return replace(behaviour, reply=_as_html)


def _bare(reply: Reply) -> Reply:
    return replace(reply, body={"message": "The request failed."})


def _as_conflict(reply: Reply) -> Reply:
    return replace(reply, status=409) if reply.status == 422 else reply


def _as_crash(reply: Reply) -> Reply:
    return envelope(500, "The server broke down.") if reply.status == 422 else reply


answer_mutants = (
    Mutant(
        "name-cut",
        "answer.echo",
        "A name is answered with its first 20 characters.",
        showing_member("name", _cut),
    ),
    Mutant(
        "delays-sorted",
        "answer.echo",
        "Delays are answered in ascending order.",
        showing_member("retryDelays", _sorted),
    ),
    Mutant(
        "say-escaped",
        "answer.echo",
        "Texts to be spoken are answered with their signs escaped for HTML.",
        showing_member("voiceFlow", _escaped),
    ),
    Mutant(
        "default-language-wrong",
        "answer.defaults",
        "A broadcast without a language is answered with English.",
        _speaking_english,
    ),
    Mutant(
        "broadcast-id-missing",
        "answer.members",
        "A broadcast is answered without its id.",
        showing(_without_id),
    ),
    Mutant(
        "created-at-string",
        "answer.types",
        "The time of creation is answered as a string.",
        showing_member("createdAt", str),
    ),
    Mutant(
        "labelled-html",
        "answer.json",
        "JSON is answered under the label text/html.",
        _labelled_html,
    ),
)

error_mutants = (
    Mutant(
        "error-without-envelope",
        "error.envelope",
        "Errors are answered without the envelope.",
        refusing(_bare),
    ),
    Mutant(
        "invalid-as-conflict",
        "error.status",
        "An invalid body is answered with status 409.",
        refusing(_as_conflict),
    ),
    Mutant(
        "crash-on-invalid",
        "robustness",
        "An invalid body is answered with status 500.",
        refusing(_as_crash),
    ),
)
