"""Marks by which one person counts once without being named: they need the person's own key."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

from onloan.errors import NotFound
from onloan.people.models import PersonKey
from onloan.people.sealing import unwrap_person_key


def make_mark(participant_id: UUID, about: str) -> str:
    """HMAC-SHA256 of ``about`` under this person's key, as 64 hexadecimal characters: the same for the same person
    and matter. Erasure destroys the key, and with it all that leads from the mark to the person. Raises NotFound.
    """
    wrapped_key = (
        PersonKey.objects.filter(participant_id=participant_id).values_list("wrapped_key", flat=True).first()
    )
    if wrapped_key is None:
        raise NotFound
    person_key = unwrap_person_key(participant_id, bytes(wrapped_key))
    return hmac.new(person_key, f"mark|{about}".encode(), hashlib.sha256).hexdigest()
