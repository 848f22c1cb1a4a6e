"""The contract of a server: its rules, dialects, and proof of breaches."""

from ringspec.spec.answers import Answer, Answers
from ringspec.spec.assertions import Assertion, constants
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
from ringspec.spec.forms import NOT_BLANK
from ringspec.spec.links import Link, Paging, Role
from ringspec.spec.operations import Operation, TokenHeader
from ringspec.spec.overlay import names as dialect_names
from ringspec.spec.overrides import PROFILES, Fixture, Overrides, member_names
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
from ringspec.spec.reading import short
from ringspec.spec.rules import (
    BODY_ACCEPTED,
    ROBUSTNESS,
    Evidence,
    Level,
    Rule,
    RuleId,
    weakest,
)
from ringspec.spec.schemas import (
    ABOUT,
    ITEM,
    KEYWORDS,
    Subschema,
    branches,
    subschemas,
    walk,
)
from ringspec.spec.values import (
    Json,
    Location,
    Path,
    at,
    at_path,
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
    "BODY_ACCEPTED",
    "ITEM",
    "KEYWORDS",
    "NOT_BLANK",
    "OURS",
    "PROFILES",
    "ROBUSTNESS",
    "Answer",
    "Answers",
    "Assertion",
    "Breach",
    "Candidate",
    "Contract",
    "Disagreement",
    "Evidence",
    "Fixture",
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
    "Path",
    "Prover",
    "Question",
    "ReportError",
    "RingspecError",
    "Role",
    "Rule",
    "RuleId",
    "SpecError",
    "Subschema",
    "TargetError",
    "TokenHeader",
    "UsageError",
    "at",
    "at_path",
    "at_pointer",
    "branches",
    "canonical",
    "constants",
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
    "short",
    "steps",
    "subschemas",
    "walk",
    "weakest",
]
