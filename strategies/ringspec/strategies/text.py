"""Texts that people really use, and how a text or an id is fitted to its bounds."""

from __future__ import annotations

from collections.abc import Sequence

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
