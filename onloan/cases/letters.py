"""What comes by letter, telephone or at a counter, typed in by a member of the team; and what goes by letter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext

from onloan import clock
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.cases.actions import OpenedCase, open_case
from onloan.cases.answers import write_day
from onloan.cases.clocks import is_received_day
from onloan.cases.desk import tell_person
from onloan.cases.errors import PostalAddress, ReceivedDay
from onloan.cases.identifying import identify_case
from onloan.cases.locking import lock_case
from onloan.cases.models import Case
from onloan.cases.once import is_said, lock_key
from onloan.cases.posting import TOLD, begin_posted_pause, list_missed, list_to_post, write_told
from onloan.cases.queries import CaseView
from onloan.cases.rules import OPENS, About, Door, EventKind, Kind, State
from onloan.cases.sealing import contact_hash, seal_contact
from onloan.cases.timeline import record_event
from onloan.db import action
from onloan.errors import BadInput
from onloan.markets.rules import known_countries, market_facts
from onloan.people.actions import normalize_email

POSTAL_CHARACTERS_MAX = 400


class CameBy(StrEnum):
    """How it reached us; informally counts as well."""

    LETTER = "letter"
    CALL = "call"
    COUNTER = "counter"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a member of the team types in. One of ``email`` and ``postal_address`` is given; ``representative`` is
    the name of whoever writes for somebody else. ``known_as``, a public id or e-mail address, and ``how`` the
    member knows that it is them: empty where nobody knows yet."""

    kind: Kind
    about: About = About.NOTHING
    text: str
    country: str
    language: str
    received_on: date
    came_by: CameBy
    email: str = ""
    postal_address: str = ""
    representative: str = ""
    is_mandate_seen: bool = False
    known_as: str = ""
    how: str = ""


@action
def write_down(*, user_id: UUID, written: Written, case_id: UUID | None = None, now: datetime) -> OpenedCase:
    """Take the request in; its clock began on the day on which it reached us. ``case_id``, a UUIDv7, is the key
    that the form carries, so that a button pressed twice takes in one. Raises ReceivedDay, PostalAddress,
    what ``open_case`` and ``identify_case`` raise, and NotAllowed; then nothing is stored."""
    require(find_member_by_id(user_id), Capability.HANDLE_CASES)
    if written.country not in known_countries():
        raise BadInput(field="country", problem=gettext("choose a country of the list"))
    check_received(written.received_on, written.country, now)
    postal_address = written.postal_address.strip()
    if not (written.email.strip() or postal_address) or len(postal_address) > POSTAL_CHARACTERS_MAX:
        raise PostalAddress(field="email", maximum=POSTAL_CHARACTERS_MAX)
    if case_id is not None:
        lock_key(case_id)
    opened = open_case(
        case_id=case_id,
        kind=written.kind,
        about=written.about,
        country=written.country,
        language=written.language,
        door=Door.STAFF,
        text=written.text,
        contact=written.email,
        representative=written.representative,
        received_on=written.received_on,
        now=now,
    )
    if opened.is_resent:
        return opened
    if not written.email.strip():
        # Without a hash it is no e-mail address, and no mail goes there.
        Case.objects.filter(id=opened.case_id).update(sealed_contact=seal_contact(opened.case_id, postal_address))
    text = _say_how(written)
    record_event(case_id=opened.case_id, kind=EventKind.NOTE, now=now, by_user_id=user_id, text=text)
    if written.known_as.strip():
        identify_case(
            case_id=opened.case_id, user_id=user_id, typed=written.known_as, how=written.how,
            is_mandate_seen=written.is_mandate_seen, now=now,
        )  # fmt: skip
    return opened


def check_received(received_on: date, country: str, now: datetime) -> None:
    """Raises ReceivedDay for a day on which nothing can have come in."""
    if not is_received_day(received_on, clock.local_day(now, market_facts(country).time_zone)):
        raise ReceivedDay(field="received_on")


def _say_how(written: Written) -> str:
    """The first note, in the language of whoever types."""
    lines = [
        {
            CameBy.LETTER: gettext("It came by letter."),
            CameBy.CALL: gettext("It came by telephone."),
            CameBy.COUNTER: gettext("Somebody came in person."),
            CameBy.OTHER: gettext("It reached us informally, which counts as well."),
        }[written.came_by]
    ]
    if written.representative.strip():
        seen, unseen = gettext("The mandate was seen."), gettext("The mandate has not been seen yet.")
        lines.append(seen if written.is_mandate_seen else unseen)
    if written.email.strip() and written.postal_address.strip():
        lines += [gettext("Their postal address:"), written.postal_address.strip()]
    return "\n".join(lines)


