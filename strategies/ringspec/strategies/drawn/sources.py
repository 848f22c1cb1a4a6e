"""The sources of bodies that `explore` draws from: our own, and those of schemathesis.

Schemathesis' own label is ignored: labels are proven on the bytes, as for every body.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.strategies import DrawFn, SearchStrategy

from ringspec.spec import NOT_BLANK, Contract, Json, RuleId, is_irregular
from ringspec.strategies.case import encode
from ringspec.strategies.drawn.label import Drawn
from ringspec.strategies.drawn.library import Breaker, breakable
from ringspec.strategies.shapes.draw import compiled

if TYPE_CHECKING:
    from schemathesis import GenerationMode

LACKING = (
    "schemathesis is not installed: explore goes without its bodies;"
    " `pip install 'ringspec[schemathesis]'` adds them"
)
# Its bodies are slow to draw.
_TRIES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source of bodies.

    Attributes:
        share: number of bodies in its turn.
        tries: number of smaller bodies drawn once one is found.
    """

    name: str
    bodies: SearchStrategy[Drawn]
    share: int = 16
    tries: int = 400


def own_sources(contract: Contract, rules: Collection[RuleId]) -> list[Source]:
    """Return our own sources: valid bodies, and bodies that break one of some rules."""
    bodies, drawer = compiled(contract)
    valid = drawer.drawn(bodies.root).map(
        lambda body: Drawn(content=encode(body), certified=True)
    )
    sources = [Source(name="valid", bodies=valid)]
    broken = [each for rule, each in breakable(contract).items() if rule in rules]
    if broken:
        invalid = st.one_of([Breaker(contract).of([each]) for each in broken]).map(
            lambda made: Drawn(content=made.content, fault=made.patch, certified=True)
        )
        sources.append(Source(name="invalid", bodies=invalid))
    return sources


class SourceEnded(BaseException):
    """A source cannot go on; Hypothesis would take an Exception for a finding."""


def foreign_sources(contract: Contract) -> tuple[list[Source], str]:
    """Return the sources of schemathesis, or why they are left out."""
    try:
        from schemathesis import GenerationMode  # noqa: PLC0415 - it takes a second
    except ImportError:
        return [], LACKING
    try:
        return [
            Source(
                name=f"schemathesis-{mode.value}",
                share=4,
                tries=_TRIES,
                bodies=_bodies(contract, mode),
            )
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        ], ""
    except Exception as error:  # noqa: BLE001 - any error of the library
        return [], _left_out(error)


def _left_out(error: Exception) -> str:
    reason = f"{type(error).__name__}: {error}".split("\n", 1)[0]
    return f"explore goes on without schemathesis, which cannot go on: {reason}"


def _bodies(contract: Contract, mode: GenerationMode) -> SearchStrategy[Drawn]:
    import schemathesis  # noqa: PLC0415 - it takes a second

    operation = contract.operation
    method = operation.method.lower()
    # Most bodies that the contract admits are unspecified.
    schema = _with_known_texts(contract.settled)
    body = {"required": True, "content": {operation.media_type: {"schema": schema}}}
    responses = {"default": {"description": "Any answer."}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": contract.title, "version": contract.version},
        "paths": {
            operation.path: {method: {"requestBody": body, "responses": responses}}
        },
    }
    loaded = schemathesis.openapi.from_dict(document)
    cases = loaded[operation.path][method.upper()].as_strategy(generation_mode=mode)
    return _drawn(cases)


@st.composite
def _drawn(draw: DrawFn, cases: SearchStrategy[Any]) -> Drawn:
    try:
        body = draw(cases).body
    except HypothesisException:
        raise
    except Exception as error:
        raise SourceEnded(_left_out(error)) from error
    # Most of its bodies have an irregular value: most are regularised.
    if draw(st.sampled_from([True, True, True, False])):
        body = _regular(body)
    try:
        return Drawn(content=body if isinstance(body, bytes) else encode(body))
    except (TypeError, ValueError, RecursionError):
        return reject()  # for instance that no body is to be sent at all


def _regular(value: Json) -> Json:
    """Return a value without its irregular parts."""
    if isinstance(value, dict):
        return {_regular(name): _regular(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_regular(child) for child in value]
    if isinstance(value, str):
        return "".join(each for each in value if not is_irregular(each))
    return int(value) if isinstance(value, float) and is_irregular(value) else value


def _with_known_texts(schema: Json) -> Json:
    """Return a schema whose texts with a pattern are its examples.

    Other digits could be somebody's number. Source: product.md, Safety.
    """
    if isinstance(schema, list):
        return [_with_known_texts(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {name: _with_known_texts(value) for name, value in schema.items()}
    stated = [each for each in (schema, *schema.get("allOf", ())) if type(each) is dict]
    patterns = [each.get("pattern", NOT_BLANK) for each in stated]
    has_form = any(isinstance(each, str) and each != NOT_BLANK for each in patterns)
    examples = schema.get("examples")
    if has_form and examples and isinstance(examples, list):
        changed["enum"] = examples
    return changed
