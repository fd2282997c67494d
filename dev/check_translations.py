"""Is the French catalogue complete: every sentence of code and templates, none missing, fuzzy or left over?

Run as ``python -m dev.check_translations``; needs no gettext tools. ``extract_messages`` is what the catalogue is
compared with, and what a translator starts from.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "onloan"
CATALOGUE = SOURCES / "locale" / "fr" / "LC_MESSAGES" / "django.po"

KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    name: spec
    for names, spec in (
        (("gettext", "gettext_lazy", "gettext_noop", "_"), None),
        (("ngettext", "ngettext_lazy"), (1, 2)),
        (("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
        (("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
    )
    for name in names
}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w+)\}")
TAG = re.compile(r"</?(\w+)")
# French has a narrow no-break space before high punctuation and inside guillemets.
WRONG_SPACE = re.compile(
    r"(?<=[\w»)])[ \u00a0]?[;!?](?!\w)|(?<=[\w»])[ \u00a0]:(?=\s|$)|\u00ab[^\u202f]|[^\u202f]\u00bb"
)


@dataclass(frozen=True, order=True)
class Sentence:
    """What is to be translated; ``context`` and ``plural`` are empty for most."""

    text: str
    context: str
    plural: str


def extract_messages() -> dict[Sentence, set[str]]:
    """Every sentence, and the files in which it stands."""
    found: dict[Sentence, set[str]] = {}
    for path in sorted([*SOURCES.rglob("*.py"), *SOURCES.rglob("*.html"), *SOURCES.rglob("*.txt")]):
        for sentence in _read_sentences(path):
            found.setdefault(sentence, set()).add(str(path.relative_to(ROOT)))
    return found


def _read_sentences(path: Path) -> Iterator[Sentence]:
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        source = templatize(source, origin=str(path))
    for _, message, _, context in extract("python", io.BytesIO(source.encode()), KEYWORDS):
        single, plural = message if isinstance(message, tuple) else (message, "")
        if single:
            yield Sentence(single, context or "", plural or "")


def sentence_of(message: Message) -> Sentence:
    single, plural = message.id if isinstance(message.id, tuple) else (message.id, "")
    return Sentence(str(single), message.context or "", str(plural))


def translations_of(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, tuple | list) else (str(message.string or ""),)


def find_problems() -> list[str]:
    """One line for each thing that is wrong with the catalogue."""
    wanted = extract_messages()
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="fr")
    known = {sentence_of(message): message for message in catalogue if message.id}
    problems = [
        f"{', '.join(sorted(files))}: missing: {sentence.text}"
        for sentence, files in sorted(wanted.items())
        if sentence not in known
    ]
    problems += [f"left over: {sentence.text}" for sentence in sorted(known) if sentence not in wanted]
    for sentence, message in sorted(known.items(), key=lambda pair: pair[0]):
        problems += [f"{problem}: {sentence.text}" for problem in _problems_of(sentence, message)]
    return problems


def _problems_of(sentence: Sentence, message: Message) -> Iterator[str]:
    texts = translations_of(message)
    if message.fuzzy:
        yield "fuzzy"
    if not all(texts):
        yield "not translated"
        return
    if sentence.plural and len(texts) != 2:
        yield "needs two plural forms"
    for text, source in zip(texts, (sentence.text, sentence.plural), strict=False):
        # French counts 0 and 1 as one, so its first form may name the number where the English does not.
        allowed = _placeholders(source), _placeholders(sentence.plural or sentence.text)
        if _placeholders(text) not in allowed:
            yield "placeholders differ"
        if sorted(TAG.findall(text)) != sorted(TAG.findall(sentence.text)):
            yield "tags differ"
        if WRONG_SPACE.search(re.sub(r"https?://\S+|<[^>]*>", "", text)):
            yield "a narrow no-break space is missing in the French"
        if "\u2019" in text:
            yield "a curved apostrophe, where all others are straight"
        if re.search("courriel|adresses? électronique", text, re.IGNORECASE):
            yield "the word of this house is e-mail"


def _placeholders(text: str) -> set[str]:
    return {first or second for first, second in PLACEHOLDER.findall(text)}


def main() -> int:
    problems = find_problems()
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
