"""Foreign bodies: those of schemathesis, for whoever has it installed.

In: a contract. Out: sources, or why there are none. What schemathesis calls a body is
not asked: a label is proven on the bytes, as for every body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.strategies import DrawFn, SearchStrategy

from ringspec.spec import NOT_BLANK, Contract, Json, is_irregular
from ringspec.strategies.case import encode
from ringspec.strategies.drawn.label import Drawn, Source

if TYPE_CHECKING:
    from schemathesis import GenerationMode

LACKING = (
    "schemathesis is not installed: explore goes without its bodies;"
    " `pip install 'ringspec[schemathesis]'` adds them"
)
# Each of its bodies takes a while to draw.
_TRIES = 40
_TIDY = st.sampled_from([True, True, True, False])


class SourceEnded(BaseException):
    """A source cannot go on; Hypothesis would take an Exception for a finding."""


def foreign_sources(contract: Contract) -> tuple[list[Source], str]:
    """Return the sources of schemathesis, or why they are left out."""
    try:
        from schemathesis import GenerationMode  # noqa: PLC0415 - it takes a second
    except ImportError:
        return [], LACKING
    # Of what the contract itself admits, most is merely not settled.
    schema = _known_only(contract.settled)
    try:
        return [
            Source(
                name=f"schemathesis-{mode.value}",
                share=4,
                tries=_TRIES,
                bodies=_bodies(contract, schema, mode),
            )
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        ], ""
    except Exception as error:  # noqa: BLE001 - whatever it raises is no fault of ours
        return [], _left_out(error)


def _left_out(error: BaseException) -> str:
    said = f"{type(error).__name__}: {error}".split("\n", 1)[0]
    return f"explore goes on without schemathesis, which cannot go on: {said}"


def _bodies(
    contract: Contract, schema: Json, mode: GenerationMode
) -> SearchStrategy[Drawn]:
    import schemathesis  # noqa: PLC0415 - as above

    operation = contract.operation
    method = operation.method.lower()
    content = {operation.media_type: {"schema": schema}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": contract.title, "version": contract.version},
        "paths": {
            operation.path: {
                method: {
                    "requestBody": {"required": True, "content": content},
                    "responses": {"default": {"description": "Whatever it is."}},
                }
            }
        },
    }
    loaded = schemathesis.openapi.from_dict(document)
    cases = loaded[operation.path][method.upper()].as_strategy(generation_mode=mode)
    return _drawn(cases)


@st.composite
def _drawn(draw: DrawFn, cases: SearchStrategy[Any]) -> Drawn:
    try:
        case = draw(cases)
    except HypothesisException:
        raise
    except Exception as error:
        raise SourceEnded(_left_out(error)) from error
    # Most of its bodies are merely odd somewhere: from most this is taken away.
    content = _content(_plain(case.body) if draw(_TIDY) else case.body)
    return reject() if content is None else Drawn(content=content)


def _content(body: Any) -> bytes | None:
    """Return the bytes of a body; None where it is none that can be written."""
    if isinstance(body, bytes):
        return body
    try:
        return encode(body)
    except (TypeError, ValueError, RecursionError):
        return None  # for instance that no body is to be sent at all


def _plain(value: Json) -> Json:
    """Return a value without what is odd, as far as that changes nothing else."""
    if isinstance(value, dict):
        return {_plain(name): _plain(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_plain(child) for child in value]
    if isinstance(value, str):
        return "".join(each for each in value if not is_irregular(each))
    return int(value) if isinstance(value, float) and is_irregular(value) else value


def _known_only(schema: Json) -> Json:
    """Return a schema whose texts of a certain form are examples.

    Other digits could be somebody's number. Source: product.md, Safety.
    """
    if isinstance(schema, list):
        return [_known_only(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {keyword: _known_only(value) for keyword, value in schema.items()}
    examples = schema.get("examples")
    stated = (schema, *schema.get("allOf", ()))
    patterns = {each["pattern"] for each in stated if _has_pattern(each)}
    if examples and isinstance(examples, list) and patterns - {NOT_BLANK}:
        changed["enum"] = examples
    return changed


def _has_pattern(schema: Json) -> bool:
    return isinstance(schema, dict) and isinstance(schema.get("pattern"), str)
