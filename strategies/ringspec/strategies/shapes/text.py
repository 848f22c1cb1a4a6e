"""Texts: readable, fitted to bounds, and examples where a schema has none.

Other digits could be a real number: only a contract may give a text with many.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import chain
from random import Random

from ringspec.spec import NOT_BLANK, Json, Operation

# The settled form of a free text: 1 to 100 characters, not blank.
TEXTS = (
    "Réunion d'équipe à 14 h",
    "Größe & Maß für Straße",
    'She said "hello", then hung up',
    "1 < 2 & 3 > 2; 100 % sure",
    "\u260e\ufe0f Appel urgent \U0001f6a8 \U0001f469\u200d\U0001f467",
    "Здравствуйте, это проверка",
    "お知らせ 本日は休業です",
    "مرحبا بكم",
    "C:\\path\\to/file?x=1&y={z}",
    "l'été, c'est <b>demain</b>",
    "Ça va ? Oui… « très bien »",
    "null",
    "0012",
    "x",
)
# Longest texts and arrays that are sent: a bound beyond stays untried.
LONGEST = 1_000_000
MOST_ITEMS = 1000
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


# From ranges that RFC 2606, 3849 and 5737 reserve for documentation.
_FORMATS = {
    "date": "2031-04-30",
    "date-time": "2031-04-30T10:00:00Z",
    "time": "10:00:00Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "idn-email": "someone@example.com",
    "hostname": "host.example.com",
    "idn-hostname": "host.example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/path",
    "uri-reference": "https://example.com/path",
    "iri": "https://example.com/path",
    "iri-reference": "https://example.com/path",
    "uri-template": "https://example.com/{path}",
    "json-pointer": "/a/b",
    "relative-json-pointer": "1/a",
    "regex": "^a+",
}
# A text with this many digits may be a real number.
_DIGITS = re.compile(r"\d.{0,2}\d.{0,2}\d.{0,2}\d.{0,2}\d.{0,2}\d")
_GIVEN = frozenset({"examples", "enum", "const"})


def of_media_type(operation: Operation) -> list[Json]:
    """List the examples of whole bodies that an operation shows."""
    node = operation.node
    for step in ("requestBody", "content", operation.media_type):
        node = node.get(step, {}) if isinstance(node, dict) else {}
    if not isinstance(node, dict):
        return []
    named = node.get("examples", {})
    listed = named.values() if isinstance(named, dict) else ()
    found = [
        each["value"] for each in listed if isinstance(each, dict) and "value" in each
    ]
    return [node["example"], *found] if "example" in node else found


def with_examples(schema: Json, values: Iterable[Json] = ()) -> Json:
    """Return a schema in which each text of a form has an example, if one is known.

    Known are values from the examples around it, else a plain text of its form.

    Args:
        schema: an inlined schema.
        values: examples that fit it.
    """
    if not isinstance(schema, dict):
        return schema
    alone = [schema[name] for name in ("default", "example") if name in schema]
    known = [*values, *alone, *schema.get("examples", ())]
    changed = dict(schema)
    for keyword, value in schema.items():
        if keyword == "properties":
            objects = [each for each in known if isinstance(each, dict)]
            changed[keyword] = {
                name: with_examples(
                    child, [each[name] for each in objects if name in each]
                )
                for name, child in value.items()
            }
        elif keyword == "items":
            items = [each for each in known if isinstance(each, list)]
            changed[keyword] = with_examples(value, chain.from_iterable(items))
        elif keyword in {"allOf", "anyOf", "oneOf"}:
            changed[keyword] = [with_examples(child, known) for child in value]
        elif keyword in {"then", "else"}:
            changed[keyword] = with_examples(value, known)
        elif keyword == "additionalProperties" and isinstance(value, dict):
            changed[keyword] = with_examples(value)
    has_form = (
        "format" in schema
        or "contentEncoding" in schema
        or schema.get("pattern", NOT_BLANK) != NOT_BLANK
    )
    is_given = _GIVEN & schema.keys() or any(isinstance(each, str) for each in alone)
    if has_form and not is_given:
        changed["examples"] = _texts(schema, known)
    return changed


def _texts(schema: dict[str, Json], known: list[Json]) -> list[Json]:
    """List texts of a form: known ones, else one of our own."""
    found = [each for each in known if isinstance(each, str)]
    if found:
        return list(dict.fromkeys(found))
    form = schema.get("format", "")
    text = _FORMATS.get(form)
    if schema.get("contentEncoding") == "base64":
        size = 3 * -(-max(schema.get("minLength", 0), 8) // 4)
        text = b64encode((b"text" * size)[:size]).decode()
    elif "pattern" in schema:
        least, most = schema.get("minLength", 0), schema.get("maxLength", 100)
        text = matching(schema["pattern"], least, most, form)
    return [] if text is None else [text]


@lru_cache(maxsize=1000)
def matching(pattern: str, least: int, most: int, form: str = "") -> str | None:
    """Return a plain text that has a pattern and a length; None if none is found."""
    wanted = re.compile(pattern)

    def fits(text: str) -> bool:
        return (
            least <= len(text) <= most
            and text.isprintable()
            and bool(text.strip())
            and not is_number(text)
            and bool(wanted.search(text))
        )

    likely = (_FORMATS.get(form, "text"), "text", "Text", "TEXT", "1", "text-1", "a")
    if form:
        return next(filter(fits, likely[:1]), None)
    return next(filter(fits, likely), None) or _found(pattern, fits)


def is_number(text: str) -> bool:
    """Return whether a text may be a real number: none has a single digit but zeros."""
    return bool(_DIGITS.search(text)) and sum(c in "123456789" for c in text) > 1


def _found(pattern: str, fits: Callable[[str], bool]) -> str | None:
    """Find the plainest text that has a pattern."""
    from hypothesis import find, settings  # noqa: PLC0415 - slow to import
    from hypothesis.errors import HypothesisException  # noqa: PLC0415 - slow to import
    from hypothesis.strategies import characters, from_regex  # noqa: PLC0415 - as above

    plain = characters(min_codepoint=32, max_codepoint=126)
    quiet = settings(max_examples=50, database=None, deadline=None)
    try:
        texts = from_regex(pattern, alphabet=plain)
        return find(texts, fits, settings=quiet, random=Random(0))  # noqa: S311
    except HypothesisException:
        return None
