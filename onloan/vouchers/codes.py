"""The code of a voucher: derived from its key, so it can be shown again and is stored nowhere."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

from onloan import ids, keys

CODE_CHARACTERS = 17  # 16 of 5 bits each, so 80 bits nobody guesses, and one to check


def voucher_code(voucher_id: UUID) -> str:
    """16 characters of HMAC-SHA256 under a key of its own, and a check character."""
    digest = hmac.new(keys.derive_key("voucher-code"), voucher_id.bytes, hashlib.sha256).digest()
    return ids.code_from_bytes(digest, CODE_CHARACTERS - 1)


def group_code(code: str) -> str:
    """The code as it is easy to read and type: groups of four, the last with the check character."""
    return " ".join([code[0:4], code[4:8], code[8:12], code[12:]])
