"""Sources of the pack about the link, who came by it and how somebody came, and the checks against cheating.

Friends and sponsors are other people: days and counts are given, never who (GDPR art. 15(4); legal rule LR-047).
What was noticed about a friend of somebody's is also about that friend, so both find it in their packs.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings

from onloan import clock
from onloan.cases.pack.forms import (
    COUNT,
    DAY,
    HASHED,
    INNER,
    MOMENT,
    OWN_KEY,
    REMINDER,
    SAME,
    STAFF,
    TEXT,
    TRUTH,
    Property,
    Row,
    Source,
    bounded,
    list_of,
    make_row,
    one_of,
    or_none,
    table_source,
)
from onloan.cases.pack.money import MARKET, OWN
from onloan.errors import NotFound
from onloan.ledger.queries import list_rewards_of_cause
from onloan.ledger.rules import reward_reference
from onloan.markets.rules import market_facts
from onloan.people.queries import find_participant
from onloan.referrals.marks import MARK_KINDS
from onloan.referrals.models import Attribution, ClickDay, Event, Link, Mark, Review, Signal
from onloan.referrals.review_rules import REVIEW_STATES
from onloan.referrals.review_sealing import unseal_comment
from onloan.referrals.signals import SIGNAL_KINDS, SignalKind, tell_person


def _read_link(participant_id: UUID) -> list[Row]:
    rows = bounded(Link.objects.filter(participant_id=participant_id))
    return [
        {
            "code": row.code,
            "address": f"{settings.PUBLIC_URL}/l/{row.code}",
            "created_at": row.created_at,
            "opened_count": sum(ClickDay.objects.filter(link_code=row.code).values_list("count", flat=True)),
            "joined_count": Attribution.objects.filter(sponsor_id=participant_id).count(),
        }
        for row in rows
    ]


LINK = Source(
    name="link",
    says="Your link, how often it was opened and how many people joined by it. Who opened it nobody knows.",
    table=Link,
    is_portable=True,
    read=_read_link,
    properties=(
        Property("code", TEXT, "The code in it."),
        Property("address", TEXT, "The link itself.", ("code",)),
        Property("created_at", MOMENT, "When you got it."),
        Property("opened_count", COUNT, "How often people opened it."),
        Property("joined_count", COUNT, "How many people joined by it."),
    ),
    left_out={"id": OWN_KEY, "participant_id": SAME, "market_id": MARKET, "offer_id": INNER},
)


def _read_friends(participant_id: UUID) -> list[Row]:
    person = find_participant(participant_id)
    if person is None:
        raise NotFound
    zone = market_facts(person.country).time_zone
    rows = bounded(Attribution.objects.filter(sponsor_id=participant_id).order_by("attributed_at", "id"))
    return [
        {
            "joined_on": clock.local_day(row.attributed_at, zone),
            "is_counted": row.credited,
            "qualified_on": None if row.qualified_at is None else clock.local_day(row.qualified_at, zone),
        }
        for row in rows
    ]


FRIENDS = Source(
    name="friends",
    says="People who joined by your link: days, and never who.",
    is_portable=False,
    read=_read_friends,
    properties=(
        Property("joined_on", DAY, "When somebody joined by it."),
        Property("is_counted", TRUTH, "Whether they count for your pot, as they were told."),
        Property("qualified_on", or_none(DAY), "When they did what counts."),
    ),
)

INVITATION = table_source(
    "invitation",
    Attribution,
    "Where we know of you from: the link that you used to join. Empty for whoever came without one.",
    Property("link", TEXT, "The code in the link that you used.", ("link_code",)),
    Property("joined_at", MOMENT, "When you used it.", ("attributed_at",)),
    Property("is_counted", TRUTH, "Whether you count for whoever invited you, as you were told.", ("credited",)),
    Property("qualified_at", or_none(MOMENT), "When you did what counts."),
    Property("checked_at", or_none(MOMENT), "When a program looked for signs of cheating.", ("looked_at",),
             is_portable=False),
    is_portable=True,
    left_out={"id": OWN_KEY, "market_id": MARKET, "sponsor_id": "who invited you: somebody else"},
    order="attributed_at",
)  # fmt: skip

EVENTS = table_source(
    "events",
    Event,
    "What the merchant's systems reported that you did.",
    Property("event", TEXT, "What you did."),
    Property("reference", TEXT, "What the merchant calls it.", ("external_ref",)),
    Property("occurred_at", MOMENT, "When it happened."),
    Property("received_at", MOMENT, "When it was reported."),
    is_portable=True,
    left_out={"id": OWN_KEY},
    order="occurred_at",
)

MARKS = table_source(
    "marks",
    Mark,
    "By what two participants can be seen to share a mailbox or an account. Only a keyed hash of it is kept.",
    Property("kind", one_of(MARK_KINDS), "Of what."),
    Property("marked_at", MOMENT, "Since when."),
    is_portable=False,
    left_out={"id": OWN_KEY, "value_hash": HASHED},
    order="kind",
)


def _read_signals(participant_id: UUID) -> list[Row]:
    """Signals about this person's rewards, and those that were found about them as somebody's friend."""
    mine = bounded(Signal.objects.filter(participant_id=participant_id).order_by("found_at", "id"))
    found = [_signal_row(row, about="own" if row.subject == OWN else "friend") for row in mine]
    sponsors = Attribution.objects.filter(participant_id=participant_id).values_list("sponsor_id", flat=True)
    for sponsor_id in sponsors:
        rows = Signal.objects.filter(participant_id=sponsor_id, subject=participant_id.hex)
        found += [_signal_row(row, about="as_friend") for row in bounded(rows.order_by("found_at", "id"))]
    return found


def _signal_row(row: Signal, *, about: str) -> Row:
    kind = SignalKind(row.kind)
    is_ours = about != "as_friend"
    return {
        "kind": row.kind,
        "about": about,
        "sentence": tell_person(kind, row.details, is_sponsor=about == "friend"),
        "counts": row.details,
        "found_at": row.found_at,
        "holds_alone": kind.holds_alone,
        # What became of the reward of whoever invited this person is that person's.
        "is_of_ring": row.ring_id is not None if is_ours else None,
        "led_to_review": row.review_id is not None if is_ours else None,
    }


SIGNALS = Source(
    name="signals",
    says="What a program noticed and a person may want to look at. It refuses nothing by itself.",
    table=Signal,
    is_portable=False,
    read=_read_signals,
    properties=(
        Property("kind", one_of(SIGNAL_KINDS), "What was noticed."),
        Property("about", one_of(["own", "friend", "as_friend"]),
                 "own: your own reward; friend: a reward of yours for somebody you invited; as_friend: a reward "
                 "of whoever invited you.", ("subject",)),
        Property("sentence", TEXT, "The same in words."),
        Property("counts", {"type": "object", "additionalProperties": {"type": "integer"}}, "How many.",
                 ("details",)),
        Property("found_at", MOMENT, "When."),
        Property("holds_alone", TRUTH, "Whether it is enough by itself to ask a person to look."),
        Property("is_of_ring", or_none(TRUTH),
                 "Whether it is about a circle of people; null where the reward is somebody else's.",
                 ("ring_id",)),
        Property("led_to_review", or_none(TRUTH),
                 "Whether a person was asked to look; null where the reward is somebody else's.", ("review_id",)),
    ),
    left_out={"id": OWN_KEY, "participant_id": SAME},
)  # fmt: skip


def _read_reviews(participant_id: UUID) -> list[Row]:
    rows = bounded(Review.objects.filter(participant_id=participant_id).order_by("opened_at", "id").values())
    return [
        {
            **make_row(_REVIEW, row),
            "comment": _read_comment(row, 1, "sealed_comment"),
            "second_comment": _read_comment(row, 2, "sealed_second_comment"),
            "rewards": _list_held(participant_id, row["id"]),
        }
        for row in rows
    ]


def _read_comment(row: dict[str, Any], round_number: int, column: str) -> str | None:
    return None if row[column] is None else unseal_comment(row["id"], round_number, bytes(row[column]))


def _list_held(participant_id: UUID, review_id: UUID) -> list[str]:
    found = Signal.objects.filter(participant_id=participant_id, review_id=review_id)
    subjects = found.values_list("subject", flat=True).distinct()
    return sorted({
        reward_reference(reward.id)
        for subject in subjects
        for reward in list_rewards_of_cause(participant_id, subject)
    })  # fmt: skip


_REVIEW = (
    Property("state", one_of(REVIEW_STATES), "How it ended, or that it goes on."),
    Property("opened_at", MOMENT, "When it began."),
    Property("due_at", MOMENT, "Until when a person decides; if nobody has by then, it counts."),
    Property("rewards", list_of(TEXT), "The references of the rewards that it is about.", ("id",)),
    Property("comment", or_none(TEXT), "What you wrote.", ("sealed_comment",)),
    Property("decided_at", or_none(MOMENT), "When a member of the team decided."),
    Property("reason", TEXT, "Why, in that member's words.", ("reason_text",)),
    Property("asked_again_at", or_none(MOMENT), "When you asked for somebody else."),
    Property("second_comment", or_none(TEXT), "What you wrote then.", ("sealed_second_comment",)),
    Property("second_decided_at", or_none(MOMENT), "When somebody else decided."),
    Property("second_reason", TEXT, "Why, in their words.", ("second_reason_text",)),
    Property("closed_at", or_none(MOMENT), "When it was over."),
)
REVIEWS = Source(
    name="reviews",
    says="Looks of a person of the team at rewards of yours that were held, and what they decided.",
    table=Review,
    is_portable=False,
    read=_read_reviews,
    properties=_REVIEW,
    left_out={
        "participant_id": SAME,
        "decided_by_user_id": STAFF,
        "second_decided_by_user_id": STAFF,
        "alarmed_at": REMINDER,
    },
)
