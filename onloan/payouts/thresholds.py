"""Telling people in time that what they earned may have to be declared: neutral words, no advice (rule LR-061)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Sum

from onloan import clock, db, ids
from onloan.db import action
from onloan.ledger.models import Reward
from onloan.ledger.rules import RewardState
from onloan.markets.rules import known_countries, market_facts
from onloan.money import Money
from onloan.offers.queries import find_version
from onloan.outbox.statements import mail_statement
from onloan.payouts.models import YearNote
from onloan.payouts.rules import DECLARE_SHARE_PERCENT
from onloan.people.queries import find_participant
from onloan.people.statements import lock_participant

PEOPLE_AT_A_TIME = 500
_EARNED = [RewardState.EARNED.value, RewardState.PAID.value]


def is_near(participant_id: UUID, *, country: str, year: int) -> bool:
    """Whether a person earned in a year nearly what their country says has to be declared. Everything that they
    earned counts here, cash and vouchers; the sum is shown to nobody."""
    threshold = market_facts(country).declare_minor
    if threshold is None:
        return False
    earned = Reward.objects.filter(participant_id=participant_id, state__in=_EARNED, earned_at__year=year)
    total = earned.aggregate(total=Sum("amount_minor"))["total"] or 0
    return bool(total * 100 >= threshold * DECLARE_SHARE_PERCENT)


def tell_near(*, now: datetime) -> int:
    """Write once a year to whoever comes near the amount of their country; how many. A daily job."""
    told = 0
    for country in known_countries():
        threshold = market_facts(country).declare_minor
        if threshold is None:
            continue
        year = clock.local_day(now, market_facts(country).time_zone).year
        earned = Reward.objects.filter(country=country, state__in=_EARNED, earned_at__year=year)
        people = (
            earned.values_list("participant_id")
            .annotate(total=Sum("amount_minor"))
            .filter(total__gte=-(-threshold * DECLARE_SHARE_PERCENT // 100))
            .exclude(participant_id__in=YearNote.objects.filter(year=year).values("participant_id"))
        )
        for participant_id, _total in list(people[:PEOPLE_AT_A_TIME]):
            told += _tell(participant_id=participant_id, year=year, now=now)
    return told


@action
def _tell(*, participant_id: UUID, year: int, now: datetime) -> bool:
    lock_participant(participant_id)
    _, is_first = YearNote.objects.get_or_create(
        participant_id=participant_id, year=year, defaults={"id": ids.new_id(), "told_at": now}
    )
    person = find_participant(participant_id)
    assert person is not None, "the row is locked"
    if not is_first or person.erased_at is not None:
        return False
    facts = market_facts(person.country)
    assert facts.declare_minor is not None, "only countries that name an amount come here"
    offer = find_version(person.version_id).offer
    db.execute([
        mail_statement(
            template="amount_to_declare",
            language=person.language,
            participant_id=participant_id,
            context={
                "campaign": offer.title[person.language],
                "controller": offer.controller.name,
                "amount": Money(facts.declare_minor, facts.currency).written(),
            },
        )
    ])  # fmt: skip
    return True
