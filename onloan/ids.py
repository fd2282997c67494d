"""Identifiers: UUIDv7 keys, public ids and codes that people can type."""

from __future__ import annotations

import os
import secrets
import threading
import time
import uuid

# Crockford's base 32: no I, L, O or U, so that a code read aloud is typed right.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TYPED_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})

_guard = threading.Lock()
_last_millisecond = 0
_sequence = 0


def new_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562, section 5.7), increasing within this process: keys land at the end of an index."""
    global _last_millisecond, _sequence
    with _guard:
        now = time.time_ns() // 1_000_000
        if now <= _last_millisecond:
            _sequence += 1
            if _sequence > 0xFFF:
                _last_millisecond += 1
                _sequence = 0
        else:
            _last_millisecond = now
            _sequence = 0
        millisecond, sequence = _last_millisecond, _sequence
    tail = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    value = (millisecond & 0xFFFF_FFFF_FFFF) << 80 | 0x7 << 76 | sequence << 64 | 0b10 << 62 | tail
    return uuid.UUID(int=value)


def read_id(text: str) -> uuid.UUID | None:
    """The UUIDv7 that a form carries for what it will make, or None for anything else."""
    try:
        found = uuid.UUID(text)
    except ValueError:
        return None
    return found if found.version == 7 else None


def new_code(length: int) -> str:
    """``length`` random characters and one check character; 5 bits of chance for each random one."""
    return code_from_bytes(secrets.token_bytes((length * 5 + 7) // 8), length)


def code_from_bytes(digest: bytes, length: int) -> str:
    """The first ``length`` base-32 characters of ``digest`` and a check character."""
    assert len(digest) * 8 >= length * 5
    number = int.from_bytes(digest, "big") >> (len(digest) * 8 - length * 5)
    body = "".join(ALPHABET[number >> (5 * position) & 31] for position in reversed(range(length)))
    return body + check_character(body)


def check_character(body: str) -> str:
    """One character that catches each single wrong character and each swap of neighbours (Luhn mod N, N = 32)."""
    factor, total = 2, 0
    for character in reversed(body):
        addend = factor * ALPHABET.index(character)
        factor = 3 - factor
        total += addend // 32 + addend % 32
    return ALPHABET[(32 - total % 32) % 32]


def normalize_code(typed: str) -> str | None:
    """The code as issued, or None when it cannot be one; spaces, dashes and look-alikes are forgiven."""
    if len(typed) > 64:
        return None
    code = "".join(typed.upper().split()).replace("-", "").translate(_TYPED_AS)
    if len(code) < 2 or any(character not in ALPHABET for character in code):
        return None
    return code if check_character(code[:-1]) == code[-1] else None
