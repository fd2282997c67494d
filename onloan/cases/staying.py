"""What stays once somebody is erased, because of what, and until when: for the answer, and for the mails about it.

Derived from the plan, and afterwards from what the erasure noted; nobody types it, so that it is never left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext

from onloan import clock
from onloan.cases.answers import write_day
from onloan.cases.erasure_queries import plan_erasure
from onloan.cases.models import Case, Erasure
from onloan.cases.rules import ErasureCause
from onloan.markets.naming import name_accounts_law
from onloan.markets.rules import market_facts
from onloan.offers.retention import claims_until
from onloan.people.queries import is_alive


@dataclass(frozen=True, slots=True, kw_only=True)
class Stays:
    """``accounts_until``: what was paid, as the law on accounts asks, by its name in ``accounts_law``; None where
    nothing was. ``answers_until``: yes and no, without a name, for claims. ``is_erased``: it is so, and not only
    planned. What they asked stays for three years after the answer."""

    accounts_law: str
    accounts_until: date | None
    answers_until: date
    is_erased: bool


def find_stays(case_id: UUID, *, language: str, now: datetime) -> Stays | None:
    """What stays of whoever this request is about; None while nobody knows who that is. ``language`` is that of
    the law's name."""
    case = Case.objects.filter(id=case_id).first()
    if case is None:
        return None
    about = Q(case_id=case_id)
    if case.participant_id is not None:
        about |= Q(participant_id=case.participant_id)
    row = Erasure.objects.filter(about).order_by("begun_at").last()
    if row is not None and row.erased_at is not None:
        accounts_until = row.accounts_until
    elif case.participant_id is not None and is_alive(case.participant_id):
        accounts_until = plan_erasure(case.participant_id, now=now).accounts_until
    else:
        return None
    zone = market_facts(case.country).time_zone
    return Stays(
        accounts_law=name_accounts_law(case.country, language),
        accounts_until=accounts_until,
        answers_until=claims_until(case.country, clock.local_day(_permissions_ended(row) or now, zone)),
        is_erased=row is not None and row.erased_at is not None,
    )


def _permissions_ended(row: Erasure | None) -> datetime | None:
    """From then on a claim can be brought: when it was asked, or else when it was done."""
    if row is None:
        return None
    return row.begun_at if row.cause == ErasureCause.ASKED else row.erased_at


def write_stays(stays: Stays, language: str) -> str:
    """As the answer says it, a line each."""
    with translation.override(language):
        lines = [
            gettext(
                "Your answers, yes and no, without your name: until %(day)s, because a claim can be brought for "
                "so long."
            )
            % {"day": write_day(stays.answers_until)},
            gettext(
                "This request and our answer, apart from everything else: for three years after our answer, so "
                "that you can come back to it."
            ),
            gettext("Amounts, days and counts without anybody's name, so that the books are right."),
        ]
        if stays.accounts_until is not None:
            paid = gettext(
                "What was paid to you: amount, day and, in an archive that only an audit opens, the name and the "
                "last four characters of the account. Until %(day)s, as the law on accounts asks (%(law)s)."
            )
            lines.insert(0, paid % {"day": write_day(stays.accounts_until), "law": stays.accounts_law})
        return "\n- ".join([gettext("What stays:"), *lines])


def tell_stays(stays: Stays) -> dict[str, str]:
    """The same for a mail, which writes the days itself."""
    told = {"answers_until_on": stays.answers_until.isoformat()}
    if stays.accounts_until is not None:
        told |= {"accounts_until_on": stays.accounts_until.isoformat(), "law": stays.accounts_law}
    return told
