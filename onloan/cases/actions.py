"""Writes of requests and complaints. What a right stops, it stops in the transaction that records it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext

from onloan import clock, db, ids
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.cases.erasing import begin_erasure
from onloan.cases.errors import (
    CaseClosed,
    ContactNeeded,
    ObjectionStands,
    TextNeeded,
    TextNotValid,
    TooManyCases,
    WithdrawalStands,
)
from onloan.cases.locking import lock_case
from onloan.cases.merchants import sign_mail
from onloan.cases.models import Case, CaseEvent
from onloan.cases.objecting import object_to_use, settle_objection, suppress_contact
from onloan.cases.once import says_the_same
from onloan.cases.rates import CASES_PER_DAY_MAX, Admitted, admit_address, check_person
from onloan.cases.restricting import dispute_accuracy, end_dispute, restrict
from onloan.cases.rules import (
    ASKED_ONCE,
    TEXT_CHARACTERS_MAX,
    About,
    CaseDue,
    Door,
    ErasureWay,
    EventKind,
    Kind,
    Outcome,
    RestrictionCause,
    State,
    can_be_about,
    can_end_with,
    case_due,
    check_text,
    show_reference,
)
from onloan.cases.sealing import contact_hash, seal_contact, seal_representative, seal_text
from onloan.cases.timeline import event_statement, record_event
from onloan.consents.actions import withdraw_all
from onloan.consents.rules import Door as ConsentDoor
from onloan.db import Statement, action
from onloan.errors import BadInput, NotFound
from onloan.evidence.actions import append_entry
from onloan.evidence.statements import entry_statements
from onloan.markets.calendar import public_holidays
from onloan.markets.rules import known_countries, market_facts
from onloan.outbox.queries import has_endpoint
from onloan.outbox.rules import WebhookEvent
from onloan.outbox.statements import mail_statement, webhook_statement
from onloan.people.actions import normalize_email
from onloan.people.codes import NewCode, find_sent, new_code
from onloan.people.queries import is_alive
from onloan.people.statements import lock_participant
from onloan.together import as_one

REFERENCE_CHARACTERS = 7
REPRESENTATIVE_CHARACTERS_MAX = 200

_CONSENT_DOORS = {
    Door.MY_PAGE: ConsentDoor.MY_PAGE,
    Door.STAFF: ConsentDoor.STAFF,
    Door.API: ConsentDoor.STAFF,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedCase:
    """What the person is told at once: the reference, and the last day on which the answer comes.

    ``is_repeated``: they had asked the same already, and it is this case; nobody says so of an address that is not
    confirmed. ``code_id``: the one-time code in the mail that acknowledges it. ``is_resent``: this very form came
    before, and all was done then.
    """

    case_id: UUID
    reference: str
    due_on: date
    legal_due_on: date
    is_repeated: bool = False
    code_id: UUID | None = None
    is_resent: bool = False


@action
def open_case(
    *,
    kind: Kind,
    country: str,
    language: str,
    door: Door,
    text: str,
    now: datetime,
    case_id: UUID | None = None,
    about: About = About.NOTHING,
    contact: str | None = None,
    participant_id: UUID | None = None,
    representative: str = "",
    received_on: date | None = None,
    wants_code: bool = False,
    way: ErasureWay | None = None,
) -> OpenedCase:
    """Take in a request or a complaint, start its clock, and acknowledge it by mail.

    With a ``participant_id`` the person is identified, and a withdrawal, a restriction or an objection acts on
    the gate at this commit. Without one the answer goes to ``contact``, and nothing here tells whether that
    address is known. Whoever asks again for a right that is still to be answered is told of the first request,
    whose clock stays. ``about`` says what exactly an objection or a correction is about. The clock begins today,
    or on ``received_on`` for a letter or a call. With ``wants_code`` the mail to ``contact`` carries a one-time
    code, as long as one may be sent. Past the bound of an address no mail goes, and what was asked alike today is
    asked again. ``case_id``, a UUIDv7, is the key that the form carries (``once``). ``way``: what whoever asks for
    erasure chooses for their money. No reward and no payment is touched. Raises TextNeeded, TextNotValid,
    ContactNeeded, EmailNotValid, BadInput, TooManyCases, NotFound, ErasureDone, each before anything is stored.
    """
    assert participant_id is None or door is not Door.PUBLIC_PAGE, "the public page identifies nobody"
    written, representative = check_written(kind, text, field="text"), representative.strip()
    if len(representative) > REPRESENTATIVE_CHARACTERS_MAX:
        raise TextNotValid(field="representative", maximum=REPRESENTATIVE_CHARACTERS_MAX)
    email = normalize_email(contact) if contact and contact.strip() else None
    if participant_id is None and email is None and door is not Door.STAFF:
        raise ContactNeeded(field="contact")
    _check_choices(kind, about, country, language)
    admitted = None
    if participant_id is not None:
        lock_participant(participant_id)
        if not is_alive(participant_id):
            # Their page was still open when the erasure was done: nothing may name that number again.
            raise NotFound
    elif door is not Door.STAFF:
        assert email is not None, "without a person there is an address"
        admitted = admit_address(email, kind, door, case_id=case_id, wants_code=wants_code, now=now)
    if case_id is not None and (admitted is None or admitted.is_there):
        present = Case.objects.filter(id=case_id).first()
        if present is not None and says_the_same(
            present, kind=kind, about=about, text=written, email=email, participant_id=participant_id
        ):
            return _show_sent(present, admitted)
        case_id = case_id if present is None else None
    if participant_id is not None:
        first = find_first(kind, participant_id, about)
        if first is not None and (received_on is None or received_on >= first_day(first)):
            return _repeat(first, door, written, email, way, now)
        if door is not Door.STAFF and kind not in ASKED_ONCE:
            check_person(kind, participant_id, now)
    elif admitted is not None and admitted.is_full:
        first = _find_alike(kind, about, country, email, representative, now)
        if first is not None:
            return _ask_again(first, "\n\n".join(filter(None, (representative, written))), now)
    return _store(
        case_id=case_id or ids.new_id(), kind=kind, about=about, country=country, language=language, door=door,
        written=written, email=email, participant_id=participant_id,
        representative=representative, received_on=received_on, admitted=admitted, way=way, now=now,
    )  # fmt: skip


def _check_choices(kind: Kind, about: About, country: str, language: str) -> None:
    if country not in known_countries():
        raise BadInput(field="country", problem=gettext("choose a country of the list"))
    if not can_be_about(kind, about):
        raise BadInput(field="about", problem=gettext("choose what it is about"))
    if language not in dict(settings.LANGUAGES):
        raise BadInput(field="language", problem=gettext("choose a language of the list"))


def _show_sent(case: Case, admitted: Admitted | None) -> OpenedCase:
    """What was said when the same form came first."""
    code_id = None if admitted is None else find_sent(admitted.address_hash, "request", case.received_at)
    return OpenedCase(
        case_id=case.id, reference=show_reference(case.reference), due_on=case.due_on,
        legal_due_on=case.legal_due_on, code_id=code_id, is_resent=True,
    )  # fmt: skip


def _store(
    *,
    case_id: UUID,
    kind: Kind,
    about: About,
    country: str,
    language: str,
    door: Door,
    written: str,
    email: str | None,
    participant_id: UUID | None,
    representative: str,
    received_on: date | None,
    admitted: Admitted | None,
    way: ErasureWay | None,
    now: datetime,
) -> OpenedCase:
    received = received_on or clock.local_day(now, market_facts(country).time_zone)
    due = case_due(kind, received, country, public_holidays(country, received))
    reference = ids.new_code(REFERENCE_CHARACTERS)
    is_told = participant_id is not None or email is not None
    # What is left out is null while the case is open.
    row = db.insert(
        Case,
        id=case_id,
        participant_id=participant_id,
        kind=kind.value,
        about=about.value,
        country=country,
        language=language,
        state=State.OPEN.value,
        door=door.value,
        reference=reference,
        contact_hash=contact_hash(email) if email is not None else None,
        sealed_contact=seal_contact(case_id, email) if email is not None else None,
        sealed_text=seal_text(case_id, written) if written else None,
        sealed_representative=seal_representative(case_id, representative) if representative else None,
        received_at=now,
        received_on=received,
        acknowledged_at=now if is_told else None,
        due_on=due.internal,
        legal_due_on=due.legal,
        clock_from=received_on,
    )
    made = _new_code(admitted, now)
    is_mailed = admitted is None or admitted.may_mail
    mailed = (case_id, kind, about, country, language, reference, due, email, participant_id, made)
    event = WebhookEvent.CASE_OPENED
    is_awaited = admitted.is_awaited if admitted is not None else has_endpoint(event)
    due_on = {"due_on": due.legal.isoformat(), **({"about": about.value} if about else {})}
    fields = {"case": kind.value, "market": country}
    db.execute(as_one([
        row,
        *entry_statements(kind="case_opened", fields=fields, participant_id=participant_id, occurred_at=now),
        event_statement(case_id, participant_id, EventKind.RECEIVED, now, is_shown=True),
        *([made.statement] if made is not None else []),
        *(_mails(*mailed) if is_mailed else []),
        *([told_statement(event, case_id, kind, country, due_on)] if is_awaited else []),
    ]))  # fmt: skip
    if participant_id is not None:
        act_at_once(kind, about, participant_id, case_id, door, now, way)
    elif door in {Door.STAFF, Door.API} and email is not None and not representative:
        suppress_contact(kind=kind, about=about, email=email, now=now)
    return OpenedCase(
        case_id=case_id, reference=show_reference(reference), due_on=due.internal, legal_due_on=due.legal,
        code_id=made.id if made is not None else None,
    )  # fmt: skip


def _new_code(admitted: Admitted | None, now: datetime) -> NewCode | None:
    if admitted is None or not admitted.may_send_code:
        return None
    return new_code(email_hash=admitted.address_hash, purpose="request", is_long=admitted.is_code_long, now=now)


def find_first(kind: Kind, participant_id: UUID, about: About) -> Case | None:
    """The open case in which this person asked the same already."""
    if kind not in ASKED_ONCE:
        return None
    same = Case.objects.filter(participant_id=participant_id, kind=kind, about=about, state=State.OPEN)
    return same.order_by("received_at").first()


def first_day(case: Case) -> date:
    """From which day the law counts."""
    begun: date | None = case.clock_from
    return begun or clock.local_day(case.received_at, market_facts(case.country).time_zone)


def _repeat(
    first: Case, door: Door, written: str, email: str | None, way: ErasureWay | None, now: datetime
) -> OpenedCase:
    """The same right again: what was written joins the first case, and what acts at once acts again.

    Beyond the bound on mails nothing is written and the answer is the same, unless words would be lost. Raises
    TooManyCases.
    """
    kind, participant_id = Kind(first.kind), first.participant_id
    assert participant_id is not None, "only a person who is known asks again"
    said_today = CaseEvent.objects.filter(
        case_id=first.id, kind=EventKind.LINKED_DUPLICATE, at__gt=now - timedelta(days=1)
    )
    if said_today.count() < CASES_PER_DAY_MAX:
        record_event(
            case_id=first.id, kind=EventKind.LINKED_DUPLICATE, now=now, text=written or None, is_shown=True
        )
        due = CaseDue(first.due_on, first.legal_due_on)
        about, language = About(first.about), first.language
        db.execute(
            _mails(first.id, kind, about, first.country, language, first.reference, due, email, participant_id)
        )
    elif written:
        raise TooManyCases
    act_at_once(kind, About(first.about), participant_id, first.id, door, now, way)
    return OpenedCase(
        case_id=first.id,
        reference=show_reference(first.reference),
        due_on=first.due_on,
        legal_due_on=first.legal_due_on,
        is_repeated=True,
    )


def _find_alike(
    kind: Kind, about: About, country: str, email: str | None, representative: str, now: datetime
) -> Case | None:
    """The latest open case of today in which somebody asked the same from this address, and did not confirm it."""
    assert email is not None, "only an address is admitted"
    confirmed = CaseEvent.objects.filter(case_id=OuterRef("id"), kind=EventKind.ADDRESS_CONFIRMED)
    alike = Case.objects.filter(
        ~Exists(confirmed),
        contact_hash=contact_hash(email), kind=kind, about=about, country=country, state=State.OPEN,
        participant_id=None, sealed_representative__isnull=not representative,
        received_at__gt=now - timedelta(days=1),
    )  # fmt: skip
    return alike.order_by("-received_at", "-id").first()


def _ask_again(first: Case, written: str, now: datetime) -> OpenedCase:
    """Once more from an address that nobody confirmed: kept with the case, and answered as if it were the first
    time, without a mail. Raises TooManyCases where words would be lost."""
    said = CaseEvent.objects.filter(
        case_id=first.id, kind=EventKind.LINKED_DUPLICATE, at__gt=now - timedelta(days=1)
    )
    if said.count() < CASES_PER_DAY_MAX:
        record_event(
            case_id=first.id, kind=EventKind.LINKED_DUPLICATE, now=now, text=written or None, is_shown=True
        )
    elif written:
        raise TooManyCases
    return OpenedCase(
        case_id=first.id, reference=show_reference(first.reference), due_on=first.due_on,
        legal_due_on=first.legal_due_on,
    )  # fmt: skip


def check_written(kind: Kind, text: str, *, field: str) -> str:
    """What somebody wrote in ``field``, as it is kept. Raises TextNeeded, TextNotValid."""
    try:
        return check_text(kind, text)
    except ValueError as error:
        if str(error) == "missing":
            raise TextNeeded(field=field) from None
        raise TextNotValid(field=field, maximum=TEXT_CHARACTERS_MAX) from None


def act_at_once(
    kind: Kind,
    about: About,
    participant_id: UUID,
    case_id: UUID,
    door: Door,
    now: datetime,
    way: ErasureWay | None = None,
) -> None:
    """What needs nobody's decision: the gate denies from this commit on (GDPR art. 7(3), 18, 21)."""
    if kind is Kind.WITHDRAWAL:
        withdraw_all(participant_id=participant_id, now=now, door=_CONSENT_DOORS[door])
    elif kind is Kind.RESTRICTION:
        restrict(participant_id=participant_id, cause=RestrictionCause.ASKED, case_id=case_id, now=now)
    elif kind is Kind.OBJECTION:
        object_to_use(participant_id=participant_id, about=about, case_id=case_id, now=now)
    elif kind is Kind.RECTIFICATION:
        dispute_accuracy(participant_id=participant_id, about=about, case_id=case_id, now=now)
    elif kind is Kind.ERASURE and door is not Door.STAFF:
        # What came by letter is begun by a member of the team, who has seen what goes and what stays.
        begin_erasure(participant_id=participant_id, case_id=case_id, way=way, now=now)


