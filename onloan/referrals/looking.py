"""The jobs that look for signals: around each friend who qualified, at accounts, and at the whole graph.

They read who brought whom, addresses, names to show and hashes of accounts; never what somebody allows, asked for
or complained about. What asks for no human leaves no trace. Who asked that no program looks is decided by a human.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from onloan import db, ids
from onloan.db import action
from onloan.errors import MustStopError
from onloan.ledger.rules import derive_id
from onloan.people.queries import PEOPLE_PER_STATEMENT, read_items_of
from onloan.people.statements import lock_participants
from onloan.referrals import graph, marks
from onloan.referrals.asking import ask_to_look, find_humans_only
from onloan.referrals.models import Attribution, Mark, Signal
from onloan.referrals.review_words import OWN
from onloan.referrals.reviews import NewSignal, raise_signals
from onloan.referrals.rings import find_rings
from onloan.referrals.signals import (
    Found,
    Friend,
    Person,
    SignalKind,
    ask_for_human,
    find_signals,
    is_disposable,
)

logger = logging.getLogger(__name__)

NEAR = timedelta(hours=24)
"""Bursts and sequences are looked for among the friends who joined within this time of a new one."""
NEIGHBOURS_MAX = 400
"""Friends of one sponsor that are compared at once; of a larger crowd those nearest in time."""
ACCOUNTS_PER_RUN = 500

Raised = dict[UUID, list[NewSignal]]


def look_for_signals(*, now: datetime, limit: int) -> int:
    """Look at the rewards for friends who qualified and were not looked at yet; at how many friends it looked.

    Each person's signals are one transaction and are written once, so a crash loses nothing and a second run does
    nothing twice. A sponsor whose look fails is written down and keeps no other waiting.
    """
    waiting = (
        Attribution.objects.filter(qualified_at__isnull=False, looked_at__isnull=True)
        .order_by("qualified_at")
        .values_list("sponsor_id", "participant_id")[:limit]
    )
    friends_of: dict[UUID, list[UUID]] = defaultdict(list)
    for sponsor_id, friend_id in waiting:
        friends_of[sponsor_id].append(friend_id)
    looked: list[UUID] = []
    mailboxes: dict[UUID, str] = {}
    for sponsor_id, friend_ids in friends_of.items():
        try:
            mailboxes |= _look_around(sponsor_id, friend_ids, now)
        except MustStopError:
            raise
        except Exception as error:
            logger.error("friends of %s cannot be looked at: %s", sponsor_id, type(error).__name__)  # noqa: TRY400
        else:
            looked += friend_ids
    return finish_look(friend_ids=looked, mailboxes=mailboxes, now=now) if looked else 0


def _look_around(sponsor_id: UUID, new_friends: Sequence[UUID], now: datetime) -> dict[UUID, str]:
    """Raise what is found around a sponsor's new friends; the mailbox marks of those people and of the sponsor."""
    joined = _list_near(sponsor_id, new_friends)
    around = [sponsor_id, *joined]
    people = _read_people(around, ask_to_look(around))
    friends = [Friend(person=people[friend_id], joined_at=joined[friend_id]) for friend_id in joined]
    found = find_signals(
        sponsor=people[sponsor_id], friends=friends, people_of_account=_count_accounts(people.values())
    )
    raised = _signals_of(sponsor_id, found)
    _hand_to_humans(raised, sponsor_id, new_friends)
    _raise_new(raised, now)
    return {
        person.id: person.mailbox
        for person in (people[participant_id] for participant_id in (sponsor_id, *new_friends))
        if person.mailbox is not None
    }


