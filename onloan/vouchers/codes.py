"""Codes: how ours are derived, how the merchant's own are kept, and how both are drawn and found."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

import segno

from onloan import ids, keys

CODE_CHARACTERS = 17  # 16 of 5 bits each, so 80 bits nobody guesses, and one to check


def voucher_code(voucher_id: UUID) -> str:
    """16 characters of HMAC-SHA256 under a key of its own, and a check character: stored nowhere, shown again at
    any time."""
    digest = hmac.new(keys.derive_key("voucher-code"), voucher_id.bytes, hashlib.sha256).digest()
    return ids.code_from_bytes(digest, CODE_CHARACTERS - 1)


def group_code(code: str) -> str:
    """The code as it is easy to read and type: groups of four, the last with the check character."""
    return " ".join([code[0:4], code[4:8], code[8:12], code[12:]])


def own_code_hash(normalized: str) -> str:
    """Under what a code of the merchant's own is known before anybody holds it."""
    return keys.keyed_hash("own-voucher-code", normalized)


def seal_own_code(own_code_id: UUID, code: str) -> bytes:
    """The code as the merchant wrote it, which its holder is shown. Bound to its row."""
    return keys.seal(keys.derive_key("own-voucher-code-seal"), code.encode(), own_code_id.bytes)


def unseal_own_code(own_code_id: UUID, sealed_code: bytes) -> str:
    return keys.unseal(keys.derive_key("own-voucher-code-seal"), sealed_code, own_code_id.bytes).decode()


def draw_code(code: str) -> str:
    """A QR code of a code alone, as an inline SVG; no address, so that a camera opens nothing. Error level M."""
    drawing: str = segno.make("".join(code.split()), error="m", micro=False).svg_inline(border=2, omitsize=True)
    return drawing
