"""How long each class of record is kept, as the notice says it."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.utils.translation import gettext, ngettext

from onloan.markets.rules import MarketFacts, add_months

# How long a claim about a consent can be brought, so how long its receipt is needed as a proof. Where the
# period was not looked up, five years stand, and counsel confirms them before the market opens.
CLAIM_YEARS = {"FR": 5, "GB": 6, "DE": 3, "ES": 5, "IT": 10, "NL": 5}
CLAIM_YEARS_ELSEWHERE = 5
# Where the years of a claim begin with the end of the year (in Germany, BGB § 199).
CLAIMS_TO_YEAR_END = frozenset({"DE"})
# How long the voucher of a payment is kept where the country's law on accounts was not looked up: the longest
# period that was found anywhere, because what is deleted too early cannot be mended.
ACCOUNT_YEARS_ELSEWHERE = 10
CASE_YEARS = 3
EVIDENCE_YEARS = 10
PROFILE_MONTHS = 13
PROFILE_YEARS_MAX = 3
ACCOUNT_DAYS = 30
SIGNAL_MONTHS = 12
FRAUD_YEARS = 3
PROFILE_NOTICE_DAYS = 30
MAIL_SENT_DAYS = 30
MAIL_FAILED_DAYS = 90
CODE_HOURS = 25


def account_years(facts: MarketFacts) -> int:
    """For how many whole years after the one in which it was paid the voucher of a payment is kept (LR-066)."""
    return facts.payout_record_years or ACCOUNT_YEARS_ELSEWHERE


def claims_until(country: str, day: date) -> date:
    """The last day on which a claim can be brought about what ended on ``day``; days of that country."""
    last = add_months(day, 12 * CLAIM_YEARS.get(country, CLAIM_YEARS_ELSEWHERE))
    return date(last.year, 12, 31) if country in CLAIMS_TO_YEAR_END else last


def claims_since(country: str, today: date) -> date:
    """A claim can still be brought about what ended on this day or later, and about nothing that ended before."""
    first = add_months(today, -12 * CLAIM_YEARS.get(country, CLAIM_YEARS_ELSEWHERE))
    return date(first.year, 1, 1) if country in CLAIMS_TO_YEAR_END else first


def retention_lines(facts: MarketFacts) -> tuple[tuple[str, str], ...]:
    """What is kept, and until when, in the active language."""
    return (
        (gettext("A click on a link"), gettext("It is counted, and nothing about the person is kept.")),
        *_page_lines(),
        (gettext("Your answers, yes and no, and their receipts"), _answers(facts.country)),
        *_use_lines(),
        *_money_lines(facts),
        *_contact_lines(),
        (
            gettext("The record of what happened, which names nobody"),
            gettext("%(period)s.") % {"period": _years(EVIDENCE_YEARS)},
        ),
    )


def _page_lines() -> tuple[tuple[str, str], ...]:
    return (
        (
            gettext("Your e-mail, your name and your link"),
            gettext(
                "Until %(months)d months after this campaign and your last payment in it, and at most %(years)d "
                "years after you last did something here. We write to you %(days)d days before; if you do "
                "something here then, they stay as long again."
            )
            % {"months": PROFILE_MONTHS, "years": PROFILE_YEARS_MAX, "days": PROFILE_NOTICE_DAYS},
        ),
        (
            gettext("Your photo"),
            gettext(
                "Until you take it back or every permission for it has ended, and one day more in case you allow "
                "it again. It is gone from backups %(days)d days later."
            )
            % {"days": settings.BACKUP_DAYS},
        ),
        (
            gettext("What you changed, and who of the team looked at your file"),
            gettext("%(period)s, or until your page closes if that is sooner.") % {"period": _years(CASE_YEARS)},
        ),
    )


def _answers(country: str) -> str:
    if country in CLAIMS_TO_YEAR_END:
        sentence = gettext(
            "While a permission lasts, then %(period)s from the end of the year, because a claim can be brought "
            "for so long."
        )
    else:
        sentence = gettext(
            "While a permission lasts, then %(period)s, because a claim can be brought for so long."
        )
    return sentence % {"period": _years(CLAIM_YEARS.get(country, CLAIM_YEARS_ELSEWHERE))}


def _use_lines() -> tuple[tuple[str, str], ...]:
    return (
        (
            gettext("Each use of what is yours, and how often it was shown"),
            gettext("As long as your page. Once that is closed, what is left of it names nobody."),
        ),
        (
            gettext("What recipients were told, and the copies that were taken down"),
            gettext("%(period)s after it was done.") % {"period": _years(CASE_YEARS)},
        ),
    )


def _money_lines(facts: MarketFacts) -> tuple[tuple[str, str], ...]:
    return (
        (
            gettext("The name on your account and its number"),
            gettext(
                "%(days)d days after the last payment. What accounts need of it is kept longer, as the next line "
                "says. The payment file at the bank is not ours to erase."
            )
            % {"days": ACCOUNT_DAYS},
        ),
        (gettext("What you were paid"), _accounts(facts)),
        (
            gettext("Your rewards and vouchers, and each movement of your money"),
            gettext(
                "As long as the accounts, of which they are a part. Once your page is closed, no name leads to "
                "them."
            ),
        ),
        (
            gettext("What the checks against cheating noticed"),
            gettext("%(months)d months, or %(period)s where a person decided that it was fraud.")
            % {"months": SIGNAL_MONTHS, "period": _years(FRAUD_YEARS)},
        ),
    )


def _contact_lines() -> tuple[tuple[str, str], ...]:
    return (
        (
            gettext("Your requests and complaints"),
            gettext("%(period)s after we answered.") % {"period": _years(CASE_YEARS)},
        ),
        (
            gettext("The list of addresses that get no advertising"),
            gettext("%(period)s. A mark made from your address stands on it, and not the address.")
            % {"period": _years(CASE_YEARS)},
        ),
        (
            gettext("What you told us about the offer"),
            gettext("%(period)s. Nothing beside it says who wrote it.") % {"period": _years(CASE_YEARS)},
        ),
        (
            gettext("Mails to you"),
            gettext("%(sent)d days when they were sent, %(failed)d days when they could not be.")
            % {"sent": MAIL_SENT_DAYS, "failed": MAIL_FAILED_DAYS},
        ),
        (
            gettext("A code by mail, and the form that waits for it"),
            gettext("%(hours)d hours.") % {"hours": CODE_HOURS},
        ),
    )


def _accounts(facts: MarketFacts) -> str:
    """Two sentences: for how long, and what stands with the name."""
    if facts.payout_record_years is None:
        period = gettext(
            "%(period)s after the end of the year: the longest that laws on accounts ask for, as far as we know."
        )
    else:
        period = gettext("%(period)s after the end of the year, as the law on accounts asks.")
    archive = gettext(
        "For a bank transfer this includes your name and the end of your account number, in an archive that is "
        "opened only for an audit, for the tax authority or for a dispute, one payment at a time."
    )
    return f"{period % {'period': _years(account_years(facts))}} {archive}"


def _years(count: int) -> str:
    return ngettext("%(count)d year", "%(count)d years", count) % {"count": count}
