"""What is promised: the contract, its rules, its dialects, and proof against it."""

from ringspec.spec.answers import Answer, Answers
from ringspec.spec.assertions import ABOUT, ITEM, Assertion
from ringspec.spec.contract import OURS, Contract, load
from ringspec.spec.document import Inlined
from ringspec.spec.errors import (
    InternalError,
    MisfitError,
    ReportError,
    RingspecError,
    SpecError,
    TargetError,
    UsageError,
    did_you_mean,
    nearest,
)
from ringspec.spec.fixtures import Fixture, member_names
from ringspec.spec.links import Link, Paging, Role, Transition
from ringspec.spec.operations import Header, Operation
from ringspec.spec.overlay import names as dialect_names
from ringspec.spec.overrides import PROFILES, Overrides
from ringspec.spec.proof import (
    Breach,
    Disagreement,
    Prover,
    is_irregular,
    rules_of,
)
from ringspec.spec.questions import (
    Candidate,
    Question,
    load_with_actions,
    overlay_of,
    questions,
)
from ringspec.spec.rules import (
    Catalogue,
    Coupling,
    Edit,
    Evidence,
    Level,
    Rule,
    RuleId,
    weakest,
)
from ringspec.spec.schemas import subschemas
from ringspec.spec.security import TokenHeader
from ringspec.spec.settled import NOT_BLANK
from ringspec.spec.values import (
    Json,
    Location,
    at,
    at_pointer,
    canonical,
    is_shallow,
    kind_of,
    patched,
    pointer,
    same,
    steps,
)

__all__ = [
    "ABOUT",
    "ITEM",
    "NOT_BLANK",
    "OURS",
    "PROFILES",
    "Answer",
    "Answers",
    "Assertion",
    "Breach",
    "Candidate",
    "Catalogue",
    "Contract",
    "Coupling",
    "Disagreement",
    "Edit",
    "Evidence",
    "Fixture",
    "Header",
    "Inlined",
    "InternalError",
    "Json",
    "Level",
    "Link",
    "Location",
    "MisfitError",
    "Operation",
    "Overrides",
    "Paging",
    "Prover",
    "Question",
    "ReportError",
    "RingspecError",
    "Role",
    "Rule",
    "RuleId",
    "SpecError",
    "TargetError",
    "TokenHeader",
    "Transition",
    "UsageError",
    "at",
    "at_pointer",
    "canonical",
    "dialect_names",
    "did_you_mean",
    "is_irregular",
    "is_shallow",
    "kind_of",
    "load",
    "load_with_actions",
    "member_names",
    "nearest",
    "overlay_of",
    "patched",
    "pointer",
    "questions",
    "rules_of",
    "same",
    "steps",
    "subschemas",
    "weakest",
]
