"""Every write about links and events: clicks, a friend who qualifies, rewards whose day has come."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from onloan import clock, db
from onloan.db import Statement, action
from onloan.errors import MustStopError
from onloan.ledger.actions import Promise, earn_reward, promise_rewards
from onloan.ledger.errors import RewardNotReady
from onloan.ledger.pools import release_pot
from onloan.ledger.queries import RewardView, find_reward, list_rewards_to_earn
from onloan.ledger.rules import RewardState, reward_reference
from onloan.offers.document import MarketTerms, Offer, RewardRule
from onloan.offers.queries import find_version, list_markets, list_versions
from onloan.outbox.rules import WebhookEvent
from onloan.outbox.statements import mail_statement, webhook_statement
from onloan.payouts.actions import owe_reward
from onloan.people.queries import ParticipantView, find_participant, list_ended_windows
from onloan.people.statements import lock_participants
from onloan.referrals import rules, statements
from onloan.referrals.errors import EventTimeWrong, EventTooLate, EventUnknown, ParticipantUnknown
from onloan.referrals.statements import PersonRow
from onloan.vouchers.actions import issue_voucher
from onloan.vouchers.queries import find_own_voucher

logger = logging.getLogger(__name__)

OWN = "own"


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """What became of a reported event. ``is_new`` is False when it was known: then nothing happened again."""

    is_new: bool
    occurred_at: datetime
    counts_at: datetime


@action
def count_clicks(*, counts: Mapping[str, int], day: date) -> None:
    """Add clicks of one ``day`` (UTC) to their link codes. Nothing about who clicked comes this far."""
    assert all(count > 0 for count in counts.values())
    db.execute(statements.click_statements(counts=counts, day=day))


@action
def record_event(
    *, participant_id: UUID, event: str, occurred_at: datetime, external_ref: str, now: datetime
) -> RecordedEvent:
    """The merchant says that a participant did what counts: promise their own rewards and their sponsor's.

    A person has one event of a kind, so a repetition promises nothing and gets what the first one got. Raises
    ParticipantUnknown, EventUnknown, EventTimeWrong, EventTooLate.
    """
    found = statements.read_situation(participant_id, event)
    if found is None or found.person.is_erased:
        raise ParticipantUnknown
    person, sponsor = found.person, found.sponsor
    offer = find_version(person.version_id).offer
    if event != offer.referral.event:
        raise EventUnknown(field="event", event=offer.referral.event)
    if found.known_at is not None:
        return RecordedEvent(False, found.known_at, rules.earns_at(found.known_at, offer.referral))
    occurred_at = _check_time(person, offer, occurred_at, now)
    # Both people's rows are locked at once, in the order of their ids: two events never wait for each other
    # in a circle, and a repetition waits here until the first one has committed.
    erased = statements.lock_people([participant_id] if sponsor is None else [participant_id, sponsor.id])
    if participant_id in erased:
        raise ParticipantUnknown
    known_at = statements.write_event(
        participant_id=participant_id, event=event, external_ref=external_ref, occurred_at=occurred_at, now=now
    )
    if known_at is not None:
        return RecordedEvent(False, known_at, rules.earns_at(known_at, offer.referral))
    own = _own_promises(person, offer, found.is_attributed, occurred_at)
    theirs = (
        _sponsor_promises(sponsor, participant_id, occurred_at) if sponsor and sponsor.id not in erased else []
    )
    promised = promise_rewards(promises=[*own, *theirs], now=now)
    # What a correction gave them for this friend before is in the books already, and they were told then.
    kept = [promise for promise, each in zip(theirs, promised[len(own) :], strict=True) if each and each.is_new]
    db.execute([
        *([statements.qualify_statement(participant_id, occurred_at)] if found.is_attributed else []),
        *([_tell_sponsor(sponsor, kept, occurred_at)] if sponsor and kept else []),
    ])  # fmt: skip
    return RecordedEvent(True, occurred_at, rules.earns_at(occurred_at, offer.referral))


def _check_time(person: PersonRow, offer: Offer, occurred_at: datetime, now: datetime) -> datetime:
    """The event's time, never before joining: a clock that runs a little behind ours takes no reward away."""
    if occurred_at > now + rules.EVENT_CLOCK_SKEW or occurred_at < person.joined_at - rules.EVENT_CLOCK_SKEW:
        raise EventTimeWrong(field="occurred_at")
    is_late = occurred_at > rules.qualifies_until(person.joined_at, offer.referral)
    if is_late or now > rules.reports_until(person.joined_at, offer.referral):
        raise EventTooLate(
            field="occurred_at", days=offer.referral.qualify_days, grace_days=rules.REPORT_GRACE.days
        )
    return max(occurred_at, person.joined_at)