def _list_near(sponsor_id: UUID, new_friends: Sequence[UUID]) -> dict[UUID, datetime]:
    """The new friends and those who joined near them in time, each with when they joined, in that order."""
    brought = Attribution.objects.filter(sponsor_id=sponsor_id)
    times = dict(brought.filter(participant_id__in=new_friends).values_list("participant_id", "attributed_at"))
    first, last = min(times.values()), max(times.values())
    near = dict(
        brought.filter(attributed_at__range=(first - NEAR, last + NEAR))
        .order_by("attributed_at")
        .values_list("participant_id", "attributed_at")
    )
    if len(near) > NEIGHBOURS_MAX:
        nearest = sorted(near, key=lambda friend_id: min(abs(near[friend_id] - time) for time in times.values()))
        near = {friend_id: near[friend_id] for friend_id in {*nearest[:NEIGHBOURS_MAX], *times}}
    return near


def _read_people(participant_ids: Sequence[UUID], allowed: Collection[UUID]) -> dict[UUID, Person]:
    """What signals know of these people; who was erased, or whom the gate does not let us look at, has nothing to
    compare."""
    items: dict[UUID, dict[str, bytes]] = {}
    looked_at = sorted(allowed)
    for start in range(0, len(looked_at), PEOPLE_PER_STATEMENT):
        items |= read_items_of(looked_at[start : start + PEOPLE_PER_STATEMENT], ["email", "username"])
    accounts = dict(
        Mark.objects.filter(kind=marks.ACCOUNT, participant_id__in=looked_at).values_list(
            "participant_id", "value_hash"
        )
    )
    return {
        participant_id: Person(
            id=participant_id,
            mailbox=marks.mailbox_hash(email) if email is not None else None,
            account=accounts.get(participant_id),
            name=values["username"].decode() if "username" in values else None,
            has_disposable_address=email is not None and is_disposable(email),
        )
        for participant_id in participant_ids
        for values in [items.get(participant_id, {})]
        for email in [values["email"].decode() if "email" in values else None]
    }


def _count_accounts(people: Iterable[Person]) -> dict[str, int]:
    """How many participants share each of these accounts, in all offers."""
    hashes = sorted({person.account for person in people if person.account is not None})
    counts: dict[str, int] = defaultdict(int)
    for (value_hash,) in Mark.objects.filter(kind=marks.ACCOUNT, value_hash__in=hashes).values_list("value_hash"):
        counts[value_hash] += 1
    return dict(counts)


def _signals_of(sponsor_id: UUID, found: Iterable[Found]) -> Raised:
    """What asks for a human: for the sponsor's rewards for that friend, and for the friend's own."""
    by_friend: dict[UUID, list[Found]] = defaultdict(list)
    for signal in found:
        by_friend[signal.friend_id].append(signal)
    raised: Raised = defaultdict(list)
    for friend_id, signals in by_friend.items():
        if ask_for_human(signal.kind for signal in signals):
            for signal in signals:
                _add(raised, sponsor_id, friend_id, signal.kind, signal.details)
    return raised


def _hand_to_humans(raised: Raised, sponsor_id: UUID, new_friends: Sequence[UUID]) -> None:
    """Who asked that no program looks has their own rewards for these friends decided by a human.

    The other person's rewards do not wait: a right that one uses costs the other nothing, and tells them nothing.
    """
    unseen = NewSignal(kind=SignalKind.NOT_CHECKED, subject=OWN, details={})
    for participant_id in find_humans_only([sponsor_id, *new_friends]):
        raised[participant_id] = (
            [replace(unseen, subject=friend_id.hex) for friend_id in new_friends]
            if participant_id == sponsor_id
            else [unseen]
        )


def _add(
    raised: Raised,
    sponsor_id: UUID,
    friend_id: UUID,
    kind: SignalKind,
    details: Mapping[str, int],
    ring_id: UUID | None = None,
) -> None:
    for participant_id, subject in ((sponsor_id, friend_id.hex), (friend_id, OWN)):
        raised[participant_id].append(NewSignal(kind=kind, subject=subject, details=details, ring_id=ring_id))


