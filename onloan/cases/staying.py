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
from onloan.cases.erasure_queries import plan_erasure, years_after
from onloan.cases.models import Case, Erasure
from onloan.markets.naming import name_accounts_law
from onloan.markets.rules import market_facts
from onloan.offers.retention import CASE_YEARS, claims_until
from onloan.people.queries import is_alive


@dataclass(frozen=True, slots=True, kw_only=True)
class Stays:
    """``accounts_until``: what was paid, as the law on accounts asks, by its name in ``accounts_law``; None where
    nothing was. ``answers_until``: yes and no, without a name, for claims. ``request_until``: what they asked and
    the answer, reckoned from ``today`` while it is open. ``is_erased``: it is so, and not only planned."""

    accounts_law: str
    accounts_until: date | None
    answers_until: date
    request_until: date
    is_erased: bool


def find_stays(case_id: UUID, *, language: str, now: datetime) -> Stays | None:
    """What stays of whoever this request is about; None while nobody knows who that is. ``language`` is that of
    the law's name."""
    case = Case.objects.filter(id=case_id).first()
    if case is None:
        return None
    zone = market_facts(case.country).time_zone
    said = clock.local_day(case.closed_at or now, zone)
    law, request_until = name_accounts_law(case.country, language), years_after(said, CASE_YEARS)
    about = (
        Q(case_id=case_id) | Q(participant_id=case.participant_id) if case.participant_id else Q(case_id=case_id)
    )
    row = Erasure.objects.filter(about, erased_at__isnull=False).order_by("erased_at").last()
    if row is not None and row.erased_at is not None:
        return Stays(
            accounts_law=law,
            accounts_until=row.accounts_until,
            answers_until=claims_until(case.country, clock.local_day(row.erased_at, zone)),
            request_until=request_until,
            is_erased=True,
        )
    if case.participant_id is None or not is_alive(case.participant_id):
        return None
    plan = plan_erasure(case.participant_id, now=now)
    return Stays(
        accounts_law=law,
        accounts_until=plan.accounts_until,
        answers_until=plan.answers_until,
        request_until=request_until,
        is_erased=False,
    )


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
                "This request and our answer, apart from everything else: until %(day)s, so that you can come "
                "back to it."
            )
            % {"day": write_day(stays.request_until)},
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
