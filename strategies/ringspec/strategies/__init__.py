"""Cases compiled from a contract, with proof, and bodies drawn from it."""

from typing import TYPE_CHECKING

from ringspec.strategies.case import CASE_SCHEMA as CASE_SCHEMA
from ringspec.strategies.case import FORMAT as FORMAT
from ringspec.strategies.case import Case as Case
from ringspec.strategies.case import Expect as Expect
from ringspec.strategies.case import Phase as Phase
from ringspec.strategies.case import Request as Request
from ringspec.strategies.case import Requests as Requests
from ringspec.strategies.case import Slot as Slot
from ringspec.strategies.case import Status as Status
from ringspec.strategies.case import Step as Step
from ringspec.strategies.case import Want as Want
from ringspec.strategies.case import What as What
from ringspec.strategies.case import encode as encode
from ringspec.strategies.case import expecting as expecting
from ringspec.strategies.case import line as line
from ringspec.strategies.case import parse_case as parse_case
from ringspec.strategies.case import parse_request as parse_request
from ringspec.strategies.case import status_fits as status_fits
from ringspec.strategies.case import wire_request as wire_request
from ringspec.strategies.certificate import cases_of as cases_of
from ringspec.strategies.certificate import certified as certified
from ringspec.strategies.certificate import quick_of as quick_of
from ringspec.strategies.certificate import untested as untested

if TYPE_CHECKING:
    from ringspec.strategies.adequacy.mutations import Mutation as Mutation
    from ringspec.strategies.adequacy.mutations import MutationKind as MutationKind
    from ringspec.strategies.adequacy.mutations import mutations_of as mutations_of
    from ringspec.strategies.adequacy.verdicts import MutationResult as MutationResult
    from ringspec.strategies.adequacy.verdicts import MutationVerdict as MutationVerdict
    from ringspec.strategies.adequacy.verdicts import fewest as fewest
    from ringspec.strategies.adequacy.verdicts import prove as prove
    from ringspec.strategies.bodies.certify import ProbeBodies as ProbeBodies
    from ringspec.strategies.bodies.certify import is_settled as is_settled
    from ringspec.strategies.bodies.certify import probe_bodies as probe_bodies
    from ringspec.strategies.drawn.label import Drawn as Drawn
    from ringspec.strategies.drawn.label import Invalid as Invalid
    from ringspec.strategies.drawn.label import Label as Label
    from ringspec.strategies.drawn.label import Labelled as Labelled
    from ringspec.strategies.drawn.label import Labeller as Labeller
    from ringspec.strategies.drawn.library import FAULT_FAMILIES as FAULT_FAMILIES
    from ringspec.strategies.drawn.library import Source as Source
    from ringspec.strategies.drawn.library import SourceEnded as SourceEnded
    from ringspec.strategies.drawn.library import breakable_rules as breakable_rules
    from ringspec.strategies.drawn.library import foreign_sources as foreign_sources
    from ringspec.strategies.drawn.library import invalid_bodies as invalid_bodies
    from ringspec.strategies.drawn.library import label_of as label_of
    from ringspec.strategies.drawn.library import labelled_bodies as labelled_bodies
    from ringspec.strategies.drawn.library import own_sources as own_sources
    from ringspec.strategies.drawn.library import (
        unspecified_bodies as unspecified_bodies,
    )
    from ringspec.strategies.drawn.library import valid_bodies as valid_bodies
    from ringspec.strategies.lifecycle.cases import Lifecycle as Lifecycle
    from ringspec.strategies.lifecycle.walk import MAX_CALLS as MAX_CALLS
    from ringspec.strategies.lifecycle.walk import Call as Call
    from ringspec.strategies.lifecycle.walk import CallKind as CallKind
    from ringspec.strategies.lifecycle.walk import Walk as Walk
    from ringspec.strategies.lifecycle.walk import state_machine as state_machine
    from ringspec.strategies.lifecycle.walk import without as without
    from ringspec.strategies.own_values import otherwise as otherwise
    from ringspec.strategies.shapes.bodies import plain_request as plain_request

# Hypothesis is slow to load, and a run of certified cases does not need it.
_LATE = {
    "adequacy.mutations": "Mutation MutationKind mutations_of",
    "adequacy.verdicts": "MutationResult MutationVerdict fewest prove",
    "bodies.certify": "ProbeBodies is_settled probe_bodies",
    "drawn.label": "Drawn Invalid Label Labelled Labeller",
    "drawn.library": (
        "FAULT_FAMILIES breakable_rules label_of valid_bodies invalid_bodies"
        " unspecified_bodies labelled_bodies"
        " Source SourceEnded foreign_sources own_sources"
    ),
    "own_values": "otherwise",
    "shapes.bodies": "plain_request",
    "lifecycle.cases": "Lifecycle",
    "lifecycle.walk": "MAX_CALLS Call CallKind Walk state_machine without",
}


def __getattr__(name: str) -> object:
    for module, names in _LATE.items():
        if name in names.split():
            from importlib import import_module  # noqa: PLC0415

            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
