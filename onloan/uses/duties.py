"""What follows when a permission ends: recipients to tell, copies to take down. Found by reading the log, so that
nothing is missed: after a stop it goes on where it was, and what was made is made once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from onloan import ids
from onloan.consents.models import Consent
from onloan.consents.queries import list_yes_numbers
from onloan.consents.rules import EndReason
from onloan.db import action
from onloan.evidence.actions import append_entry
from onloan.evidence.queries import consent_entries, read_checkpoint
from onloan.evidence.sets import find_members
from onloan.offers.queries import find_version
from onloan.people.queries import is_alive
from onloan.people.statements import lock_participant
from onloan.uses.audience_index import ENDS
from onloan.uses.duty_rules import OPEN_STATES, Cause, NoticeState, due_at
from onloan.uses.models import Audience, DutyMark, Notice, Takedown, Use

ENTRIES_AT_A_TIME = 50_000
ENDS_AT_A_TIME = 500

# A new answer to the same question took its place: what was received under the old one is covered by the new one,
# or by the withdrawal that ends that one.
_CAUSES = {
    EndReason.WITHDRAWN: Cause.WITHDRAWN,
    EndReason.EXPIRED: Cause.EXPIRED,
    EndReason.OBJECTED: Cause.OBJECTED,
    EndReason.RESTRICTED: Cause.RESTRICTED,
    EndReason.ERASED: Cause.ERASED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideUse:
    """What one use, or one person's part in a mass use, did with items outside Onloan's own pages."""

    use_id: UUID
    is_mass: bool
    offer_id: UUID
    consent_number: int
    items: tuple[str, ...]
    purpose: str
    channel: str
    recipient: str
    is_copy: bool


def make_duties(*, now: datetime) -> int:
    """Read what the log grew by and make the notices and takedowns that follow. Returns how many consents ended.

    A periodic job. Each person is a transaction of their own; the place in the log moves on after all of them.
    """
    size = read_checkpoint().size
    mark, _ = DutyMark.objects.get_or_create(defaults={"id": ids.new_id(), "seen_index": 0})
    if mark.seen_index >= size:
        return 0
    numbers, end = _read_ends(mark.seen_index, size)
    ended: dict[UUID, dict[int, Cause]] = {}
    rows = Consent.objects.filter(number__in=numbers, answer=True)
    for participant_id, number, reason in rows.values_list("participant_id", "number", "end_reason"):
        cause = _CAUSES.get(EndReason(reason)) if reason else None
        if cause is not None:
            ended.setdefault(participant_id, {})[number] = cause
    for participant_id, causes in sorted(ended.items()):
        _make_for(participant_id=participant_id, causes=causes, now=now)
    DutyMark.objects.filter(id=mark.id, seen_index__lt=end).update(seen_index=end)
    return len(numbers)


def make_duties_up_to(size: int, *, now: datetime) -> None:
    """Go on until the log was read up to ``size``: from then on what has to be done because of it is known."""
    while True:
        mark = DutyMark.objects.first()
        if mark is not None and mark.seen_index >= size:
            return
        make_duties(now=now)


def _read_ends(first: int, size: int) -> tuple[list[int], int]:
    """Numbers of consents that ended from index ``first`` on, and up to where the log was read."""
    end = min(first + ENTRIES_AT_A_TIME, size)
    numbers: list[int] = []
    for log_index, entry in consent_entries(first, end):
        if entry["kind"] in ENDS:
            number = entry["consent_number"]
            assert isinstance(number, int)
            numbers.append(number)
            if len(numbers) == ENDS_AT_A_TIME:
                return numbers, log_index + 1
    return numbers, end


@action
def _make_for(*, participant_id: UUID, causes: dict[int, Cause], now: datetime) -> None:
    lock_participant(participant_id)
    used = list_used(participant_id, causes)
    make_notices(participant_id, used, causes, now)
    for each in used:
        if each.is_copy:
            make_takedown(participant_id, each, causes[each.consent_number], now)


def list_used(participant_id: UUID, numbers: Iterable[int]) -> list[OutsideUse]:
    """What was copied or passed on under these consents of one person, single and mass uses."""
    wanted = list(numbers)
    outside = ~Q(recipient="") | Q(is_copy=True)
    single = Use.objects.filter(outside, participant_id=participant_id, consent_number__in=wanted)
    return [*_single_uses(single.order_by("id")), *_mass_uses(Audience.objects.filter(outside), wanted)]


def _single_uses(uses: QuerySet[Use]) -> list[OutsideUse]:
    return [
        OutsideUse(
            use_id=row.id,
            is_mass=False,
            offer_id=find_version(row.version_id).offer_id,
            consent_number=row.consent_number,
            items=tuple(row.items),
            purpose=row.purpose,
            channel=row.channel,
            recipient=row.recipient,
            is_copy=row.is_copy,
        )
        for row in uses.filter(allowed=True)
        if row.consent_number is not None
    ]


def _mass_uses(audiences: QuerySet[Audience], numbers: Sequence[int]) -> list[OutsideUse]:
    rows = {row.log_index: row for row in audiences} if numbers else {}
    members = find_members(rows, numbers) if rows else {}
    return [
        OutsideUse(
            use_id=row.id,
            is_mass=True,
            offer_id=row.offer_id,
            consent_number=number,
            items=tuple(row.items),
            purpose=row.purpose,
            channel=row.channel,
            recipient=row.recipient,
            is_copy=row.is_copy,
        )
        for log_index, row in rows.items()
        for number in members.get(log_index, ())
    ]


def make_notices(participant_id: UUID, used: Sequence[OutsideUse], causes: dict[int, Cause], now: datetime) -> int:
    """One notice for each recipient and consent, of all the items that it received. The person's row is locked."""
    received: dict[tuple[UUID, str, int], set[str]] = {}
    for each in used:
        if each.recipient:
            received.setdefault((each.offer_id, each.recipient, each.consent_number), set()).update(each.items)
    made = 0
    for (offer_id, recipient, number), items in sorted(received.items()):
        same = Notice.objects.filter(
            participant_id=participant_id, recipient=recipient, consent_number=number, cause=causes[number]
        )
        if causes[number] is Cause.RECTIFIED:
            same = same.filter(state__in=OPEN_STATES)
        if same.exists():
            continue
        made += 1
        Notice.objects.create(
            id=ids.new_id(), participant_id=participant_id, offer_id=offer_id, recipient=recipient,
            consent_number=number, cause=causes[number], items=sorted(items), state=NoticeState.WAITING,
            made_at=now, due_at=due_at(now, recipient),
        )  # fmt: skip
    return made


