"""How a person's items are sealed, and the keyed hashes by which a person is found. No database here.

Each person has a random 32-byte key; it lies wrapped by the master key, and destroying it turns every item
of that person into noise. What is sealed is bound to the person and the name of the item, so
that a ciphertext moved to another row does not open.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from onloan import keys

VERIFIED_FOR = timedelta(hours=24)
"""How long a confirmed address stays confirmed: the form that it opened may be finished until then."""


def email_hash(offer_id: UUID, email: str) -> str:
    """The look-up value of a normalized address within one offer."""
    return keys.keyed_hash("email", f"{offer_id}|{email}")


def email_code_hash(email: str) -> str:
    """Under what the codes sent to a normalized address are counted, whatever the offer."""
    return keys.keyed_hash("email-code", email)


def suppression_hash(email: str) -> str:
    """Under what a normalized address stands among those that are never written to for advertising."""
    return keys.keyed_hash("suppressed-address", email)


def digits_hash(code_id: UUID, digits: str) -> str:
    """A one-time code, bound to its row: six digits alone would be guessed from their hash."""
    return keys.keyed_hash("email-code-digits", f"{code_id}|{digits}")


def code_hash(kind: str, code: str) -> str:
    """The look-up value of a link, voucher, receipt or public id."""
    return keys.keyed_hash(f"code/{kind}", code)


def wrap_person_key(participant_id: UUID, person_key: bytes) -> bytes:
    return keys.seal(keys.derive_key("person-wrap"), person_key, participant_id.bytes + b"key")


def unwrap_person_key(participant_id: UUID, wrapped_key: bytes) -> bytes:
    return keys.unseal(keys.derive_key("person-wrap"), wrapped_key, participant_id.bytes + b"key")


def seal_item(participant_id: UUID, name: str, person_key: bytes, value: bytes) -> bytes:
    return keys.seal(person_key, value, participant_id.bytes + name.encode())


def unseal_item(participant_id: UUID, name: str, person_key: bytes, ciphertext: bytes) -> bytes:
    return keys.unseal(person_key, ciphertext, participant_id.bytes + name.encode())


def seal_draft(code_id: UUID, draft: bytes) -> bytes:
    return keys.seal(keys.derive_key("draft"), draft, code_id.bytes)


def unseal_draft(code_id: UUID, sealed_draft: bytes) -> bytes:
    return keys.unseal(keys.derive_key("draft"), sealed_draft, code_id.bytes)
