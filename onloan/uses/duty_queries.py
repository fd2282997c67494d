"""Reads of recipients, of what they received, and of what has to be done since."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q

from onloan import db
from onloan.access.models import User
from onloan.errors import NotFound
from onloan.offers.document import Recipient
from onloan.offers.queries import find_version, list_markets
from onloan.people.queries import find_participant
from onloan.uses.audience_queries import count_audience_uses
from onloan.uses.duty_rules import OPEN_STATES
from onloan.uses.models import Notice, RecipientDoor, Takedown

DUTIES_MAX = 500
CONSIDERATION = "none"
"""What was paid for a disclosure. There is no other word for it here (LR-010, LR-076)."""


@dataclass(frozen=True, slots=True)
class RecipientLine:
    """A recipient that the newest version in some market names. ``door`` is webhook, mail, or empty."""

    offer_id: UUID
    offer_slug: str
    facts: Recipient
    door: str
    set_by: str
    set_at: datetime | None


@dataclass(frozen=True, slots=True)
class Disclosure:
    """How often these items went to a recipient for a purpose: single uses and members of mass uses."""

    recipient: str
    items: tuple[str, ...]
    purpose: str
    count: int
    consideration: str = CONSIDERATION


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyLine:
    """Something that has to be done, a notice or a takedown. ``recipient`` is empty for a copy of the merchant's
    own; ``state`` is waiting, told or due."""

    id: UUID
    is_notice: bool
    public_id: str
    recipient: str
    items: tuple[str, ...]
    cause: str
    channel: str
    state: str
    made_at: datetime
    due_at: datetime

    def is_late(self, now: datetime) -> bool:
        return self.due_at < now


@dataclass(frozen=True, slots=True)
class NoticePage:
    """What the page says that a mail leads a recipient to."""

    public_id: str
    controller: str
    items: tuple[str, ...]
    cause: str
    due_at: datetime
    is_open: bool


def find_recipient(offer_id: UUID, recipient: str) -> Recipient:
    """Raises NotFound for one that no running version of the offer names."""
    for line in list_recipients():
        if line.offer_id == offer_id and line.facts.id == recipient:
            return line.facts
    raise NotFound


def list_recipients() -> list[RecipientLine]:
    """Every recipient of the versions that markets run, each once for an offer."""
    doors = {(door.offer_id, door.recipient): door for door in RecipientDoor.objects.all()}
    names = dict(User.objects.filter(id__in=[d.set_by_user_id for d in doors.values()]).values_list("id", "name"))
    found: dict[tuple[UUID, str], RecipientLine] = {}
    for market in list_markets():
        for facts in find_version(market.version_id).offer.recipients:
            door = doors.get((market.offer_id, facts.id))
            found[market.offer_id, facts.id] = RecipientLine(
                market.offer_id,
                market.offer_slug,
                facts,
                door.kind if door is not None else "",
                names.get(door.set_by_user_id, "") if door is not None else "",
                door.set_at if door is not None else None,
            )
    return sorted(found.values(), key=lambda line: (line.offer_slug, line.facts.name))


_DISCLOSED = (
    "SELECT recipient, items, purpose, count(*) FROM uses_use WHERE market_id {among} AND decided_at >= %s"
    " AND allowed AND NOT (recipient = '') GROUP BY recipient, items, purpose"
)


def count_disclosures(offer_id: UUID, *, since: datetime) -> list[Disclosure]:
    """The register of an offer since an instant: what went to whom, for what, and for nothing in return."""
    markets = [market.id for market in list_markets() if market.offer_id == offer_id]
    counts: dict[tuple[str, tuple[str, ...], str], int] = {}
    if markets:
        among, values = db.among([db.uuid_value(market_id) for market_id in markets])
        statement = _DISCLOSED.format(among=among)
        for recipient, items, purpose, count in db.fetch_all(statement, [*values, db.time_value(since)]):
            counts[recipient, _read_items(items), purpose] = count
    for audience, count in count_audience_uses(offer_id, since=since):
        if audience.recipient:
            key = (audience.recipient, audience.items, audience.purpose)
            counts[key] = counts.get(key, 0) + count
    return [Disclosure(*key, count) for key, count in sorted(counts.items())]


def _read_items(written: object) -> tuple[str, ...]:
    return tuple(json.loads(written) if isinstance(written, str) else written)  # type: ignore[arg-type]


def count_open_duties(participant_id: UUID | None = None) -> int:
    """Notices without an answer and copies not taken down, of one person or of all."""
    whose = {} if participant_id is None else {"participant_id": participant_id}
    notices = Notice.objects.filter(state__in=OPEN_STATES, **whose).count()
    return notices + Takedown.objects.filter(done_at=None, **whose).count()


def has_duties(participant_id: UUID) -> bool:
    """Whether anybody received something of this person, or a copy had to be taken down: answered or not."""
    models = (Notice, Takedown)
    return any(model._default_manager.filter(participant_id=participant_id).exists() for model in models)


def count_duties_by_day(*, now: datetime) -> tuple[int, int, int, int]:
    """(open, late, due within 3 days, within 10 days) notices and takedowns of all, in two statements."""
    counted = {
        "open": Count("id"),
        "late": Count("id", filter=Q(due_at__lt=now)),
        "in_3": Count("id", filter=Q(due_at__range=(now, now + timedelta(days=3)))),
        "in_10": Count("id", filter=Q(due_at__range=(now, now + timedelta(days=10)))),
    }
    notices = Notice.objects.filter(state__in=OPEN_STATES).aggregate(**counted)
    takedowns = Takedown.objects.filter(done_at=None).aggregate(**counted)
    opened, late, in_3, in_10 = (notices[name] + takedowns[name] for name in counted)
    return opened, late, in_3, in_10


def count_late_duties(*, now: datetime) -> int:
    notices = Notice.objects.filter(state__in=OPEN_STATES, due_at__lt=now).count()
    return notices + Takedown.objects.filter(done_at=None, due_at__lt=now).count()


def list_duties(participant_id: UUID | None = None) -> list[DutyLine]:
    """What is open, of one person or of all, by the instant when it is due."""
    whose = {} if participant_id is None else {"participant_id": participant_id}
    notices = list(Notice.objects.filter(state__in=OPEN_STATES, **whose).order_by("due_at", "id")[:DUTIES_MAX])
    takedowns = list(Takedown.objects.filter(done_at=None, **whose).order_by("due_at", "id")[:DUTIES_MAX])
    people = {row.participant_id: _public_id(row.participant_id) for row in [*notices, *takedowns]}
    lines = [
        DutyLine(
            id=row.id, is_notice=True, public_id=people[row.participant_id], recipient=row.recipient,
            items=tuple(row.items), cause=row.cause, channel="", state=row.state, made_at=row.made_at,
            due_at=row.due_at,
        )
        for row in notices
    ] + [
        DutyLine(
            id=row.id, is_notice=False, public_id=people[row.participant_id], recipient=row.recipient,
            items=tuple(row.items), cause=row.cause, channel=row.channel, state="due", made_at=row.made_at,
            due_at=row.due_at,
        )
        for row in takedowns
    ]  # fmt: skip
    return sorted(lines, key=lambda line: (line.due_at, line.id))[:DUTIES_MAX]


def _public_id(participant_id: UUID) -> str:
    person = find_participant(participant_id)
    return person.public_id if person is not None else ""


def find_notice(notice_id: UUID) -> NoticePage:
    """Raises NotFound."""
    row = Notice.objects.filter(id=notice_id).first()
    if row is None:
        raise NotFound
    market = next(market for market in list_markets() if market.offer_id == row.offer_id)
    return NoticePage(
        public_id=_public_id(row.participant_id),
        controller=find_version(market.version_id).offer.controller.name,
        items=tuple(row.items),
        cause=row.cause,
        due_at=row.due_at,
        is_open=row.state in OPEN_STATES,
    )
