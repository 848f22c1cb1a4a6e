"""Cases compiled from a contract, with proof, and bodies drawn from it."""

from typing import TYPE_CHECKING

from ringspec.strategies.case import (
    CASE_SCHEMA,
    FORMAT,
    Case,
    Expect,
    Phase,
    Request,
    Requests,
    Slot,
    Status,
    Step,
    Want,
    What,
    encode,
    expecting,
    line,
    parse_case,
    parse_request,
    rules_without_case,
    status_fits,
    wire_request,
)
from ringspec.strategies.certificate import cases_of, certified, quick_of, untested

if TYPE_CHECKING:
    from ringspec.strategies.adequacy.mutations import (
        Mutation,
        MutationKind,
        mutations_of,
    )
    from ringspec.strategies.adequacy.verdicts import (
        MutationResult,
        MutationVerdict,
        fewest,
        prove,
    )
    from ringspec.strategies.bodies.certify import (
        ProbeBodies,
        is_settled,
        probe_bodies,
    )
    from ringspec.strategies.drawn.label import (
        Drawn,
        Invalid,
        Label,
        Labelled,
        Labeller,
    )
    from ringspec.strategies.drawn.library import (
        FAULT_FAMILIES,
        breakable_rules,
        invalid_bodies,
        label_of,
        labelled_bodies,
        unspecified_bodies,
        valid_bodies,
    )
    from ringspec.strategies.drawn.sources import (
        Source,
        SourceEnded,
        foreign_sources,
        own_sources,
    )
    from ringspec.strategies.lifecycle.cases import Lifecycle
    from ringspec.strategies.lifecycle.walk import (
        MAX_CALLS,
        Call,
        CallKind,
        Walk,
        state_machine,
        without,
        write_walk,
    )
    from ringspec.strategies.own_values import otherwise
    from ringspec.strategies.shapes.bodies import plain_request

# Hypothesis is slow to load, and a run of certified cases does not need it.
_LATE_BY_MODULE = {
    "adequacy.mutations": "Mutation MutationKind mutations_of",
    "adequacy.verdicts": "MutationResult MutationVerdict fewest prove",
    "bodies.certify": "ProbeBodies is_settled probe_bodies",
    "drawn.label": "Drawn Invalid Label Labelled Labeller",
    "drawn.sources": "Source SourceEnded foreign_sources own_sources",
    "drawn.library": (
        "FAULT_FAMILIES breakable_rules label_of valid_bodies invalid_bodies"
        " unspecified_bodies labelled_bodies"
    ),
    "own_values": "otherwise",
    "shapes.bodies": "plain_request",
    "lifecycle.cases": "Lifecycle",
    "lifecycle.walk": "MAX_CALLS Call CallKind Walk state_machine without write_walk",
}
_LATE = {
    name: module for module, names in _LATE_BY_MODULE.items() for name in names.split()
}


def __getattr__(name: str) -> object:
    if name in _LATE:
        from importlib import import_module  # noqa: PLC0415

        return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "CASE_SCHEMA",
    "FAULT_FAMILIES",
    "FORMAT",
    "MAX_CALLS",
    "Call",
    "CallKind",
    "Case",
    "Drawn",
    "Expect",
    "Invalid",
    "Label",
    "Labelled",
    "Labeller",
    "Lifecycle",
    "Mutation",
    "MutationKind",
    "MutationResult",
    "MutationVerdict",
    "Phase",
    "ProbeBodies",
    "Request",
    "Requests",
    "Slot",
    "Source",
    "SourceEnded",
    "Status",
    "Step",
    "Walk",
    "Want",
    "What",
    "breakable_rules",
    "cases_of",
    "certified",
    "encode",
    "expecting",
    "fewest",
    "foreign_sources",
    "invalid_bodies",
    "is_settled",
    "label_of",
    "labelled_bodies",
    "line",
    "mutations_of",
    "otherwise",
    "own_sources",
    "parse_case",
    "parse_request",
    "plain_request",
    "probe_bodies",
    "prove",
    "quick_of",
    "rules_without_case",
    "state_machine",
    "status_fits",
    "unspecified_bodies",
    "untested",
    "valid_bodies",
    "wire_request",
    "without",
    "write_walk",
]