def make_takedown(participant_id: UUID, used: OutsideUse, cause: Cause, now: datetime) -> bool:
    """False where there is one already. The person's row is locked."""
    if Takedown.objects.filter(participant_id=participant_id, use_id=used.use_id).exists():
        return False
    Takedown.objects.create(
        id=ids.new_id(), participant_id=participant_id, use_id=used.use_id, is_mass=used.is_mass,
        offer_id=used.offer_id, consent_number=used.consent_number, items=list(used.items), purpose=used.purpose,
        channel=used.channel, recipient=used.recipient, cause=cause, made_at=now,
        due_at=due_at(now, used.recipient),
    )  # fmt: skip
    append_entry(
        kind="takedown_due",
        fields={
            "reason": cause.value,
            "items": list(used.items),
            "purpose": used.purpose,
            "channel": used.channel,
            "consent_number": used.consent_number,
        },
        participant_id=participant_id,
        occurred_at=now,
        is_linked=is_alive(participant_id),
    )
    return True


@action
def take_down_seen(*, participant_id: UUID, use_id: UUID, is_mass: bool, now: datetime) -> bool:
    """Somebody saw it after its end, so a copy is out there, whether it was announced or not. True when this made
    the task; False where there is one, or no such use rests on a consent of this person."""
    lock_participant(participant_id)
    if is_mass:
        numbers = list_yes_numbers(participant_id)
        found = _mass_uses(Audience.objects.filter(id=use_id), numbers)
    else:
        found = _single_uses(Use.objects.filter(participant_id=participant_id, id=use_id, basis="consent"))
    return bool(found) and make_takedown(participant_id, found[0], Cause.SEEN, now)


@action
def tell_rectified(*, participant_id: UUID, items: Iterable[str], now: datetime) -> int:
    """Make a notice for each recipient that received one of ``items`` of this person, under whatever consent: what
    they hold is no longer right (GDPR art. 16, 19). Returns how many."""
    lock_participant(participant_id)
    numbers = list_yes_numbers(participant_id)
    changed = frozenset(items)
    used = [each for each in list_used(participant_id, numbers) if changed & set(each.items)]
    causes = {each.consent_number: Cause.RECTIFIED for each in used}
    return make_notices(participant_id, used, causes, now)
