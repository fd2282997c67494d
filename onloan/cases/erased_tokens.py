"""Who was erased, told outside the database: a file of keyed tokens, with which a restored backup is compared.

The last word about somebody counts. A token is written before the transaction that erases them is committed, so it
can belong to somebody who was not erased after all; when they stop their erasure then, a line takes it back.
"""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

from django.conf import settings

from onloan import keys

FILE_NAME = "erased.log"
_TAKEN_BACK = "-"


def note_token(participant_id: UUID) -> None:
    """Part of the transaction that erases somebody, just before its commit: a token that is missing would bring
    them back, one too many belongs to somebody who asked for it."""
    _append(token_of(participant_id))


def revoke_token(participant_id: UUID) -> None:
    """Part of the transaction that stops an erasure: no start erases them for a token of an earlier try."""
    token = token_of(participant_id)
    if token in read_tokens():
        _append(_TAKEN_BACK + token)


def token_of(participant_id: UUID) -> str:
    return keys.keyed_hash("erased-person", participant_id.hex)


def read_tokens() -> set[str]:
    """Of everybody who was erased, as far as the last word says."""
    try:
        words = (Path(settings.HOME) / FILE_NAME).read_text(encoding="ascii").split()
    except FileNotFoundError:
        return set()
    last = {word.removeprefix(_TAKEN_BACK): not word.startswith(_TAKEN_BACK) for word in words}
    return {token for token, is_erased in last.items() if is_erased}


def _append(word: str) -> None:
    """One line, on the disk before anything else goes on."""
    with (Path(settings.HOME) / FILE_NAME).open("a", encoding="ascii") as file:
        file.write(word + "\n")
        file.flush()
        os.fsync(file.fileno())