def _own_promises(person: PersonRow, offer: Offer, is_attributed: bool, occurred_at: datetime) -> list[Promise]:
    """What the version that the person joined promises them; a friend's reward only if somebody brought them."""
    wanted = {"participant", "friend"} if is_attributed else {"participant"}
    return [_promise_of(person, rule, OWN, offer, occurred_at) for rule in offer.rewards if rule.to in wanted]


def _sponsor_promises(sponsor: PersonRow, friend_id: UUID, occurred_at: datetime) -> list[Promise]:
    """What the version that the sponsor joined promises them for one friend."""
    offer = find_version(sponsor.version_id).offer
    return [
        _promise_of(sponsor, rule, friend_id.hex, offer, occurred_at)
        for rule in offer.rewards
        if rule.to == "sponsor"
    ]


def _promise_of(
    person: PersonRow, rule: RewardRule, cause_key: str, offer: Offer, occurred_at: datetime
) -> Promise:
    return Promise(
        participant_id=person.id,
        market_id=person.market_id,
        country=person.country,
        rule=rule,
        cause_key=cause_key,
        earns_at=rules.earns_at(occurred_at, offer.referral),
    )


def _tell_sponsor(sponsor: PersonRow, promises: Sequence[Promise], occurred_at: datetime) -> Statement:
    """That somebody they brought signed up, what it brings and when; not who it was."""
    offer = find_version(sponsor.version_id).offer
    terms = offer.markets[sponsor.country]
    settles_on = clock.local_day(promises[0].earns_at, terms.time_zone)
    return mail_statement(
        template="friend_joined",
        language=sponsor.language,
        participant_id=sponsor.id,
        context={
            "campaign": offer.title[sponsor.language],
            "controller": offer.controller.name,
            "qualified_on": clock.local_day(occurred_at, terms.time_zone).isoformat(),
            "settles_on": settles_on.isoformat(),
            "due_on": (settles_on + timedelta(days=terms.payout_days)).isoformat(),
            "rewards": [
                f"{promise.rule.kind} {promise.rule.amounts[sponsor.country].written()}" for promise in promises
            ],
        },
    )


def settle_due(*, now: datetime, limit: int) -> int:
    """Earn every pending reward whose settling days are over, at most ``limit``; how many were earned.

    Each reward is one transaction: earned, turned into a voucher or a debt or an event for the merchant, and
    told, or nothing of it. So a crash loses nothing and a second run does nothing twice. One that fails is
    written down and does not keep the others waiting.
    """
    earned = 0
    for reward in list_rewards_to_earn(now=now, limit=limit):
        try:
            earned += _settle_reward(reward_id=reward.id, participant_id=reward.participant_id, now=now)
        except RewardNotReady:
            continue  # Held or voided since the list was read.
        except MustStopError:
            raise
        except Exception as error:
            logger.error("reward %s cannot be settled: %s", reward.id, type(error).__name__)  # noqa: TRY400
    return earned


