"""What is kept and not used (GDPR art. 18): everything of a person, or one item that they say is wrong.

The rows of ``Restriction`` are the truth; the flag that the gate reads stands while one of them covers everything.
What a restriction stopped stays ended: nothing is shown again before the person allows it anew. Payments go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext

from onloan import clock, db, ids
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.cases.clocks import REASON_CHARACTERS_MIN, is_reason
from onloan.cases.errors import LiftingRefused
from onloan.cases.merchants import sign_mail
from onloan.cases.models import Case, Restriction
from onloan.cases.rules import DISPUTED_ITEMS, About, EventKind, Kind, RestrictionCause, show_reference
from onloan.cases.timeline import record_event
from onloan.consents.actions import stop_consents
from onloan.consents.rules import EndReason
from onloan.db import action
from onloan.errors import NotFound
from onloan.markets.rules import market_facts
from onloan.outbox.statements import mail_statement
from onloan.people.actions import dispute_item, lift_flag, set_flag, settle_item
from onloan.people.queries import ParticipantView, find_participant
from onloan.people.statements import lock_participant

TOLD_BEFORE = timedelta(days=7)
"""How long beforehand a person knows that the team ends their restriction: time to ask again, or to complain."""

_END_REASONS = {RestrictionCause.ERASURE: EndReason.ERASED}


@dataclass(frozen=True, slots=True, kw_only=True)
class RestrictionView:
    """That everything of a person is kept and not used. ``is_own``: they asked for it, and end it themselves.
    ``ends_on``: the day on which it ends, when they were told so."""

    since: datetime
    is_own: bool
    ends_on: date | None


def find_restriction(person: ParticipantView) -> RestrictionView | None:
    """What stands against every use of this person, and until when; None when nothing does."""
    if person.restricted_at is None:
        return None
    rows = _list_whole(person.id)
    asked = [row for row in rows if row.cause == RestrictionCause.ASKED]
    return RestrictionView(
        since=person.restricted_at,
        # A flag without a row is older than the rows: somebody asked for it.
        is_own=len(asked) == len(rows),
        ends_on=next((row.ends_on for row in asked), None),
    )


def has_dispute(case_id: UUID) -> bool:
    """Whether an item is not shown because of this case."""
    return Restriction.objects.filter(
        case_id=case_id, cause=RestrictionCause.DISPUTED, ended_at__isnull=True
    ).exists()


@action
def restrict(*, participant_id: UUID, cause: RestrictionCause, case_id: UUID | None, now: datetime) -> None:
    """From this commit on nothing of the person is used but for paying them and for claims, and every permission
    has ended. Asked again, it is the same restriction: its first day stays, and an end that was announced does not
    come. Raises NotFound."""
    assert cause is not RestrictionCause.DISPUTED, "what is disputed is one item"
    lock_participant(participant_id)
    standing = [row for row in _adopt(participant_id) if row.cause == cause]
    if not standing:
        _write_row(participant_id, cause, case_id, [], now)
    else:
        Restriction.objects.filter(id=standing[0].id).update(
            case_id=case_id, told_at=None, told_by_user_id=None, ends_on=None
        )
    if case_id is not None and all(row.case_id != case_id for row in standing):
        record_event(case_id=case_id, kind=EventKind.RESTRICTED, now=now, is_shown=True)
    set_flag(participant_id=participant_id, flag="restricted", now=now)
    stop_consents(participant_id=participant_id, reason=_END_REASONS.get(cause, EndReason.RESTRICTED), now=now)


@action
def dispute_accuracy(*, participant_id: UUID, about: About, case_id: UUID, now: datetime) -> None:
    """The person says that their name or photo is wrong: until that is settled it is not shown, and nobody is
    asked to allow it. Whatever else is wrong is shown to nobody, so nothing is stopped. Raises NotFound."""
    name = DISPUTED_ITEMS.get(about)
    if name is None or not dispute_item(participant_id=participant_id, name=name, now=now):
        return
    _write_row(participant_id, RestrictionCause.DISPUTED, case_id, [name], now)
    record_event(case_id=case_id, kind=EventKind.RESTRICTED, now=now, is_shown=True)
    stop_consents(participant_id=participant_id, reason=EndReason.RESTRICTED, item=name, now=now)


@action
def end_dispute(*, case_id: UUID, now: datetime) -> None:
    """Part of closing a case: what it said is wrong is settled, and can be allowed again."""
    rows = list(
        Restriction.objects.filter(case_id=case_id, cause=RestrictionCause.DISPUTED, ended_at__isnull=True)
    )
    if rows:
        lock_participant(rows[0].participant_id)
        _settle(rows, now)


@action
def end_disputes_about(*, participant_id: UUID, item: str, now: datetime) -> None:
    """Part of changing an item: whoever mends it themselves disputes it no more."""
    lock_participant(participant_id)
    disputes = Restriction.objects.filter(
        participant_id=participant_id, cause=RestrictionCause.DISPUTED, ended_at__isnull=True
    )
    rows = [row for row in disputes if item in row.items]
    for row in rows:
        assert row.case_id is not None, "what is wrong was said in a case"
        record_event(case_id=row.case_id, kind=EventKind.RECTIFIED, now=now, is_shown=True)
    _settle(rows, now)


@action
def end_own(*, participant_id: UUID, now: datetime) -> None:
    """The person ends what they asked for, at once; what stands for an erasure goes on. Raises NotFound."""
    lock_participant(participant_id)
    _end([row for row in _adopt(participant_id) if row.cause == RestrictionCause.ASKED], now)


@action
def end_for_erasure(*, participant_id: UUID, now: datetime) -> None:
    """Part of stopping an erasure in time: what stood against every use because of it, ends. Raises NotFound."""
    lock_participant(participant_id)
    _end([row for row in _list_whole(participant_id) if row.cause == RestrictionCause.ERASURE], now)


@action
def end_for_stranger(*, case_id: UUID, participant_id: UUID, now: datetime) -> None:
    """Part of separating a case from somebody whom it is not about: it stops nothing for them any more, and what
    they had asked for themselves stays theirs. Raises NotFound."""
    lock_participant(participant_id)
    rows = list(Restriction.objects.filter(participant_id=participant_id, case_id=case_id, ended_at__isnull=True))
    own = Case.objects.filter(participant_id=participant_id, kind=Kind.RESTRICTION).exclude(id=case_id)
    own_id = own.order_by("-received_at").values_list("id", flat=True).first()
    kept = [row for row in rows if row.cause == RestrictionCause.ASKED and own_id is not None]
    Restriction.objects.filter(id__in=[row.id for row in kept]).update(case_id=own_id)
    _settle([row for row in rows if row not in kept], now)


@action
def announce_lifting(*, case_id: UUID, user_id: UUID, reasons: str, now: datetime) -> date:
    """Tell the person that their restriction ends, why, and what they can do about it; returns the day on which it
    does (GDPR art. 18(3): informed before). Raises LiftingRefused, NotAllowed, NotFound."""
    require(find_member_by_id(user_id), Capability.HANDLE_CASES)
    case, participant_id = _lock_case(case_id)
    asked = [row for row in _adopt(participant_id) if row.cause == RestrictionCause.ASKED]
    if not asked or asked[0].ends_on is not None or not is_reason(reasons):
        raise LiftingRefused(field="reasons", minimum=REASON_CHARACTERS_MIN)
    ends_on = clock.local_day(now, market_facts(case.country).time_zone) + TOLD_BEFORE
    Restriction.objects.filter(id=asked[0].id).update(
        case_id=case_id, told_at=now, told_by_user_id=user_id, ends_on=ends_on
    )
    _tell(case, EventKind.LIFTING_TOLD, "restriction_told", reasons.strip(), user_id, now, due_on=ends_on)
    return ends_on


@action
def stay_lifting(*, case_id: UUID, user_id: UUID, now: datetime) -> None:
    """The restriction stays after all, and the person is told. Raises LiftingRefused where no end was announced,
    NotAllowed, NotFound."""
    require(find_member_by_id(user_id), Capability.HANDLE_CASES)
    case, participant_id = _lock_case(case_id)
    announced = Restriction.objects.filter(
        participant_id=participant_id, ended_at__isnull=True, ends_on__isnull=False
    )
    if not announced.update(told_at=None, told_by_user_id=None, ends_on=None):
        raise LiftingRefused(field="reasons", minimum=REASON_CHARACTERS_MIN)
    with translation.override(case.language):
        text = gettext("We had told you that your restriction would end. It stays: your data are not used.")
    _tell(case, EventKind.MESSAGE_TO_PERSON, "restriction_told", text, user_id, now)


def end_announced(*, now: datetime) -> int:
    """End the restrictions whose announced day has come; of how many people. A periodic job."""
    # A day begins first where the clock is furthest ahead.
    latest = (now + timedelta(hours=14)).date()
    due = Restriction.objects.filter(ended_at__isnull=True, ends_on__lte=latest)
    people = sorted(set(due.values_list("participant_id", flat=True)))
    return sum(_end_announced(participant_id=participant_id, now=now) for participant_id in people)


@action
def _end_announced(*, participant_id: UUID, now: datetime) -> bool:
    lock_participant(participant_id)
    person = find_participant(participant_id)
    assert person is not None, "the row is locked"
    today = clock.local_day(now, market_facts(person.country).time_zone)
    due = [row for row in _list_whole(participant_id) if row.ends_on is not None and row.ends_on <= today]
    _end(due, now)
    return bool(due)


def _list_whole(participant_id: UUID) -> list[Restriction]:
    """What stands against every use of this person."""
    rows = Restriction.objects.filter(participant_id=participant_id, ended_at__isnull=True).order_by("since")
    return [row for row in rows if not row.items]


def _adopt(participant_id: UUID) -> list[Restriction]:
    """The same, with a row for a flag that is older than the rows: they had asked for it."""
    rows = _list_whole(participant_id)
    person = find_participant(participant_id)
    if rows or person is None or person.restricted_at is None:
        return rows
    asked = Case.objects.filter(participant_id=participant_id, kind=Kind.RESTRICTION).order_by("-received_at")
    case_id = asked.values_list("id", flat=True).first()
    return [_write_row(participant_id, RestrictionCause.ASKED, case_id, [], person.restricted_at)]


def _write_row(
    participant_id: UUID, cause: RestrictionCause, case_id: UUID | None, items: Sequence[str], since: datetime
) -> Restriction:
    row: Restriction = Restriction.objects.create(
        id=ids.new_id(),
        participant_id=participant_id,
        case_id=case_id,
        cause=cause,
        items=list(items),
        since=since,
    )
    return row


def _settle(rows: Sequence[Restriction], now: datetime) -> None:
    """End disputes; an item that another open case is about stays disputed."""
    _end(rows, now)
    for row in rows:
        others = Restriction.objects.filter(
            participant_id=row.participant_id, cause=RestrictionCause.DISPUTED, ended_at__isnull=True
        )
        still = {name for other in others for name in other.items}
        for name in set(row.items) - still:
            settle_item(participant_id=row.participant_id, name=name)


def _end(rows: Sequence[Restriction], now: datetime) -> None:
    """End rows of one person, and with the last one that covers everything the flag."""
    for row in rows:
        # Another process's clock may have run ahead: an end is never before its beginning.
        Restriction.objects.filter(id=row.id).update(ended_at=max(now, row.since))
        if row.case_id is not None:
            record_event(case_id=row.case_id, kind=EventKind.RESTRICTION_LIFTED, now=now, is_shown=True)
    if rows and not _list_whole(rows[0].participant_id):
        lift_flag(participant_id=rows[0].participant_id, flag="restricted")


def _lock_case(case_id: UUID) -> tuple[Case, UUID]:
    case = Case.objects.filter(id=case_id).first()
    if case is None or case.participant_id is None:
        raise NotFound
    lock_participant(case.participant_id)
    return case, case.participant_id


def _tell(
    case: Case,
    kind: EventKind,
    template: str,
    text: str,
    user_id: UUID,
    now: datetime,
    *,
    due_on: date | None = None,
) -> None:
    """Write it down, and to the person, wherever they are written to now."""
    record_event(case_id=case.id, kind=kind, now=now, by_user_id=user_id, text=text, is_shown=True)
    authority = market_facts(case.country).authority
    context = {**sign_mail(case.participant_id), "case_reference": show_reference(case.reference)}
    if due_on is not None:
        context |= {
            "due_on": due_on.isoformat(),
            "authority": authority.short_name,
            "authority_url": authority.complaint_url,
        }
    db.execute([
        mail_statement(
            template=template, language=case.language, participant_id=case.participant_id, context=context,
            secrets={"reason": text},
        )
    ])  # fmt: skip
