"""The code of a claim slip: derived from its key, so it can be shown again and is stored nowhere."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

from onloan import ids, keys

CODE_CHARACTERS = 17  # 16 of 5 bits each, so 80 bits nobody guesses, and one to check


def slip_code(slip_id: UUID) -> str:
    """16 characters of HMAC-SHA256 under a key of its own, and a check character. It needs no key of the person,
    so it holds after their data are erased."""
    digest = hmac.new(keys.derive_key("payout-slip"), slip_id.bytes, hashlib.sha256).digest()
    return ids.code_from_bytes(digest, CODE_CHARACTERS - 1)