@action
def _settle_reward(*, reward_id: UUID, participant_id: UUID, now: datetime) -> bool:
    lock_participants([participant_id])
    waiting = find_reward(reward_id, participant_id)
    if waiting.state is not RewardState.PENDING:
        return False
    person = find_participant(participant_id)
    assert person is not None, "the row is locked"
    offer = find_version(person.version_id).offer
    terms = offer.markets[person.country]
    # From the day on which it counted, not the day on which a worker came to it: people were told the former.
    due_on = clock.local_day(waiting.earns_at, terms.time_zone) + timedelta(days=terms.payout_days)
    reward = earn_reward(reward_id=reward_id, participant_id=participant_id, due_on=due_on, now=now)
    hand_over_reward(reward=reward, person=person, now=now)
    return True


def hand_over_reward(*, reward: RewardView, person: ParticipantView, now: datetime) -> None:
    """Turn a reward that was just earned into what it is (a voucher, a debt, an event for the merchant) and tell
    its owner, in the transaction that earned it and locked them."""
    offer = find_version(person.version_id).offer
    terms = offer.markets[person.country]
    assert reward.due_on is not None, "it was earned with its day"
    told: dict[str, str] = {}
    if reward.kind == "voucher":
        told = _turn_into_voucher(reward, offer, terms, now)
    elif reward.kind == "cash":
        owe_reward(reward=reward, now=now)
    else:
        _tell_merchant(reward, person, offer)
    if person.erased_at is not None:
        # Nobody is there to be told; whoever holds their slip sees it.
        return
    db.execute([
        mail_statement(
            template="reward_earned",
            language=person.language,
            participant_id=person.id,
            context={
                "campaign": offer.title[person.language],
                "controller": offer.controller.name,
                "kind": reward.kind,
                "amount": reward.amount.written(),
                "due_on": reward.due_on.isoformat(),
                **told,
            },
        )
    ])  # fmt: skip


def _turn_into_voucher(reward: RewardView, offer: Offer, terms: MarketTerms, now: datetime) -> dict[str, str]:
    """Issue the voucher; what the mail says of its last day, if it has one."""
    rule = next(rule for rule in offer.rewards if rule.id == reward.rule_id)
    expires_at = now + timedelta(days=rule.valid_days) if rule.valid_days is not None else None
    voucher_id = issue_voucher(reward=reward, expires_at=expires_at, now=now, own_codes=rule.own_codes)
    if rule.own_codes:
        voucher = find_own_voucher(reward.participant_id, voucher_id)
        if voucher is not None and voucher.waits_for_code:
            return {"code_waits": "yes"}
    if expires_at is None:
        return {}
    return {"voucher_expires_on": clock.local_day(expires_at, terms.time_zone).isoformat()}


def _tell_merchant(reward: RewardView, person: ParticipantView, offer: Offer) -> None:
    """What the merchant fulfils itself leaves as an event; it answers with a reference when it is done."""
    assert reward.due_on is not None
    payload: dict[str, str | int] = {
        "reward": reward_reference(reward.id),
        "participant": person.public_id,
        "offer": offer.slug,
        "market": person.country,
        "rule": reward.rule_id,
        "amount_minor": reward.amount.amount_minor,
        "currency": reward.amount.currency,
        "due_on": reward.due_on.isoformat(),
    }
    db.execute([
        webhook_statement(
            event=WebhookEvent.REWARD_EARNED,
            payload=payload,
            idempotency_ref=reward.id,
            participant_id=person.id,
        )
    ])  # fmt: skip


def release_windows(*, now: datetime, limit: int) -> int:
    """Give back to the pool what nobody can earn any more, for at most ``limit`` people; how many they were.

    A person's pot is kept for as long as a friend of theirs may still qualify and be reported.
    """
    released = 0
    for version_id, offer in _list_published():
        people = list_ended_windows(
            version_id=version_id,
            ended_before=now - rules.releases_after(offer.referral),
            limit=limit - released,
        )
        for participant_id in people:
            release_pot(participant_id=participant_id, now=now)
        released += len(people)
        if released >= limit:
            break
    return released


def _list_published() -> list[tuple[UUID, Offer]]:
    slugs = sorted({market.offer_slug for market in list_markets()})
    version_ids = [line.id for slug in slugs for line in list_versions(slug)]
    return [(version_id, find_version(version_id).offer) for version_id in version_ids]
