"""How what a person wrote about a held reward is kept: sealed, and bound to its place."""

from __future__ import annotations

from uuid import UUID

from onloan import keys


def seal_comment(review_id: UUID, round_number: int, text: str) -> bytes:
    return keys.seal(keys.derive_key("reviews"), text.encode(), _about(review_id, round_number))


def unseal_comment(review_id: UUID, round_number: int, sealed: bytes) -> str:
    return keys.unseal(keys.derive_key("reviews"), sealed, _about(review_id, round_number)).decode()


def _about(review_id: UUID, round_number: int) -> bytes:
    return review_id.bytes + b"comment" + str(round_number).encode()
