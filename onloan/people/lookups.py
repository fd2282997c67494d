"""Finding many people by their public ids, inside the statement that locks them."""

from __future__ import annotations

import functools

from onloan import ids
from onloan.people import sealing

HASHES_REMEMBERED_MAX = 50_000


@functools.lru_cache(maxsize=HASHES_REMEMBERED_MAX)
def public_id_hash(public_id: str) -> str:
    """The look-up value of a public id as it was issued; "" for what is none. It says nothing about whether
    anybody has it, so it may be remembered."""
    code = ids.normalize_code(public_id[1:]) if public_id.startswith("p") else None
    return sealing.code_hash("participant", f"p{code}") if code else ""
