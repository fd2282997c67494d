"""Entries that tests write: the words are the example offer's, the people are the cast's."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

from onloan.evidence import actions
from onloan.evidence.rules import Value

NOON = datetime(2026, 12, 1, 12, 0, 0, 123456, tzinfo=UTC)
ANA = uuid.UUID("01900000-0000-7000-8000-00000000a0a0")
BEN = uuid.UUID("01900000-0000-7000-8000-00000000b0b0")
VERSION = "ab" * 32

PLACE: dict[str, Value] = {"offer": "spring-pot", "version": VERSION, "market": "FR"}
CARD: dict[str, Value] = {
    **PLACE,
    "permission": "invitation-card",
    "items": ["username", "profile_photo"],
    "purpose": "referral_card",
    "channels": ["invitation_page"],
    "territories": ["FR", "GB"],
    "expires": "2027-05-30",
}
USE: dict[str, Value] = {
    "offer": "spring-pot",
    "market": "FR",
    "items": ["username"],
    "purpose": "referral_card",
    "channel": "invitation_page",
    "decision": "allow",
}

EXAMPLES: dict[str, Mapping[str, Value]] = {
    "offer_published": {"offer": "spring-pot", "version": VERSION, "count": 1},
    **{
        f"market_{state}": {"offer": "spring-pot", "market": "FR", "role": "dpo"}
        for state in ("opened", "suspended", "stopped", "withdrawn", "closed")
    },
    "joined": PLACE,
    "consent_given": {**CARD, "consent_number": 1},
    "consent_refused": {**PLACE, "permission": "winners"},
    "consent_withdrawn": {"consent_number": 1},
    "consent_expired": {"consent_number": 1},
    "consent_stopped": {"consent_number": 1, "reason": "objected"},
    "use_allowed": {**USE, "consent_number": 1},
    "use_denied": {"reason": "D-NO-CONSENT"},
    **{
        f"reward_{state}": {"amount_minor": 1400, "currency": "EUR", "reward": "thanks", "market": "FR"}
        for state in ("pending", "held", "earned", "swapped", "paid", "returned", "expired")
    },
    "voucher_redeemed": {"amount_minor": 500, "currency": "EUR", "reward": "thanks", "market": "FR"},
    "voucher_restored": {"amount_minor": 500, "currency": "EUR", "reward": "thanks", "market": "FR"},
    "review_decided": {"decision": "count", "role": "support"},
    "use_on_basis": {
        **USE,
        "purpose": "payout",
        "items": ["payee_name"],
        "channel": "payment_file",
        "basis": "contract",
    },
    "audience_allowed": {**USE, "set_hash": "ab" * 32, "set_bytes": 120, "count": 12},
    "recipient_told": {"recipient": "print-shop", "reason": "withdrawn"},
    "recipient_answered": {"recipient": "print-shop", "reason": "withdrawn"},
    "takedown_due": {"reason": "withdrawn", "channel": "shop_screen"},
    "takedown_done": {"reason": "withdrawn", "channel": "shop_screen"},
    "reward_voided": {"amount_minor": 1400, "currency": "EUR", "reason": "fraud_decided"},
    "pot_reserved": {"amount_minor": 10000, "currency": "EUR"},
    "pot_released": {"amount_minor": 10000, "currency": "EUR"},
    "pool_funded": {"amount_minor": 5000000, "currency": "EUR", "market": "FR"},
    "case_opened": {"case": "access"},
    "case_closed": {"case": "access"},
    "payout_approved": {"count": 12, "amount_minor": 4800, "currency": "EUR", "role": "finance"},
    "item_changed": {"items": ["username"]},
    "person_looked_up": {"role": "dpo", "count": 1},
    "archive_read": {"role": "finance", "reason": "tax_authority"},
    "breach_recorded": {"role": "dpo"},
    "breach_authority_told": {"market": "FR", "role": "dpo", "reason": "late"},
    "breach_people_told": {"count": 12, "role": "dpo", "territories": ["FR", "GB"]},
    "person_erased": {},
}
"""One entry of each kind."""


def append(kind: str, person: uuid.UUID | None = None, /, **changes: Value) -> None:
    """Write the example of ``kind`` with some fields changed."""
    actions.append_entry(kind=kind, fields={**EXAMPLES[kind], **changes}, participant_id=person, occurred_at=NOON)