def _mails(
    case_id: UUID,
    kind: Kind,
    about: About,
    country: str,
    language: str,
    reference: str,
    due: CaseDue,
    email: str | None,
    participant_id: UUID | None,
    made: NewCode | None = None,
) -> list[Statement]:
    """The confirmation, to the address that was given, else to the one that the person joined with. To somebody
    who is known it says what was done at once."""
    if email is None and participant_id is None:
        return []
    authority = market_facts(country).authority
    mail = mail_statement(
        template="case_acknowledged",
        language=language,
        address=email,
        participant_id=participant_id if email is None else None,
        context={
            **sign_mail(participant_id),
            "request_kind": kind.value,
            "case_reference": show_reference(reference),
            "legal_due_on": due.legal.isoformat(),
            "authority": authority.short_name,
            "authority_url": authority.complaint_url,
            "country": country,
            **({"about": about.value} if about else {}),
            **({"is_done": "yes"} if participant_id is not None else {}),
            **({"case_id": str(case_id)} if email is None else {}),
            **({"expires_minutes": made.minutes} if made is not None else {}),
        },
        secrets={"code": made.shown} if made is not None else None,
    )
    return [mail]


def told_statement(
    event: WebhookEvent, case_id: UUID, kind: Kind, country: str, facts: Mapping[str, str]
) -> Statement:
    """That a case was opened or answered, without who asked it."""
    payload = {"case": str(case_id), "request": kind.value, "market": country, **facts}
    return webhook_statement(event=event, payload=payload, idempotency_ref=ids.new_id())


