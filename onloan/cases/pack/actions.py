"""When a copy was asked for: it is tried at once, what is missing is named and tried again, the person is told.

Nothing of a copy is stored. What is kept is that it is ready: it is made anew when the person takes it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from uuid import UUID

from django.conf import settings
from django.utils import translation

from onloan import clock, db
from onloan.access.rules import Capability
from onloan.cases.actions import open_case
from onloan.cases.clocks import days_left
from onloan.cases.models import Case
from onloan.cases.pack.building import build_pack
from onloan.cases.pack.queries import find_gap, list_incomplete, list_untried
from onloan.cases.pack.words import name_sources
from onloan.cases.rules import Door, EventKind, Kind, Outcome, State, show_reference
from onloan.cases.timeline import list_events, record_event
from onloan.db import action
from onloan.errors import NotFound
from onloan.markets.rules import market_facts
from onloan.offers.queries import find_version
from onloan.outbox.statements import MailValue, mail_statement
from onloan.outbox.team_mails import tell_members
from onloan.people.queries import ParticipantView, find_participant
from onloan.people.statements import lock_participant

OFFERED_DAYS_BEFORE = 3
"""How long before the day that staff see a copy with a gap is offered: late is worse than incomplete."""
RUN_SECONDS_MAX = 120
LINES_MAX = 20
"""Of missing parts in a mail; the page names all."""


def prepare_packs(*, now: datetime) -> int:
    """Try the copy of each request that is new. A periodic job; for how many there was something to say."""
    return _try_each(list_untried(), now)


def try_packs_again(*, now: datetime) -> int:
    """Try those again of which a part could not be read. A periodic job, each hour."""
    return _try_each(list_incomplete(), now)


def _try_each(case_ids: Sequence[UUID], now: datetime) -> int:
    """As many as there is time for: on a bad day each of them is slow, and other jobs wait behind this one."""
    ends_at = time.monotonic() + RUN_SECONDS_MAX
    return sum(_try(case_id, now) for case_id in takewhile(lambda _: time.monotonic() < ends_at, case_ids))


def _try(case_id: UUID, now: datetime) -> bool:
    """Put it together and forget it: all that is kept is what was missing."""
    participant_id, kind = Case.objects.values_list("participant_id", "kind").get(id=case_id)
    if participant_id is None:
        return False
    try:
        pack = build_pack(participant_id, is_portable=kind == Kind.PORTABILITY, now=now)
    except NotFound:
        return False
    return _note_tried(case_id=case_id, participant_id=participant_id, gaps=pack.gaps, now=now)


@action
def _note_tried(*, case_id: UUID, participant_id: UUID, gaps: Sequence[str], now: datetime) -> bool:
    """Write down what came of a try and tell whoever has to know; False when nothing is new."""
    lock_participant(participant_id)
    case = Case.objects.get(id=case_id)
    is_open = case.state == State.OPEN
    if not (is_open or case.outcome == Outcome.PARTLY_DONE) or case.participant_id != participant_id:
        return False
    if not gaps:
        return _offer(case, gaps, now)
    is_new = note_gap(case, gaps, now)
    if not is_open:
        return is_new
    today = clock.local_day(now, market_facts(case.country).time_zone)
    if days_left(case.due_on, today) <= OFFERED_DAYS_BEFORE:
        is_new = _offer(case, gaps, now) or is_new
    return is_new


def _offer(case: Case, gaps: Sequence[str], now: datetime) -> bool:
    """Tell the person, once for a copy that lacks something, and for a whole one each time that something had been
    missing."""
    missing = write_gaps(gaps, case.language)
    ready = [event.text for event in list_events(case.id) if event.kind is EventKind.PACK_READY]
    if (ready and missing) or ("" in ready and not find_gap(case.id)):
        return False
    record_event(case_id=case.id, kind=EventKind.PACK_READY, now=now, text=missing, is_shown=True)
    person = _find_person(case)
    db.execute([
        mail_statement(
            template="pack_ready",
            language=person.language,
            participant_id=person.id,
            context={
                **name_campaign(person),
                "case_reference": show_reference(case.reference),
                "request_kind": case.kind,
                "gaps": _name_gaps(gaps, person.language)[:LINES_MAX],
            },
        )
    ])  # fmt: skip
    return True


def note_gap(case: Case, gaps: Sequence[str], now: datetime) -> bool:
    """Name what is missing on the request and alarm the team; False where that was said already, and
    nothing was whole since."""
    events = list_events(case.id)
    text = write_gaps(gaps, case.language)
    if find_gap(case.id) == text:
        return False
    if all(event.kind is not EventKind.PACK_STARTED for event in events):
        record_event(case_id=case.id, kind=EventKind.PACK_STARTED, now=now, is_shown=True)
    record_event(case_id=case.id, kind=EventKind.PACK_GAP, now=now, text=text, is_shown=True)
    told: dict[str, MailValue] = {
        "case_reference": show_reference(case.reference),
        "due_on": case.due_on.isoformat(),
        "gaps": _name_gaps(gaps, settings.LANGUAGE_CODE)[:LINES_MAX],
    }
    tell_members(Capability.HANDLE_CASES, "pack_gap", told)
    return True


@action
def note_taken(*, participant_id: UUID, is_portable: bool, gaps: Sequence[str], now: datetime) -> None:
    """The person took their copy: their open request says so, and a mail to them, as somebody else may hold their
    phone. A copy that lacks something makes a request of its own where there is none, so that what is missing has
    a clock. Raises NotFound."""
    lock_participant(participant_id)
    person = find_participant(participant_id)
    if person is None or person.erased_at is not None:
        raise NotFound
    kind = Kind.PORTABILITY if is_portable else Kind.ACCESS
    case = _find_open(participant_id, kind)
    if case is None and gaps:
        open_case(
            kind=kind, country=person.country, language=person.language, door=Door.MY_PAGE, text="",
            participant_id=participant_id, now=now,
        )  # fmt: skip
        case = _find_open(participant_id, kind)
    if case is not None:
        text = write_gaps(gaps, case.language)
        record_event(case_id=case.id, kind=EventKind.PACK_SENT, now=now, text=text, is_shown=True)
        if gaps:
            note_gap(case, gaps, now)
    local = clock.local_time(now, market_facts(person.country).time_zone)
    db.execute([
        mail_statement(
            template="pack_taken",
            language=person.language,
            participant_id=participant_id,
            context={
                **name_campaign(person),
                "request_kind": kind.value,
                "taken_on": local.date().isoformat(),
                "taken_time": local.strftime("%H:%M"),
            },
        )
    ])  # fmt: skip


def _find_open(participant_id: UUID, kind: Kind) -> Case | None:
    rows = Case.objects.filter(participant_id=participant_id, kind=kind, state=State.OPEN)
    return rows.order_by("received_at").first()


def _find_person(case: Case) -> ParticipantView:
    person = find_participant(case.participant_id) if case.participant_id is not None else None
    assert person is not None, "their row is locked"
    return person


def _name_gaps(gaps: Sequence[str], language: str) -> list[str]:
    with translation.override(language):
        return name_sources(gaps)


def write_gaps(gaps: Sequence[str], language: str) -> str:
    """What is missing, on one line; empty when nothing is."""
    return "; ".join(_name_gaps(gaps, language))


def name_campaign(person: ParticipantView) -> dict[str, MailValue]:
    """What a mail says of where it comes from."""
    offer = find_version(person.version_id).offer
    return {"campaign": offer.title[person.language], "controller": offer.controller.name}
