"""Entries of the gate, written by the thousand: what they share is checked and encoded once. Pure.

Most decisions say the same but for whom they are about and which consent they rest on. A frame is such an entry
with two gaps; filling them gives, byte for byte, what ``rules.canonical`` gives for the whole.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime

from onloan.evidence import rules

FRAMES_MAX = 4_096

Fields = tuple[tuple[str, str | int | tuple[str, ...]], ...]
"""Names and values of an entry, hashable: a list is a tuple."""

_ABOUT = "0" * 64
_NUMBER = rules.INTEGER_MAX


@dataclass(frozen=True, slots=True)
class Frame:
    """The bytes around the gaps. ``after`` is empty where no consent is named."""

    before: bytes
    after: bytes

    def fill(self, about: str, consent_number: int | None) -> bytes:
        """The entry about ``about`` (64 hexadecimal characters) under a consent, where the frame names one."""
        opened = b'{"about":"' + about.encode("ascii") + self.before
        if consent_number is None:
            assert not self.after, "this entry names a consent"
            return opened
        assert self.after and 1 <= consent_number <= rules.INTEGER_MAX
        return opened + b"%d" % consent_number + self.after


@functools.lru_cache(maxsize=FRAMES_MAX)
def build_frame(kind: str, day: str, fields: Fields, *, has_consent: bool) -> Frame:
    """The frame of entries of ``kind`` on a ``day`` (YYYY-MM-DD, UTC) about somebody; with ``has_consent`` each
    also has a ``consent_number``. Raises ForbiddenEntryError for anything outside the closed vocabulary."""
    whole = dict(fields) | ({"consent_number": _NUMBER} if has_consent else {})
    at = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    body = rules.canonical(rules.build_entry(kind, whole, occurred_at=at, about=_ABOUT))
    # ``about`` is the first name in the order of the alphabet, so its value has a known place.
    opening = b'{"about":"' + _ABOUT.encode("ascii")
    assert body.startswith(opening)
    rest = body[len(opening) :]
    if not has_consent:
        return Frame(rest, b"")
    # No word of the vocabulary has a quotation mark, so this name occurs once.
    before, name, after = rest.partition(b'"consent_number":%d' % _NUMBER)
    assert name and after
    return Frame(before + b'"consent_number":', after)
