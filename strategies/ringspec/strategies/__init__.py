"""What is sent: cases compiled from a contract, and how they are proven."""

from typing import TYPE_CHECKING

from ringspec.strategies.case import (
    CASE_SCHEMA,
    CLIENT_ID,
    CLIENT_SECRET,
    CLIENT_SECRET_CUT,
    FORMAT,
    TOKEN,
    TOKEN_CUT,
    TOKEN_SWAPPED,
    TOKEN_URL,
    Case,
    Expect,
    Phase,
    Request,
    Requests,
    Status,
    Step,
    Want,
    What,
    encode,
    expecting,
    line,
    parse_request,
    parse_step,
    status_fits,
    unbroken,
    wire_request,
)
from ringspec.strategies.certificate import cases_of, certified, quick_of

if TYPE_CHECKING:
    from ringspec.strategies.adequacy import (
        Finding,
        Kind,
        Mutant,
        Verdict,
        fewest,
        mutants,
        prove,
    )
    from ringspec.strategies.drawn.label import (
        Drawn,
        Example,
        Labeller,
        Source,
        own_sources,
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
    from ringspec.strategies.drawn.probe_bodies import (
        Telling,
        is_valid,
        request_of,
        telling,
    )
    from ringspec.strategies.drawn.sample import Invalid, Label, Labelled
    from ringspec.strategies.drawn.schemathesis_bodies import (
        SourceEnded,
        foreign_sources,
    )
    from ringspec.strategies.shapes.bodies import plain_request
    from ringspec.strategies.walks import (
        MOVES,
        Deed,
        Move,
        Stride,
        Walk,
        Ways,
        walking,
        without,
        written,
    )

# Hypothesis takes a while to load, and a run of certified cases needs none of it.
_LATE = {
    **dict.fromkeys(("Finding", "Kind", "Mutant", "Verdict"), "adequacy"),
    **dict.fromkeys(("fewest", "mutants", "prove"), "adequacy"),
    **dict.fromkeys(
        ("Telling", "is_valid", "request_of", "telling"), "drawn.probe_bodies"
    ),
    **dict.fromkeys(("Drawn", "Example", "Labeller", "Source"), "drawn.label"),
    "own_sources": "drawn.label",
    **dict.fromkeys(("SourceEnded", "foreign_sources"), "drawn.schemathesis_bodies"),
    **dict.fromkeys(("FAULT_FAMILIES", "breakable_rules", "label_of"), "drawn.library"),
    **dict.fromkeys(("valid_bodies", "invalid_bodies"), "drawn.library"),
    **dict.fromkeys(("unspecified_bodies", "labelled_bodies"), "drawn.library"),
    **dict.fromkeys(("Invalid", "Label", "Labelled"), "drawn.sample"),
    "plain_request": "shapes.bodies",
    **dict.fromkeys(("MOVES", "Deed", "Move", "Stride", "Walk", "Ways"), "walks"),
    **dict.fromkeys(("walking", "without", "written"), "walks"),
}


def __getattr__(name: str) -> object:
    if name in _LATE:
        from importlib import import_module  # noqa: PLC0415

        return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "CASE_SCHEMA",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CLIENT_SECRET_CUT",
    "FAULT_FAMILIES",
    "FORMAT",
    "MOVES",
    "TOKEN",
    "TOKEN_CUT",
    "TOKEN_SWAPPED",
    "TOKEN_URL",
    "Case",
    "Deed",
    "Drawn",
    "Example",
    "Expect",
    "Finding",
    "Invalid",
    "Kind",
    "Label",
    "Labelled",
    "Labeller",
    "Move",
    "Mutant",
    "Phase",
    "Request",
    "Requests",
    "Source",
    "SourceEnded",
    "Status",
    "Step",
    "Stride",
    "Telling",
    "Verdict",
    "Walk",
    "Want",
    "Ways",
    "What",
    "breakable_rules",
    "cases_of",
    "certified",
    "encode",
    "expecting",
    "fewest",
    "foreign_sources",
    "invalid_bodies",
    "is_valid",
    "label_of",
    "labelled_bodies",
    "line",
    "mutants",
    "own_sources",
    "parse_request",
    "parse_step",
    "plain_request",
    "prove",
    "quick_of",
    "request_of",
    "status_fits",
    "telling",
    "unbroken",
    "unspecified_bodies",
    "valid_bodies",
    "walking",
    "wire_request",
    "without",
    "written",
]
