"""A person without a market around them, and the code that was mailed last."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID, uuid4

from onloan import clock, db, ids, keys
from onloan.outbox.models import Message
from onloan.outbox.statements import seal_about
from onloan.people.statements import NewParticipant, participant_statements


def new_person(*, offer_id: UUID, email: str, photo: bytes | None = None) -> NewParticipant:
    now = clock.now()
    return NewParticipant(
        id=ids.new_id(),
        public_id="p" + ids.new_code(12),
        offer_id=offer_id,
        market_id=uuid4(),
        version_id=uuid4(),
        country="FR",
        language="fr",
        joined_at=now,
        window_ends_at=now + timedelta(days=30),
        is_demo=False,
        has_pot=True,
        email=email,
        username="Ana Martin",
        photo=photo,
    )


@db.action
def write_person(person: NewParticipant) -> None:
    db.execute(participant_statements(person))


def add_person(*, offer_id: UUID, email: str, photo: bytes | None = None) -> NewParticipant:
    person = new_person(offer_id=offer_id, email=email, photo=photo)
    write_person(person)
    return person


def read_mailed_code() -> str:
    """The digits in the latest mail."""
    message = Message.objects.order_by("-id").first()
    assert message is not None and message.sealed_context is not None
    sealed = bytes(message.sealed_context)
    secret = json.loads(keys.unseal(keys.derive_key("outbox"), sealed, seal_about(message.id)))
    code: str = secret["code"]
    return code
