"""Reads of the merchant's own accounts and of the bank's files that were read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onloan.access.models import User
from onloan.payouts.models import BankAnswer, Debtor

ANSWERS_SHOWN_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtorView:
    currency: str
    name: str
    last_characters: str
    bic: str | None
    town: str
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """A file of the bank that was read."""

    kind: str
    accepted: int
    rejected: int
    returned: int
    unknown: int
    read_by: str
    read_at: datetime


def list_answers() -> list[AnswerView]:
    """The bank's files that were read, the latest first."""
    rows = list(BankAnswer.objects.order_by("-read_at")[:ANSWERS_SHOWN_MAX])
    names = _names({row.read_by_user_id for row in rows})
    return [
        AnswerView(
            kind=row.kind,
            accepted=row.accepted,
            rejected=row.rejected,
            returned=row.returned,
            unknown=row.unknown,
            read_by=names.get(row.read_by_user_id, ""),
            read_at=row.read_at,
        )
        for row in rows
    ]


def find_debtor(currency: str) -> DebtorView | None:
    """The account that a currency is paid from, as far as it may be shown."""
    row = Debtor.objects.filter(currency=currency).first()
    if row is None:
        return None
    return DebtorView(
        currency=row.currency,
        name=row.name,
        last_characters=row.last_characters,
        bic=row.bic,
        town=row.town,
        set_by=_names({row.set_by_user_id}).get(row.set_by_user_id, ""),
        set_at=row.set_at,
    )


def _names(user_ids: set[UUID]) -> dict[UUID, str]:
    return dict(User.objects.filter(id__in=user_ids).values_list("id", "name"))
