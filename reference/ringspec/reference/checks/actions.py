"""Checks of what follows a call: attributes to set, messages to send.

Source: facts.md B2. Every reaction, wherever it stands, is held to the same rules.
"""

from __future__ import annotations

from ringspec.reference.checks.constraints import (
    Check,
    identified,
    needed,
    optional,
    typed,
)
from ringspec.reference.checks.places import ITEM, Select, Step, at, both, names
from ringspec.reference.values import (
    ARRAY,
    BOOLEAN,
    INTEGER,
    OBJECT,
    STRING,
    Json,
    either,
)

OUTCOMES = ("delivered", "failed")
INPUTS = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "star", "hash")


def _in_reactions(*steps: Step) -> Select:
    """Select below every reaction, to an outcome or to a key."""
    return both(
        at("actions", "status", OUTCOMES, *steps),
        at("actions", "inputs", INPUTS, *steps),
    )


def _is_known_input(name: Json) -> bool:
    return name in INPUTS


_items = _in_reactions(ITEM)
_sms = _in_reactions("sms")

action_checks: tuple[Check, ...] = (
    optional("actions.type", at("actions"), OBJECT),
    optional("actions.status.type", at("actions", "status"), OBJECT),
    optional("actions.inputs.type", at("actions", "inputs"), OBJECT),
    Check(
        "actions.inputs.unknown",
        names(at("actions", "inputs")),
        _is_known_input,
        f"must be one of {', '.join(INPUTS)}",
    ),
    optional("actions.reaction.type", _in_reactions(), either(ARRAY, OBJECT)),
    typed("actions.reaction.items.type", _items, OBJECT),
    needed("actions.reaction.attribute.required", _items, "attribute"),
    typed("actions.reaction.attribute.type", _in_reactions(ITEM, "attribute"), STRING),
    needed("actions.reaction.value.required", _items, "value"),
    typed(
        "actions.reaction.value.type",
        _in_reactions(ITEM, "value"),
        either(STRING, INTEGER, BOOLEAN),
    ),
    optional("actions.reaction.sms.type", _sms, OBJECT),
    needed("actions.reaction.sms.message.required", _sms, "message"),
    typed("actions.reaction.sms.message.type", _in_reactions("sms", "message"), STRING),
    needed("actions.reaction.sms.senderServiceId.required", _sms, "senderServiceId"),
    typed(
        "actions.reaction.sms.senderServiceId.type",
        _in_reactions("sms", "senderServiceId"),
        STRING,
    ),
    identified(
        "actions.reaction.sms.senderServiceId.format",
        _in_reactions("sms", "senderServiceId"),
    ),
)
