"""How what somebody wrote, and where the answer goes, is kept."""

from __future__ import annotations

from uuid import UUID

from onloan import keys


def seal_contact(case_id: UUID, contact: str) -> bytes:
    return keys.seal(keys.derive_key("cases"), contact.encode(), case_id.bytes + b"contact")


def unseal_contact(case_id: UUID, sealed: bytes) -> str:
    return keys.unseal(keys.derive_key("cases"), sealed, case_id.bytes + b"contact").decode()


def seal_text(case_id: UUID, text: str) -> bytes:
    return keys.seal(keys.derive_key("cases"), text.encode(), case_id.bytes + b"text")


def unseal_text(case_id: UUID, sealed: bytes) -> str:
    return keys.unseal(keys.derive_key("cases"), sealed, case_id.bytes + b"text").decode()


def seal_answer(case_id: UUID, text: str) -> bytes:
    return keys.seal(keys.derive_key("cases"), text.encode(), case_id.bytes + b"answer")


def unseal_answer(case_id: UUID, sealed: bytes) -> str:
    return keys.unseal(keys.derive_key("cases"), sealed, case_id.bytes + b"answer").decode()


def seal_representative(case_id: UUID, name: str) -> bytes:
    return keys.seal(keys.derive_key("cases"), name.encode(), case_id.bytes + b"representative")


def unseal_representative(case_id: UUID, sealed: bytes) -> str:
    return keys.unseal(keys.derive_key("cases"), sealed, case_id.bytes + b"representative").decode()


def seal_identified_how(case_id: UUID, how: str) -> bytes:
    return keys.seal(keys.derive_key("cases"), how.encode(), case_id.bytes + b"how")


def unseal_identified_how(case_id: UUID, sealed: bytes) -> str:
    return keys.unseal(keys.derive_key("cases"), sealed, case_id.bytes + b"how").decode()


def seal_picture(sighting_id: UUID, picture: bytes) -> bytes:
    return keys.seal(keys.derive_key("cases"), picture, sighting_id.bytes + b"picture")


def unseal_picture(sighting_id: UUID, sealed: bytes) -> bytes:
    return keys.unseal(keys.derive_key("cases"), sealed, sighting_id.bytes + b"picture")


def contact_hash(contact: str) -> str:
    """Under what the requests from one address are counted."""
    return keys.keyed_hash("case-contact", contact)
