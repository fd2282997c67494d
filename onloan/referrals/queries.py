"""Every read of links, attributions and reported events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Sum

from onloan import db, ids
from onloan.offers.queries import find_version
from onloan.people.queries import ParticipantView
from onloan.people.sealing import code_hash
from onloan.referrals.models import Attribution, ClickDay, Event, Link
from onloan.referrals.rules import LINK_CODE_LENGTH, LINK_CODE_TRIES_MAX, Credit, day_hours, is_credited


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link and whose it is."""

    code: str
    participant_id: UUID
    market_id: UUID
    offer_id: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FriendLine:
    """One person whom a sponsor brought: dates, and nothing that says who. ``credited`` is told at joining."""

    friend_id: UUID
    joined_at: datetime
    qualified_at: datetime | None
    credited: bool


@dataclass(frozen=True, slots=True)
class FriendsView:
    """What a sponsor may know of those they brought: counts and dates, never who (legal rule LR-047).

    ``friend_id`` in a line is for asking the gate whether a name may be shown; it is never shown itself.
    """

    clicks: int
    joined: int
    qualified: int
    credited: int
    lines: tuple[FriendLine, ...]


@dataclass(frozen=True, slots=True)
class SponsorView:
    """Who brought a participant, and whether the sponsor is rewarded for it."""

    sponsor_id: UUID
    link_code: str
    attributed_at: datetime
    credited: bool
    qualified_at: datetime | None


FRIEND_LINES_MAX = 500


def find_link(code: str) -> LinkView | None:
    """The link that a typed or clicked ``code`` leads to; None when it is not one of ours."""
    normalized = ids.normalize_code(code)
    if normalized is None or len(normalized) != LINK_CODE_LENGTH + 1:
        return None
    row = db.fetch_one(
        "SELECT k.code, k.participant_id, k.market_id, k.offer_id, k.created_at"
        " FROM people_code_lookup l JOIN referrals_link k"
        " ON k.participant_id = l.participant_id AND k.id = l.target_id"
        " WHERE l.value_hash = %s AND l.kind = 'link'",
        [code_hash("link", normalized)],
    )
    if row is None:
        return None
    return LinkView(
        code=row[0],
        participant_id=db.read_uuid(row[1]),
        market_id=db.read_uuid(row[2]),
        offer_id=db.read_uuid(row[3]),
        created_at=db.read_time(row[4]),
    )


def find_link_of(participant_id: UUID) -> LinkView | None:
    """The link that a participant shares."""
    link = Link.objects.filter(participant_id=participant_id).first()
    if link is None:
        return None
    return LinkView(link.code, link.participant_id, link.market_id, link.offer_id, link.created_at)


def draw_link_code() -> str:
    """A code that no link has yet."""
    for _ in range(LINK_CODE_TRIES_MAX):
        code = ids.new_code(LINK_CODE_LENGTH)
        if find_link(code) is None:
            return code
    raise AssertionError("of 34 thousand million codes one is free")


def find_sponsor(participant_id: UUID) -> SponsorView | None:
    """Who brought this participant; None when they came by themselves."""
    found = Attribution.objects.filter(participant_id=participant_id).first()
    if found is None:
        return None
    return SponsorView(found.sponsor_id, found.link_code, found.attributed_at, found.credited, found.qualified_at)


def credit_of(sponsor: ParticipantView, *, market_id: UUID, now: datetime) -> Credit:
    """Whether somebody who joins ``market_id`` now counts for ``sponsor``, under the sponsor's own version.

    The sponsor has a pot that is still held for them, and the friend joins within their window, in their market.
    Where the offer bounds the friends of a day, the answer holds until the commit only behind a lock of the
    sponsor's row.
    """
    has_money = sponsor.has_pot and sponsor.pot_released_at is None and sponsor.erased_at is None
    if not has_money or not is_credited(
        sponsor_joined_at=sponsor.joined_at,
        sponsor_window_ends_at=sponsor.window_ends_at,
        friend_joined_at=now,
        same_market=sponsor.market_id == market_id,
    ):
        return "over"
    offer = find_version(sponsor.version_id).offer
    most = offer.referral.friends_per_day
    if most is None:
        return "counts"
    begins, ends = day_hours(now, offer.markets[sponsor.country].time_zone)
    friends = Attribution.objects.filter(
        sponsor_id=sponsor.id, credited=True, attributed_at__gte=begins, attributed_at__lt=ends
    )
    return "full_today" if friends.count() >= most else "counts"


def friends_view(sponsor_id: UUID) -> FriendsView:
    """Those whom ``sponsor_id`` brought, newest first, at most ``FRIEND_LINES_MAX`` of them one by one."""
    brought = Attribution.objects.filter(sponsor_id=sponsor_id)
    lines = tuple(
        FriendLine(friend.participant_id, friend.attributed_at, friend.qualified_at, friend.credited)
        for friend in brought.order_by("-attributed_at", "-id")[:FRIEND_LINES_MAX]
    )
    return FriendsView(
        clicks=count_clicks_of(sponsor_id),
        joined=brought.count(),
        qualified=brought.filter(qualified_at__isnull=False).count(),
        credited=brought.filter(credited=True).count(),
        lines=lines,
    )


def count_clicks_of(participant_id: UUID) -> int:
    """How often people opened this participant's link, in all."""
    code = Link.objects.filter(participant_id=participant_id).values_list("code", flat=True).first()
    if code is None:
        return 0
    total = ClickDay.objects.filter(link_code=code).aggregate(total=Sum("count"))["total"]
    return int(total or 0)


def find_event_time(participant_id: UUID, event: str) -> datetime | None:
    """When the merchant says that this participant's ``event`` happened; None when nothing was reported."""
    return (
        Event.objects.filter(participant_id=participant_id, event=event)
        .values_list("occurred_at", flat=True)
        .first()
    )


def find_link_country(code: str) -> str | None:
    """The country of the market in which the owner of a link code takes part; one statement, for the edge."""
    row = db.fetch_one(
        "SELECT p.country FROM people_code_lookup l JOIN people_participant p ON p.id = l.participant_id"
        " WHERE l.value_hash = %s AND l.kind = 'link'",
        [code_hash("link", code)],
    )
    return row[0] if row is not None else None


def count_new_customers(market_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many people of each market did what counts, as the merchant reported it: its new customers."""
    if not market_ids:
        return {}
    marks = ", ".join(["%s"] * len(market_ids))
    rows = db.fetch_all(
        "SELECT person.market_id, COUNT(DISTINCT happened.participant_id)"  # noqa: S608
        " FROM people_participant person JOIN referrals_event happened ON happened.participant_id = person.id"
        f" WHERE person.market_id IN ({marks}) GROUP BY person.market_id",
        [db.uuid_value(market_id) for market_id in market_ids],
    )
    return {**dict.fromkeys(market_ids, 0), **{db.read_uuid(row[0]): row[1] for row in rows}}
