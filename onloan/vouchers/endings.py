"""What happens to vouchers by themselves: a hold is over, an end comes near, an end is booked. Run by jobs.

Each voucher is one transaction. One that fails is written down and does not keep the others waiting.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet

from onloan import clock, db
from onloan.db import Statement, action
from onloan.errors import MustStopError
from onloan.ledger.spending import expire_voucher
from onloan.markets.rules import market_facts
from onloan.money import Money
from onloan.offers.queries import find_version
from onloan.outbox.statements import mail_statement
from onloan.people.queries import find_participant
from onloan.people.statements import lock_participant
from onloan.vouchers.models import Redemption, Voucher
from onloan.vouchers.rules import EXPIRY_BOOKED_AFTER, WARNING_DAYS, RedemptionState, VoucherState
from onloan.vouchers.spending import release_overdue_hold

T = TypeVar("T")

logger = logging.getLogger(__name__)


def release_overdue_holds(*, now: datetime, limit: int) -> int:
    """Free what tills set aside and neither finished nor released in time; how many holds they were."""
    overdue = Redemption.objects.filter(state=RedemptionState.HELD.value, held_until__lt=now)
    ids = list(overdue.order_by("held_until").values_list("id", flat=True)[:limit])
    return _each(ids, lambda redemption_id: release_overdue_hold(redemption_id=redemption_id, now=now))


def expire_vouchers(*, now: datetime, limit: int) -> int:
    """Book the end of vouchers that ended ``EXPIRY_BOOKED_AFTER`` ago; how many. Nothing could be taken from them
    since their end; whatever a till began before it is finished or undone by now."""
    rows = _to_end().filter(expires_at__lt=now - EXPIRY_BOOKED_AFTER, held_minor=0).order_by("expires_at")
    keys = list(rows.values_list("participant_id", "id")[:limit])
    return _each(keys, lambda key: _expire(participant_id=key[0], voucher_id=key[1], now=now))


def warn_expiring(*, now: datetime, limit: int) -> int:
    """Mail the owners of vouchers that end within 30 days, and again within 7; how many mails. Each is sent once,
    and none for the longer time when the shorter has begun."""
    warned = 0
    for days in sorted(WARNING_DAYS):
        rows = _to_end().filter(expires_at__gt=now, expires_at__lte=now + timedelta(days=days))
        rows = rows.filter(Q(warned_days__isnull=True) | Q(warned_days__gt=days)).order_by("expires_at")
        keys = list(rows.values_list("participant_id", "id")[: limit - warned])
        warned += _each(keys, partial(_warn_one, days, now))
    return warned


def voucher_mail(voucher: Voucher, template: str) -> list[Statement]:
    """A mail to the owner about what is left of a voucher and until when; nothing for whoever was erased."""
    person = find_participant(voucher.participant_id)
    if person is None or person.erased_at is not None:
        return []
    offer = find_version(person.version_id).offer
    context = {
        "campaign": offer.title[person.language],
        "controller": offer.controller.name,
        "amount": Money(voucher.remaining_minor, voucher.currency).written(),
    }
    if voucher.expires_at is not None:
        last_day = clock.local_day(voucher.expires_at, market_facts(person.country).time_zone)
        context["voucher_expires_on"] = last_day.isoformat()
    return [mail_statement(template=template, language=person.language, participant_id=person.id, context=context)]


@action
def _expire(*, participant_id: UUID, voucher_id: UUID, now: datetime) -> bool:
    lock_participant(participant_id)
    rows = _to_end().filter(participant_id=participant_id, id=voucher_id)
    voucher = rows.filter(expires_at__lt=now - EXPIRY_BOOKED_AFTER, held_minor=0).first()
    if voucher is None:
        return False
    expire_voucher(
        participant_id=participant_id, market_id=voucher.market_id, reward_id=voucher.reward_id,
        voucher_id=voucher_id, amount=Money(voucher.remaining_minor, voucher.currency), now=now,
    )  # fmt: skip
    rows.update(remaining_minor=0, expired_minor=voucher.remaining_minor, state=VoucherState.EXPIRED.value)
    return True


def _warn_one(days: int, now: datetime, key: tuple[UUID, UUID]) -> bool:
    return _warn(participant_id=key[0], voucher_id=key[1], days=days, now=now)


@action
def _warn(*, participant_id: UUID, voucher_id: UUID, days: int, now: datetime) -> bool:
    lock_participant(participant_id)
    rows = _to_end().filter(participant_id=participant_id, id=voucher_id, expires_at__gt=now)
    voucher = rows.filter(Q(warned_days__isnull=True) | Q(warned_days__gt=days)).first()
    if voucher is None:
        return False
    mails = voucher_mail(voucher, "voucher_expiring")
    db.execute(mails)
    rows.update(warned_days=days)
    return bool(mails)


def _to_end() -> QuerySet[Voucher]:
    """Vouchers that have something left and an end; one that still waits for its code does not end before it."""
    return Voucher.objects.filter(state=VoucherState.ACTIVE.value, expires_at__isnull=False, waits_for_code=False)


def _each(keys: Iterable[T], perform: Callable[[T], bool]) -> int:
    done = 0
    for key in keys:
        try:
            done += perform(key)
        except MustStopError:
            raise
        except Exception as error:
            logger.error("a voucher's job failed: %s", type(error).__name__)  # noqa: TRY400
    return done
