"""What a person is told about a held reward: on their page, and by mail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from onloan import clock
from onloan.db import Statement
from onloan.ledger.queries import RewardView
from onloan.offers.queries import find_version
from onloan.offers.wording import written_day
from onloan.outbox.statements import MailValue, mail_statement
from onloan.people.queries import ParticipantView
from onloan.referrals.review_rules import ASK_AGAIN_WITHIN, Decision
from onloan.referrals.signals import SignalKind, tell_person

OWN = "own"


def person_sentences(signals: Iterable[tuple[str, str, Mapping[str, int]]]) -> list[str]:
    """Each reason once, in the active language; a signal is its kind, its subject and its details."""
    sentences: list[str] = []
    for kind, subject, details in signals:
        sentence = tell_person(SignalKind(kind), details, is_sponsor=subject != OWN)
        if sentence not in sentences:
            sentences.append(sentence)
    return sentences


def held_reason(person: ParticipantView, due_at: datetime) -> str:
    """What stands beside a held reward, in the person's language."""
    day = _write_day(_local_day(person, due_at), person.language)
    with translation.override(person.language):
        return gettext("A member of the team looks at this reward before it counts, by {day}.").format(day=day)


def held_mail(
    person: ParticipantView,
    *,
    due_at: datetime,
    rewards: Sequence[RewardView],
    signals: Sequence[tuple[str, str, Mapping[str, int]]],
) -> Statement:
    """Why, until when a human decides, and that nothing is lost meanwhile."""
    with translation.override(person.language):
        reasons = person_sentences(signals)
    return mail_statement(
        template="reward_held",
        language=person.language,
        participant_id=person.id,
        context={
            **_campaign(person),
            "reasons": reasons[:20],
            "rewards": [f"{reward.kind} {reward.amount.written()}" for reward in rewards[:20]],
            "due_on": _local_day(person, due_at).isoformat(),
        },
    )


def decided_mail(
    person: ParticipantView, *, decision: Decision, reason: str, is_final: bool, now: datetime
) -> Statement:
    """What was decided and why. The reason is about one person, so it is sealed until the mail is sent."""
    context = {**_campaign(person), "decision": decision.value}
    if decision is Decision.REFUSE and not is_final:
        context["due_on"] = _local_day(person, now + ASK_AGAIN_WITHIN).isoformat()
    return mail_statement(
        template="review_decided",
        language=person.language,
        participant_id=person.id,
        context=context,
        secrets={"reason": reason} if reason else None,
    )


def alarm_mail(*, address: str, count: int, due_at: datetime) -> Statement:
    """To a member who may decide: reviews whose ten days are nearly over."""
    context: dict[str, MailValue] = {"count": count, "due_on": due_at.date().isoformat()}
    return mail_statement(
        template="reviews_waiting", language=settings.LANGUAGE_CODE, address=address, context=context
    )


def _campaign(person: ParticipantView) -> dict[str, MailValue]:
    offer = find_version(person.version_id).offer
    return {"campaign": offer.title[person.language], "controller": offer.controller.name}


def _local_day(person: ParticipantView, instant: datetime) -> date:
    terms = find_version(person.version_id).offer.markets[person.country]
    return clock.local_day(instant, terms.time_zone)


def _write_day(day: date, language: str) -> str:
    return written_day(day, language)