@action
def confirm_by_letter(*, case_id: UUID, user_id: UUID, now: datetime) -> None:
    """What was to be told has gone by letter: the receipt of a request, what the person was told since, or what a
    mail did not bring. A question that stops the clock stops it now. Raises NotAllowed, NotFound."""
    row = _lock(case_id, user_id)
    with translation.override(row.language):
        text = gettext("We wrote to you by letter.")
    if row.letter_waits_since is None and is_said(case_id, EventKind.MESSAGE_TO_PERSON, text, now):
        return
    if row.state == State.OPEN:
        begin_posted_pause(row, now)
    Case.objects.filter(id=case_id).update(acknowledged_at=_acknowledged(row, now), letter_waits_since=None)
    record_event(
        case_id=case_id, kind=EventKind.MESSAGE_TO_PERSON, now=now, by_user_id=user_id, text=text, is_shown=True
    )


@action
def change_address(*, case_id: UUID, user_id: UUID, email: str, text: str, now: datetime) -> None:
    """A mail did not arrive: from now on we write to ``email``, beginning with ``text``, which is what the person
    missed. Raises EmailNotValid, NotAllowed, NotFound."""
    row = _lock(case_id, user_id)
    address = normalize_email(email)
    sealed, marked = seal_contact(case_id, address), contact_hash(address)
    Case.objects.filter(id=case_id).update(
        sealed_contact=sealed,
        contact_hash=marked,
        acknowledged_at=_acknowledged(row, now),
        letter_waits_since=None,
    )
    row.sealed_contact, row.contact_hash = sealed, marked
    template = "case_progress" if row.state == State.OPEN else "case_answered"
    tell_person(row, EventKind.MESSAGE_TO_PERSON, template, text, user_id, now)


def _acknowledged(row: Case, now: datetime) -> datetime:
    """When the receipt went, as it goes with what is sent now where it had not, or did not arrive."""
    is_missed = any(event.kind in OPENS for event in list_missed(row.id))
    return now if row.acknowledged_at is None or is_missed else row.acknowledged_at


def write_letter(case: CaseView) -> str:
    """What goes by letter, in the person's language: the answer, and before there is one what they were told and
    was not posted yet. The receipt, too, until it went, or where nothing else waits."""
    if case.answer:
        return case.answer
    missed = list_missed(case.line.id)
    told = write_told(case, [event for event in missed if event.kind in TOLD] or list_to_post(case))
    has_receipt = case.acknowledged_at is None or any(event.kind in OPENS for event in missed)
    if has_receipt or not told:
        return "\n\n".join(each for each in (_write_receipt(case), told) if each)
    with translation.override(case.line.language):
        heading = gettext("About %(case_reference)s") % {"case_reference": case.line.reference}
    return f"{heading}\n\n{told}"


def _write_receipt(case: CaseView) -> str:
    line, facts = case.line, market_facts(case.line.country)
    with translation.override(line.language):
        received = gettext("We received your request.")
        if line.door is Door.LATE_PAYMENT:
            received = gettext("A payment of ours to you is late, and we opened a complaint for you.")
        elif line.kind is Kind.COMPLAINT:
            received = gettext("We received your complaint.")
        paragraphs = [
            received + " " + gettext("Its reference is %(case_reference)s.") % {"case_reference": line.reference},
            gettext("You get our answer by %(legal_due_on)s.") % {"legal_due_on": write_day(line.legal_due_on)},
            gettext("It costs you nothing: no fee, and no reward that you earned."),
            gettext("You can also complain directly to %(authority)s. You do not have to ask us first.")
            % {"authority": facts.authority.short_name}
            + "\n" + facts.authority.complaint_url,
        ]  # fmt: skip
    return "\n\n".join(paragraphs)


def _lock(case_id: UUID, user_id: UUID) -> Case:
    """The case, open or closed, locked for a member who may handle it."""
    require(find_member_by_id(user_id), Capability.HANDLE_CASES)
    return lock_case(case_id)
