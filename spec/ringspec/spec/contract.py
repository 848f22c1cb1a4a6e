"""The contract: one operation of an OpenAPI file, its schemas, its rules.

In: an OpenAPI 3.1 file, perhaps a dialect, perhaps a catalogue. Out: what the strategies
compile and the oracle judges by.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ringspec.spec import document, overlay
from ringspec.spec.answers import Answers, read_answers
from ringspec.spec.assertions import Assertion, assertions
from ringspec.spec.document import Inlined
from ringspec.spec.errors import SpecError, UsageError
from ringspec.spec.operations import Operation, choose, headers
from ringspec.spec.proof import Prover
from ringspec.spec.rules import (
    Catalogue,
    Evidence,
    Level,
    Rule,
    RuleId,
    parse_catalogue,
)
from ringspec.spec.settled import settle
from ringspec.spec.usage import usage
from ringspec.spec.values import Json

OURS = Path(__file__).parent / "openapi.yaml"

# Rules about HTTP rather than about a body: every contract has them.
_HTTP_RULES = {
    "body.accepted": "A body that keeps to every rule is accepted.",
    "answer.json": "What answers an accepted request is JSON, and says so.",
    "answer.members": "The answer has its required members.",
    "answer.types": "Members of the answer are what their schema says.",
    "answer.echo": "The answer gives back what was sent, unchanged.",
    "answer.defaults": "The answer shows documented defaults for what was left out.",
    "error.status": "What breaks a rule is refused with 400 or 422.",
    "error.envelope": "A refusal keeps to the contract's schema of errors.",
    "auth.token": "A request without a valid access token is answered 401.",
    "robustness": "Whatever is sent, the answer comes in time, whole, and is no 5xx.",
}


@dataclass(frozen=True)
class Contract:
    """What one operation promises.

    Attributes:
        rules: the catalogue's rows in its order, each with its places.
        dropped: rules of the catalogue that this dialect has no place for.
        sha256: digest of the document, dialect applied, and of the catalogue.
    """

    title: str
    version: str
    sha256: str
    server_url: str
    dialect: str | None
    operation: Operation
    request: Inlined
    answers: Answers
    assertions: tuple[Assertion, ...]
    rules: dict[RuleId, Rule]
    dropped: tuple[RuleId, ...]
    catalogue: Catalogue

    @cached_property
    def settled(self) -> Json:
        """The schema that valid bodies keep to."""
        return settle(self.request.schema)

    @cached_property
    def prover(self) -> Prover:
        """Names the rules that a body breaks."""
        return Prover(self.request.schema, self.assertions)

    @cached_property
    def settled_prover(self) -> Prover:
        """Tells whether a body keeps to the settled form."""
        return Prover(self.settled, assertions(Inlined(self.settled, {})))

    def level_of_use(self, body: Json) -> Level:
        """Return the weakest level among the members and values a body uses."""
        return usage(self.request.schema, body)


def load(
    path: Path | None = None,
    *,
    operation: str | None = None,
    dialect: str | None = None,
) -> Contract:
    """Load a contract; ours without a path.

    Raises:
        SpecError: the file, its catalogue or the dialect is at fault.
        UsageError: the operation or the dialect is not there.
    """
    path = path or OURS
    base = document.read(path)
    if not isinstance(base, dict) or not str(base.get("openapi", "")).startswith("3.1"):
        raise SpecError(f"{path}: not an OpenAPI 3.1 document (`openapi: 3.1.0`)")
    rows = _catalogue_data(path, base)
    if dialect is not None:
        file = overlay.find(dialect)
        base = overlay.apply(base, overlay.load(file), str(file.name))
        dialect = file.stem
    return _build(base, rows, path, operation, dialect)


def _catalogue_data(path: Path, base: Json) -> Json:
    """Find the catalogue beside a contract; none is found for most foreign ones."""
    if path != OURS and document.digest(base) == document.digest(document.read(OURS)):
        path = OURS
    for beside in (path.with_suffix(".rules.yaml"), path.with_name("rules.yaml")):
        if beside.is_file():
            return document.read(beside)
    return {"rules": []}


def _build(
    base: Json, rows: Json, path: Path, wanted: str | None, dialect: str | None
) -> Contract:
    try:
        operation = choose(base, wanted)
        request = document.inline(base, operation.schema_place)
        info = base["info"]
        title, version = str(info["title"]), str(info["version"])
        servers = base.get("servers") or [{"url": ""}]
        answers = read_answers(base, operation)
    except UsageError:
        raise
    except SpecError as error:
        raise SpecError(f"{path}: {error}", hint=error.hint) from error
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise SpecError(
            f"{path}: not a whole OpenAPI document: {error!r}",
            hint="check it with openapi-spec-validator",
        ) from error
    catalogue = parse_catalogue(rows, "rules.yaml")
    found = assertions(request)
    places = _places(found, answers, operation)
    rules = _rules(catalogue, places)
    return Contract(
        title=title,
        version=version,
        sha256=document.digest([base, rows, operation.id]),
        server_url=str(servers[0]["url"]),
        dialect=dialect,
        operation=operation,
        request=request,
        answers=answers,
        assertions=found,
        rules=rules,
        dropped=tuple(id for id in catalogue.rules if id not in rules),
        catalogue=catalogue,
    )


def _places(
    found: tuple[Assertion, ...], answers: Answers, operation: Operation
) -> dict[RuleId, tuple[str, ...]]:
    """Gather the places of each rule, in the contract's order."""
    places: dict[RuleId, dict[str, None]] = {}
    for each in (*found, *answers.assertions):
        places.setdefault(each.rule, {})[each.place] = None
    for header in headers(operation):
        places.setdefault(header.rule, {})[header.place] = None
    for name in _HTTP_RULES:
        places.setdefault(RuleId(name), {})
    return {id: tuple(listed) for id, listed in places.items()}


def _rules(
    catalogue: Catalogue, places: dict[RuleId, tuple[str, ...]]
) -> dict[RuleId, Rule]:
    """Join rows and places; a place without a row gets a derived one."""
    rules = {
        id: replace(rule, places=places[id])
        for id, rule in catalogue.rules.items()
        if id in places
    }
    for id, listed in places.items():
        rules.setdefault(id, _derived(id, listed))
    return rules


def _derived(id: RuleId, places: tuple[str, ...]) -> Rule:
    return Rule(
        id=id,
        level=Level.MUST,
        evidence=Evidence.DOCUMENTED,
        sentence=_HTTP_RULES.get(id, f"A body keeps to {', '.join(places[:1])}."),
        source=places[0] if places else "RFC 9110",
        places=places,
    )