def _raise_new(raised: Raised, now: datetime) -> int:
    """Raise what is not known yet, person by person; how many signals were new, or known of another ring."""
    people = sorted(raised)
    known = {
        (participant_id, kind, subject): ring_id
        for start in range(0, len(people), PEOPLE_PER_STATEMENT)
        for participant_id, kind, subject, ring_id in Signal.objects.filter(
            participant_id__in=people[start : start + PEOPLE_PER_STATEMENT]
        ).values_list("participant_id", "kind", "subject", "ring_id")
    }
    count = 0
    for participant_id in people:
        new = [
            signal
            for signal in raised[participant_id]
            if known.get((participant_id, signal.kind.value, signal.subject), _UNKNOWN) != signal.ring_id
        ]
        if new:
            raise_signals(participant_id=participant_id, signals=new, now=now)
        count += len(new)
    return count


_UNKNOWN = object()


@action
def finish_look(*, friend_ids: Collection[UUID], mailboxes: Mapping[UUID, str], now: datetime) -> int:
    """Keep the marks and remember that the signals around these friends were looked for; how many they are."""
    lock_participants({*friend_ids, *mailboxes})
    keep_marks(kind=marks.MAILBOX, hashes=mailboxes, now=now)
    return Attribution.objects.filter(participant_id__in=friend_ids, looked_at__isnull=True).update(looked_at=now)


@action
def keep_marks(*, kind: str, hashes: Mapping[UUID, str], now: datetime) -> int:
    """Keep what is new or changed among these people's marks of one ``kind``; how many that is."""
    present = dict(
        Mark.objects.filter(kind=kind, participant_id__in=hashes).values_list("participant_id", "value_hash")
    )
    changed = {person: value for person, value in hashes.items() if present.get(person) != value}
    if not changed:
        return 0
    lock_participants(changed)
    db.execute([
        db.insert(
            Mark,
            on_conflict="ON CONFLICT (participant_id, kind) DO UPDATE"
            " SET value_hash = excluded.value_hash, marked_at = excluded.marked_at",
            id=ids.new_id(), participant_id=participant_id, kind=kind, value_hash=changed[participant_id],
            marked_at=now,
        )
        for participant_id in sorted(changed)
    ])  # fmt: skip
    return len(changed)


def look_at_accounts(*, now: datetime) -> int:
    """Mark the accounts for payment that were given or changed, and look again at whom they concern; how many."""
    given = dict(graph.list_new_accounts(ACCOUNTS_PER_RUN))
    if not given:
        return 0
    keep_marks(kind=marks.ACCOUNT, hashes=given, now=now)
    shared = graph.list_sharing(marks.ACCOUNT, sorted(set(given.values())))
    if shared:
        look_again(participant_ids=shared)
    return len(given)


@action
def look_again(*, participant_ids: Sequence[UUID]) -> None:
    """Have the signals looked for once more around these people, as friends and as sponsors."""
    lock_participants(participant_ids)
    qualified = Attribution.objects.filter(qualified_at__isnull=False, looked_at__isnull=False)
    for start in range(0, len(participant_ids), PEOPLE_PER_STATEMENT):
        some = participant_ids[start : start + PEOPLE_PER_STATEMENT]
        qualified.filter(participant_id__in=some).update(looked_at=None)
        qualified.filter(sponsor_id__in=some).update(looked_at=None)


def look_for_rings(*, now: datetime) -> int:
    """Find every ring in the graph of all offers, and raise it for everybody in it; how many signals were new."""
    read = graph.read_graph()
    raised: Raised = defaultdict(list)
    for ring in find_rings(read.graph, read.same):
        edges = [read.edge(number) for number in ring.edges]
        ring_id = derive_id(min(min(edge) for edge in edges), "ring")
        details = {"people": ring.people, "links": len(edges)}
        for sponsor_id, friend_id in edges:
            _add(raised, sponsor_id, friend_id, SignalKind.SPONSOR_RING, details, ring_id)
    if not raised:
        return 0
    allowed = ask_to_look(raised)
    return _raise_new({person: signals for person, signals in raised.items() if person in allowed}, now)
