"""Rules about words: the lexicon over every text that people would read.

Patterns are matched without accents and in small letters, in the file's own characters, so that a finding
points at the very words, also inside a folded block. Every pattern is tried on every text: a file does not
always say the truth about its languages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from onloan.offers.findings import Finding, block, syntax, warn
from onloan.offers.lexicon import LEXICON, Meaning
from onloan.offers.nodes import Part, Scalar
from onloan.offers.reader import Read


def _compile(meaning: Meaning) -> re.Pattern[str]:
    """A space in a pattern is any run of spaces and line ends: texts are folded over lines."""
    written = "|".join(rf"\b(?:{pattern})" for pattern in meaning.patterns)
    return re.compile(written.replace(" ", r"\s+"))


_WORD = re.compile(r"[^\W\d_]+")
_LOOK_ALIKES = frozenset({"LATIN", "CYRILLIC", "GREEK"})
_COMPILED = tuple((meaning, _compile(meaning)) for meaning in LEXICON)


def check(root: Part, read: Read) -> Iterator[Finding]:
    for clause in root.get("clauses").items():
        message = "Terms in free words can say what the system does not do."
        mend = "Take it out; Onloan writes the terms from the offer."
        yield block(clause, "E-FREE-TEXT", message, mend)
    for key in ("title", "rewards", "permissions", "clauses"):
        for part in root.get(key).scalars():
            if _is_prose(part):
                yield from check_words(part, read)
                yield from _check_letters(part)


def _is_prose(part: Part) -> bool:
    """Texts that people read; words of a vocabulary have rules of their own."""
    return part.path.startswith(("title", "clauses")) or ".why" in part.path or ".label" in part.path


def _check_letters(part: Part) -> Iterator[Finding]:
    """A Cyrillic ``е`` in a Latin word looks the same to people and hides the word from the lexicon."""
    for word in _WORD.findall(part.text() or ""):
        scripts = {unicodedata.name(letter, "").split(" ")[0] for letter in word} & _LOOK_ALIKES
        if len(scripts) > 1:
            message = f"“{word[:40]}” mixes letters of two alphabets that look the same."
            yield syntax(part, "E-CHARACTER", message, "Type the word again in one alphabet.")
            return


def check_words(part: Part, read: Read) -> Iterator[Finding]:
    """Each meaning once in one text, at its own words."""
    node = part.node
    assert isinstance(node, Scalar)
    source = fold(read.source[node.start : node.end])
    for meaning, pattern in _COMPILED:
        hit = pattern.search(source)
        place = read.place_at(node.start + hit.start()) if hit else part.place
        words = read.source[node.start + hit.start() : node.start + hit.end()] if hit else ""
        if hit is None:
            # Escapes in a double-quoted text hide words from the source, not from readers.
            hit = pattern.search(fold(node.text))
            words = node.text[hit.start() : hit.end()] if hit else ""
        if hit is not None:
            said = warn if meaning.is_doubtful else block
            message = f"“{' '.join(words.split())}” {meaning.says}."
            yield said(part, meaning.code, message, meaning.mend, place=place)


@dataclass(frozen=True, slots=True)
class RefusedWords:
    """The first words of a text that no offer may use, and what they mean."""

    words: str
    says: str


def find_refused_words(text: str) -> RefusedWords | None:
    """For a text outside a file that people read beside an offer; what is only doubtful passes."""
    folded = fold(text)
    for meaning, pattern in _COMPILED:
        hit = None if meaning.is_doubtful else pattern.search(folded)
        if hit is not None:
            return RefusedWords(" ".join(text[hit.start() : hit.end()].split()), meaning.says)
    return None


def fold(text: str) -> str:
    """Small letters without accents, one character for each, so that offsets stay."""
    return "".join(_fold_character(character) for character in text)


def _fold_character(character: str) -> str:
    if character in "’ʼ‘":
        return "'"
    base = unicodedata.normalize("NFD", character)[0].lower()
    return base[0] if base else character
