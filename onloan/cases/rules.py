"""What can be asked of the merchant, through which door, and until when it is answered. Pure."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from onloan.lines import check_plain
from onloan.markets.rules import complaint_due, rights_due

TEXT_CHARACTERS_MAX = 4_000
TAKEN_FOR_DAYS = 30
"""How long after the answer a copy can be taken with the number of the request."""
WAIT_ALARM_DAYS = (10, 30)
"""After how many days without an answer to a question the team is told, in every market."""


class Kind(StrEnum):
    """Each right of GDPR chapter III and art. 7(3), a complaint, and "I saw my photo here"."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    PORTABILITY = "portability"
    OBJECTION = "objection"
    WITHDRAWAL = "withdrawal"
    COMPLAINT = "complaint"
    SIGHTING = "sighting"


class Door(StrEnum):
    """Signed in or by a receipt's link, the page for everybody, a member of the team who wrote it down, one of the
    merchant's systems; or nobody's: it opened by itself because a payment is late."""

    MY_PAGE = "my_page"
    PUBLIC_PAGE = "public_page"
    STAFF = "staff"
    API = "api"
    LATE_PAYMENT = "late_payment"


class State(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class Outcome(StrEnum):
    DONE = "done"
    PARTLY_DONE = "partly_done"
    REFUSED = "refused"
    NOTHING_HELD = "nothing_held"
    TAKEN_BACK = "taken_back"


class EventKind(StrEnum):
    """What can happen to a case."""

    RECEIVED = "received"
    ADDRESS_CONFIRMED = "address_confirmed"
    IDENTITY_ASKED = "identity_asked"
    IDENTITY_GIVEN = "identity_given"
    CLARIFICATION_ASKED = "clarification_asked"
    CLARIFIED = "clarified"
    EXTENDED = "extended"
    NOTE = "note"
    MESSAGE_TO_PERSON = "message_to_person"
    MESSAGE_FROM_PERSON = "message_from_person"
    RECIPIENTS_TOLD = "recipients_told"
    PACK_STARTED = "pack_started"
    PACK_READY = "pack_ready"
    PACK_SENT = "pack_sent"
    PACK_MADE = "pack_made"
    ERASURE_PREVIEWED = "erasure_previewed"
    ERASURE_STARTED = "erasure_started"
    ERASED = "erased"
    RECTIFIED = "rectified"
    RESTRICTED = "restricted"
    RESTRICTION_LIFTED = "restriction_lifted"
    ANSWERED = "answered"
    ALARMED = "alarmed"
    LINKED_DUPLICATE = "linked_duplicate"
    IDENTIFIED = "identified"
    PACK_GAP = "pack_gap"
    LIFTING_TOLD = "lifting_told"
    SLIP_GIVEN = "slip_given"
    RECIPIENTS_ANSWERED = "recipients_answered"
    TRACES_GONE = "traces_gone"
    MAIL_FAILED = "mail_failed"
    ERASURE_STOPPED = "erasure_stopped"
    PAYMENT_LATE = "payment_late"
    PAYMENT_PAID = "payment_paid"
    PAYMENT_MOVED = "payment_moved"
    ANOTHER_CONFIRMED = "another_confirmed"


class Reach(StrEnum):
    """Where an answer finds whoever asked: tied to nobody, or a participant who comes back by their own page, by
    the number of the request from the address that it came from, or not at all: by letter."""

    NOBODY = "nobody"
    PAGE = "page"
    NUMBER = "number"
    LETTER = "letter"


class About(StrEnum):
    """What exactly an objection or a correction is about; empty for other requests, and where nobody said it."""

    NOTHING = ""
    MARKETING = "marketing"
    CHECKS = "checks"
    USERNAME = "username"
    PHOTO = "profile_photo"
    EMAIL = "email"
    MONEY = "money"
    OTHER = "other"


class LateEnd(StrEnum):
    """How a payment stopped being late: it was paid, its owner chose another way, or it has a new day (another
    account, or the bank sent it back)."""

    PAID = "paid"
    SLIP = "slip"
    VOUCHER = "voucher"
    MOVED = "moved"


class RestrictionCause(StrEnum):
    """Why something of a person is kept and not used (GDPR art. 18(1))."""

    ASKED = "asked"
    DISPUTED = "disputed"
    ERASURE = "erasure"


class ErasureCause(StrEnum):
    """Why a person is erased: they asked, their time was over, or a restored backup had brought them back."""

    ASKED = "asked"
    RETENTION = "retention"
    RESTORED = "restored"


class ErasureWay(StrEnum):
    """What becomes of money: everything is paid before, or whoever holds the slip gets it afterwards."""

    PAID_FIRST = "paid_first"
    SLIP = "slip"


NEEDS_TEXT = frozenset({Kind.RECTIFICATION, Kind.COMPLAINT})
"""Nobody has to say why they use a right; what is wrong with the data, or with us, only they can say."""

ASKED_ONCE = frozenset(Kind) - NEEDS_TEXT - {Kind.SIGHTING}
"""Asked again while it is open, it is the same request. Each complaint, error or sighting is another one."""


ABOUTS: Mapping[Kind, frozenset[About]] = {
    Kind.OBJECTION: frozenset({About.NOTHING, About.MARKETING, About.CHECKS}),
    Kind.RECTIFICATION: frozenset({
        About.NOTHING, About.USERNAME, About.PHOTO, About.EMAIL, About.MONEY, About.OTHER,
    }),
}  # fmt: skip
"""What a request of a kind can be about; every other kind is about nothing in particular."""

OBJECTS_TO_MARKETING = frozenset({About.NOTHING, About.MARKETING})
OBJECTS_TO_CHECKS = frozenset({About.NOTHING, About.CHECKS})
"""Whoever does not say to what they object, objects to both."""

DISPUTED_ITEMS: Mapping[About, str] = {About.USERNAME: "username", About.PHOTO: "profile_photo"}
"""The item that is not shown while somebody says that it is wrong (GDPR art. 18(1)(a)). Of what else can be wrong
nothing is shown to anybody."""


def can_be_about(kind: Kind, about: About) -> bool:
    return about in ABOUTS.get(kind, {About.NOTHING})


def can_end_with(kind: Kind, about: About, outcome: Outcome) -> bool:
    """An objection to advertising always holds: nothing is weighed against it (GDPR art. 21(3)). Neither is
    anything against a permission that is taken back (art. 7(3))."""
    if kind is Kind.WITHDRAWAL:
        return outcome not in {Outcome.REFUSED, Outcome.PARTLY_DONE}
    if kind is not Kind.OBJECTION or about not in OBJECTS_TO_MARKETING:
        return True
    return outcome is not Outcome.REFUSED and (outcome is not Outcome.PARTLY_DONE or about is About.NOTHING)


def ends_objection_to_checks(kind: Kind, about: About, outcome: Outcome) -> bool:
    """Whether this answer says that a program looks again, for reasons that weigh more (GDPR art. 21(1)). Of an
    objection to both that is the answer "in part"."""
    if kind is not Kind.OBJECTION:
        return False
    return (about, outcome) in {(About.CHECKS, Outcome.REFUSED), (About.NOTHING, Outcome.PARTLY_DONE)}


@dataclass(frozen=True, slots=True)
class CaseDue:
    """``internal`` is the day that staff see, never after ``legal``, the last day in law."""

    internal: date
    legal: date


OURS = (EventKind.MESSAGE_TO_PERSON, EventKind.IDENTITY_ASKED, EventKind.CLARIFICATION_ASKED, EventKind.EXTENDED)
"""What we write to the person before the answer."""
OPENS = frozenset({EventKind.RECEIVED, EventKind.PAYMENT_LATE})
"""With one of these a case begins, and its confirmation goes out."""


def case_due(kind: Kind, received: date, country: str, public_holidays: Container[date]) -> CaseDue:
    """The clock of a case. ``received`` is a day in the market's time zone (GDPR art. 12(3); DPA 2018 s. 164A)."""
    if kind in {Kind.COMPLAINT, Kind.SIGHTING}:
        last_day = complaint_due(received, country)
        return CaseDue(last_day, last_day)
    due = rights_due(received, country, public_holidays)
    return CaseDue(due.internal, due.legal)


def check_text(kind: Kind, text: str) -> str:
    """What the person wrote, as it is kept. Raises ValueError: ``too_long``, ``missing``, ``character``."""
    written = check_plain(text, TEXT_CHARACTERS_MAX)
    if not written and kind in NEEDS_TEXT:
        raise ValueError("missing")
    return written


def show_reference(reference: str) -> str:
    """A reference as people read it: ``4K7M-2Q9X``."""
    return f"{reference[:4]}-{reference[4:]}"
