"""Examples for texts of a form that the schema of the text gives none of.

In: a schema, and examples of whole bodies. Out: the schema with more `examples`: what
the examples around a text show of it, else a plain text of its format or pattern.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from random import Random

from ringspec.spec import NOT_BLANK, Json, Operation, rebuilt

# Within what is settled for a free text: 1 to 100 characters, not blank.
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
# What is longer, or has more items, is no longer sent: a bound beyond stays untried.
LONGEST = 1_000_000
MOST_ITEMS = 1000
# Some of these miss a pattern, whatever it asks for.
MISSING = ("text", "other", "0", "A", "-", "no match, at all")
LONG = "Votre rendez-vous est confirmé : répondez 1 pour oui, 2 pour non. "


def is_prose(examples: Sequence[str]) -> bool:
    """Tell whether examples show text to be read, rather than the name of something.

    A single word may name what the target has to know beforehand: it stays as it is.
    """
    return not examples or any(" " in each for each in examples)


def of_length(length: int) -> str:
    """Return a readable text of exactly that many characters."""
    repeated = LONG * (length // len(LONG) + 1)
    text = repeated[:length]
    # A text that begins or ends in a blank may be trimmed by its receiver.
    return text[:-1] + "." if text.endswith(" ") else text


def fitted(example: str, low: int, high: float) -> str:
    """Shorten or lengthen an example until its length is within bounds."""
    if len(example) > high:
        return example[: int(high)]
    return example + (example[-1:] or "x") * (low - len(example))


def sibling_id(example: str, number: int) -> str:
    """Return another uuid, alike but for its last digits."""
    if number == 0:
        return example
    value = (int(example[-4:], 16) + 7919 * number) % 0x10000
    return f"{example[:-4]}{value:04x}"


def sibling_text(example: str, number: int) -> str:
    """Return another text of the same length, alike but for its end, where it can."""
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
# Any text with so many digits may be somebody's number: only a contract may give one.
_DIGITS = re.compile(r"\d.{0,2}\d.{0,2}\d.{0,2}\d.{0,2}\d.{0,2}\d")
_BRANCHES = frozenset({"allOf", "anyOf", "oneOf", "then", "else"})
_GIVEN = frozenset({"example", "examples", "default", "enum", "const"})


def of_media_type(operation: Operation) -> list[Json]:
    """List the examples of whole bodies that an operation shows."""
    node = operation.node
    for step in ("requestBody", "content", operation.media_type):
        node = node.get(step, {}) if isinstance(node, dict) else {}
    if not isinstance(node, dict):
        return []
    named = node.get("examples", {})
    listed = named.values() if isinstance(named, dict) else ()
    shown = [
        each["value"] for each in listed if isinstance(each, dict) and "value" in each
    ]
    return [node["example"], *shown] if "example" in node else shown


def shown(schema: Json, values: Iterable[Json] = ()) -> Json:
    """Return a schema in which each text of a form has an example, if one is known.

    Args:
        schema: an inlined schema.
        values: examples of what fits it.

    """
    if not isinstance(schema, dict):
        return schema
    known = [*values, *_own(schema)]

    def below(keyword: str, steps: tuple[str, ...], child: Json) -> Json:
        if keyword == "properties":
            return shown(child, _members(known, steps[1]))
        if keyword == "items":
            return shown(child, _items(known))
        if keyword in _BRANCHES:
            return shown(child, known)
        return shown(child) if keyword == "additionalProperties" else child

    changed = rebuilt(schema, below)
    if _has_form(schema) and not _GIVEN & schema.keys():
        changed["examples"] = _texts(schema, known)
    return changed


def _has_form(schema: dict[str, Json]) -> bool:
    return "format" in schema or schema.get("pattern", NOT_BLANK) != NOT_BLANK


def _own(schema: dict[str, Json]) -> list[Json]:
    alone = [schema[name] for name in ("default", "example") if name in schema]
    return [*alone, *schema.get("examples", ())]


def _members(values: list[Json], name: str) -> list[Json]:
    return [each[name] for each in values if isinstance(each, dict) and name in each]


def _items(values: list[Json]) -> list[Json]:
    return [item for each in values if isinstance(each, list) for item in each]


def _texts(schema: dict[str, Json], known: list[Json]) -> list[Json]:
    """List texts of a form: those around it, else one of our own."""
    found = [each for each in known if isinstance(each, str)]
    if found:
        return list(dict.fromkeys(found))
    text = _FORMATS.get(schema.get("format", ""))
    if "pattern" in schema:
        least, most = schema.get("minLength", 0), schema.get("maxLength", 100)
        text = matching(schema["pattern"], least, most, schema.get("format", ""))
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
            and not _DIGITS.search(text)
            and bool(wanted.search(text))
        )

    likely = (_FORMATS.get(form, "text"), "text", "Text", "TEXT", "1", "text-1", "a")
    if form:
        return next(filter(fits, likely[:1]), None)
    return next(filter(fits, likely), None) or _found(pattern, fits)


def _found(pattern: str, fits: Callable[[str], bool]) -> str | None:
    """Look for the plainest text that has a pattern."""
    from hypothesis import find, settings  # noqa: PLC0415 - slow to import
    from hypothesis.errors import HypothesisException  # noqa: PLC0415 - likewise
    from hypothesis.strategies import characters, from_regex  # noqa: PLC0415 - likewise

    plain = characters(min_codepoint=32, max_codepoint=126)
    calm = settings(max_examples=50, database=None, deadline=None)
    try:
        texts = from_regex(pattern, alphabet=plain)
        return find(texts, fits, settings=calm, random=Random(0))  # noqa: S311
    except HypothesisException:
        return None
