"""Texts: readable, fitted to bounds, and examples where a schema has none.

Other digits could be a real number: only a contract may give a text with many.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path as File

from ringspec.spec.forms import NOT_BLANK
from ringspec.spec.plain import texts_of_form
from ringspec.spec.proof import Prover
from ringspec.spec.schemas import rebuilt
from ringspec.spec.values import Json, Path

_SAMPLES = json.loads(File(__file__).with_name("texts.json").read_text("utf-8"))
# The settled form of a free text: 1 to 100 characters, not blank.
TEXTS: list[str] = _SAMPLES["free"]
# Texts that have broken servers before: a name, a text, and how often it is repeated.
HOSTILE: dict[str, str] = {name: it * times for name, it, times in _SAMPLES["hostile"]}
# Longest texts and arrays that are sent: a bound beyond stays untried.
LONGEST = 1_000_000
MOST_WIDE = 10_000
MOST_ITEMS = 1000
# Two code units of UTF-16, one character. Source: JSON Schema 2020-12 Validation, 6.3.
ASTRAL = "\U0001f4de"
# At least one of these breaks any pattern.
MISSING = ("text", "other", "0", "A", "-", "no match, at all")
LONG = "Votre rendez-vous est confirmé : répondez 1 pour oui, 2 pour non. "


def is_prose(examples: Sequence[str]) -> bool:
    """Return whether examples are prose, not names.

    A single word may name a resource of the target: it is kept unchanged.
    """
    return not examples or any(" " in each for each in examples)


def of_length(length: int) -> str:
    """Return a readable text of exactly that many characters."""
    repeated = LONG * (length // len(LONG) + 1)
    text = repeated[:length]
    # A receiver may trim blanks at the ends of a text.
    return text[:-1] + "." if text.endswith(" ") else text


def fitted(example: str, low: int, high: float) -> str:
    """Shorten or lengthen an example until its length is within bounds."""
    if len(example) > high:
        return example[: int(high)]
    return example + (example[-1:] or "x") * (low - len(example))


def sibling_id(example: str, number: int) -> str:
    """Return another uuid, with other last digits."""
    if number == 0:
        return example
    value = (int(example[-4:], 16) + 7919 * number) % 0x10000
    return f"{example[:-4]}{value:04x}"


def sibling_text(example: str, number: int) -> str:
    """Return another text, of the same length and with another end if possible."""
    tail = str(number)
    return f"{example[: -len(tail)]}{tail}" if len(example) > len(tail) else tail


_GIVEN = frozenset({"examples", "enum", "const"})
_FORMED = frozenset({"format", "contentEncoding"})
# Their schemas are about the same value.
_SAME = frozenset({"allOf", "anyOf", "oneOf", "then", "else"})


def with_examples(schema: Json, values: Iterable[Json] = ()) -> Json:
    """Return a schema in which each text of a form has an example, if one is known.

    Known are `values`, examples of the whole schema, and the examples around it, else a
    plain text of its form.
    """
    if not isinstance(schema, dict):
        return schema
    alone = [schema[name] for name in ("default", "example") if name in schema]
    known = [*values, *alone, *schema.get("examples", ())]

    def below(keyword: str, steps: Path, child: Json) -> Json:
        if keyword == "properties":
            shown = [it for it in known if isinstance(it, dict) and steps[-1] in it]
            return with_examples(child, [each[steps[-1]] for each in shown])
        if keyword == "items":
            lists = [each for each in known if isinstance(each, list)]
            return with_examples(child, chain.from_iterable(lists))
        if keyword == "additionalProperties":
            return with_examples(child)
        return with_examples(child, known) if keyword in _SAME else child

    changed = rebuilt(schema, below)
    has_form = _FORMED & schema.keys() or schema.get("pattern", NOT_BLANK) != NOT_BLANK
    is_given = _GIVEN & schema.keys() or any(isinstance(each, str) for each in alone)
    if has_form and not is_given:
        if known:
            known = [*filter(Prover(schema, ()).is_valid, known)]
        changed["examples"] = texts_of_form(schema, known)
    return changed
