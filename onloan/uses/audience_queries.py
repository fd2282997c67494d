"""Every read of mass uses: who is in one, whose consent has ended since, and the ones that touched a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onloan import clock, db
from onloan.consents.queries import list_yes_numbers
from onloan.errors import BadInput, NotFound
from onloan.evidence.queries import consent_entries, read_checkpoint
from onloan.evidence.sets import find_members, list_members
from onloan.offers.queries import list_offer_markets
from onloan.people.queries import find_participant
from onloan.uses.errors import AudienceStopped
from onloan.uses.models import Audience

IDS_PER_PAGE = 5_000
ENTRIES_PER_PAGE = 50_000
"""How many entries of the log one page of ended members looks through."""
AUDIENCES_MAX = 1_000
ENDED_PER_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class AudienceView:
    """A mass use that was allowed. ``recipient`` is empty when nobody but the merchant was concerned."""

    id: UUID
    offer_id: UUID
    country: str
    items: tuple[str, ...]
    purpose: str
    channel: str
    recipient: str
    is_copy: bool
    log_index: int
    count: int
    set_hash: str
    set_bytes: int
    decided_at: datetime
    watched_until: datetime


@dataclass(frozen=True, slots=True)
class AudienceUse:
    """A mass use that touched a person, and the numbers of their consents in its set."""

    audience: AudienceView
    consent_numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MemberPage:
    """Public ids of members whose consent is still live. ``after`` asks for the next page; None: there is none."""

    public_ids: list[str]
    after: int | None


@dataclass(frozen=True, slots=True)
class EndedMember:
    """A member whose consent ended after the audience was decided. ``public_id`` is None when even the link to
    the person was erased: then nobody can say who it was. ``cause`` is withdrawn, expired or stopped."""

    public_id: str | None
    cause: str
    log_index: int


@dataclass(frozen=True, slots=True)
class EndedPage:
    """``after`` is where to go on, now or later; ``is_all``: nothing more had ended when this was read."""

    ended: list[EndedMember]
    after: int
    is_all: bool


def find_audience(audience_id: UUID) -> AudienceView:
    """Raises NotFound."""
    row = Audience.objects.filter(id=audience_id).first()
    if row is None:
        raise NotFound
    return view_audience(row)


def list_members_page(audience: AudienceView, *, after: int = 0, limit: int = IDS_PER_PAGE) -> MemberPage:
    """Members in the order of their consents' numbers, from number ``after`` on, not including it. Whoever took it
    back since is left out. Raises AudienceStopped, BadInput."""
    check_position(after)
    _check_running(audience)
    numbers = list_members(audience.log_index, after + 1, limit)
    people = _find_people(numbers, only_live=True)
    public_ids = [people[number] for number in numbers if number in people]
    # Somebody may have allowed the same twice, in one permission and another: they are told once a page.
    return MemberPage(list(dict.fromkeys(public_ids)), numbers[-1] if len(numbers) == limit else None)


def list_ended_page(audience: AudienceView, *, after: int = 0) -> EndedPage:
    """Members whose consent ended since, in the order of the log, from entry ``after`` on, not including it.
    Works after a suspension too. Raises BadInput."""
    check_position(after)
    first = max(after, audience.log_index) + 1
    size = read_checkpoint().size
    end = max(first, min(first + ENTRIES_PER_PAGE, size))
    found, end = _find_ended(audience.log_index, first, end)
    people = _find_people([number for _, number, _ in found], only_live=False)
    ended = [EndedMember(people.get(number), cause, log_index) for log_index, number, cause in found]
    return EndedPage(ended, end - 1, end >= size)


def _find_ended(set_index: int, first: int, end: int) -> tuple[list[tuple[int, int, str]], int]:
    """Log index, number and cause of members that ended between two indexes, and how far it was read."""
    ends: list[tuple[int, int, str]] = []
    for log_index, entry in consent_entries(first, end):
        cause = str(entry["kind"]).removeprefix("consent_")
        if cause in {"withdrawn", "expired", "stopped"}:
            number = entry["consent_number"]
            assert isinstance(number, int)
            ends.append((log_index, number, cause))
            if len(ends) == ENDED_PER_PAGE:
                end = log_index + 1
                break
    members = set(find_members([set_index], [number for _, number, _ in ends]).get(set_index, []))
    return [line for line in ends if line[1] in members], end


def list_audiences_of(participant_id: UUID) -> list[AudienceUse]:
    """The mass uses that touched this person, newest first. Costs as much as the offer has audiences, however
    many people are in them."""
    person, numbers = find_participant(participant_id), list_yes_numbers(participant_id)
    if person is None or not numbers:
        return []
    rows = list(Audience.objects.filter(offer_id=person.offer_id).order_by("-id")[:AUDIENCES_MAX])
    found = find_members([row.log_index for row in rows], numbers)
    return [AudienceUse(view_audience(row), tuple(found[row.log_index])) for row in rows if row.log_index in found]


def count_audience_uses(offer_id: UUID, *, since: datetime) -> list[tuple[AudienceView, int]]:
    """Each mass use of an offer since an instant, and how many consents it touched; newest first."""
    rows = Audience.objects.filter(offer_id=offer_id, decided_at__gte=since).order_by("-id")[:AUDIENCES_MAX]
    return [(view_audience(row), row.count) for row in rows]


def check_position(after: int) -> None:
    """Raises BadInput for a cursor that no page gave."""
    if not 0 <= after < 2**53:
        raise BadInput(field="after", problem="send what the page before gave")


def _check_running(audience: AudienceView) -> None:
    slug = find_slug(audience.offer_id)
    now = clock.now()
    for market in list_offer_markets(slug):
        is_running = market.state == "open" and now < market.closes_at
        if market.country == audience.country and not is_running:
            raise AudienceStopped(country=audience.country)


def find_slug(offer_id: UUID) -> str:
    """The name of an offer that there is."""
    row = db.fetch_one("SELECT slug FROM offers_offer WHERE id = %s", (db.uuid_value(offer_id),))
    assert row is not None
    return str(row[0])


_LIVE = (
    " AND consent.ended_at IS NULL AND consent.expires_at > %s"
    " AND person.restricted_at IS NULL AND person.objected_at IS NULL AND person.erased_at IS NULL"
    " AND EXISTS (SELECT 1 FROM offers_market AS market WHERE market.id = person.market_id"
    " AND market.state = 'open' AND market.closes_at > %s)"
)


def _find_people(numbers: Iterable[int], *, only_live: bool) -> dict[int, str]:
    """Public ids by consent number."""
    wanted = list(numbers)
    if not wanted:
        return {}
    among, values = db.among(wanted)
    now = db.time_value(clock.now())
    rows = db.fetch_all(
        "SELECT consent.number, person.public_id FROM consents_consent AS consent"  # noqa: S608
        " JOIN people_participant AS person ON person.id = consent.participant_id"
        f" WHERE consent.answer AND consent.number {among}{_LIVE if only_live else ''}",
        [*values, *([now, now] if only_live else [])],
    )
    return dict(rows)


def view_audience(row: Audience) -> AudienceView:
    return AudienceView(
        id=row.id,
        offer_id=row.offer_id,
        country=row.country,
        items=tuple(row.items),
        purpose=row.purpose,
        channel=row.channel,
        recipient=row.recipient,
        is_copy=row.is_copy,
        log_index=row.log_index,
        count=row.count,
        set_hash=row.set_hash,
        set_bytes=row.set_bytes,
        decided_at=row.decided_at,
        watched_until=row.watched_until,
    )