def check_end(kind: Kind, about: About, outcome: Outcome) -> None:
    """Whether a case may end so. Raises ObjectionStands, WithdrawalStands."""
    if not can_end_with(kind, about, outcome):
        raise WithdrawalStands(field="outcome") if kind is Kind.WITHDRAWAL else ObjectionStands(field="outcome")


@action
def close_case(*, case_id: UUID, user_id: UUID, outcome: Outcome, now: datetime) -> None:
    """Record that a case was answered, by whom, and how. Raises NotAllowed, NotFound, CaseClosed."""
    require(find_member_by_id(user_id), Capability.HANDLE_CASES)
    record_end(case_id=case_id, user_id=user_id, outcome=outcome, now=now)


@action
def record_end(*, case_id: UUID, user_id: UUID | None, outcome: Outcome, now: datetime) -> None:
    """Close the case; without a ``user_id`` whoever asked took it back. Raises NotFound, CaseClosed, and what
    ``check_end`` raises."""
    assert user_id is not None or outcome is Outcome.TAKEN_BACK, "only a member of the team answers"
    case = lock_case(case_id)
    kind, participant_id = Kind(case.kind), case.participant_id
    check_end(kind, About(case.about), outcome)
    closed = Case.objects.filter(id=case_id, state=State.OPEN).update(
        state=State.CLOSED, closed_at=now, closed_by_user_id=user_id, outcome=outcome
    )
    if not closed:
        raise CaseClosed
    end_dispute(case_id=case_id, now=now)
    settle_objection(case_id=case_id, outcome=outcome, user_id=user_id, now=now)
    append_entry(
        kind="case_closed",
        fields={"case": kind.value, "market": case.country, "reason": outcome.value},
        participant_id=participant_id,
        occurred_at=now,
        is_linked=is_alive(participant_id),
    )
    event = WebhookEvent.CASE_ANSWERED
    if has_endpoint(event):
        db.execute([told_statement(event, case_id, kind, case.country, {"outcome": outcome.value})])
