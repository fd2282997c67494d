"""Who was erased, told outside the database: a file of keyed tokens, with which a restored backup is compared.

The last word about somebody counts. A token is written before the transaction that erases them is committed, so it
can belong to somebody who was not erased after all; when they stop their erasure then, a line takes it back.
Behind a token stands how many erasures they had stopped before, where it was one or more: the code of their slip
is derived from it, and an older backup does not know it.
"""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

from django.conf import settings

from onloan import keys
from onloan.people.queries import read_erasures_stopped

FILE_NAME = "erased.log"
_TAKEN_BACK = "-"
_STOPPED = ":"


def note_token(participant_id: UUID) -> None:
    """Part of the transaction that erases somebody, just before its commit: a token that is missing would bring
    them back, one too many belongs to somebody who asked for it."""
    stopped = read_erasures_stopped(participant_id)
    _append(token_of(participant_id) + (f"{_STOPPED}{stopped}" if stopped else ""))


def revoke_token(participant_id: UUID) -> None:
    """Part of the transaction that stops an erasure: no start erases them for a token of an earlier try."""
    token = token_of(participant_id)
    if token in read_tokens():
        _append(_TAKEN_BACK + token)


def token_of(participant_id: UUID) -> str:
    return keys.keyed_hash("erased-person", participant_id.hex)


def read_tokens() -> set[str]:
    """Of everybody who was erased, as far as the last word says."""
    last = {
        word.removeprefix(_TAKEN_BACK).partition(_STOPPED)[0]: not word.startswith(_TAKEN_BACK)
        for word in _read_words()
    }
    return {token for token, is_erased in last.items() if is_erased}


def read_stopped(participant_id: UUID) -> int:
    """How many erasures somebody who was erased had stopped before, as the last word about them says."""
    token, stopped = token_of(participant_id), 0
    for word in _read_words():
        written, _, count = word.partition(_STOPPED)
        if written == token:
            stopped = int(count or 0)
    return stopped


def _read_words() -> list[str]:
    try:
        return (Path(settings.HOME) / FILE_NAME).read_text(encoding="ascii").split()
    except FileNotFoundError:
        return []


def _append(word: str) -> None:
    """One line, on the disk before anything else goes on."""
    with (Path(settings.HOME) / FILE_NAME).open("a", encoding="ascii") as file:
        file.write(word + "\n")
        file.flush()
        os.fsync(file.fileno())
