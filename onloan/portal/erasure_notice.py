"""What somebody who asked to be erased reads on top of a page: when it is done, and how long it can be stopped."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext

from onloan.cases.erasure_queries import ErasureView
from onloan.cases.rules import ErasureCause, ErasureWay
from onloan.payouts.situation import PaymentSituation
from onloan.portal import words
from onloan.portal.campaign import Campaign


@dataclass(frozen=True, slots=True)
class ErasureNotice:
    """``needs_account``: it waits for the person to say where they are paid."""

    sentence: str
    needs_account: bool
    takes_slip: bool


def erasure_notice(
    begun: ErasureView | None, situation: PaymentSituation, campaign: Campaign
) -> ErasureNotice | None:
    """None where they did not ask for it."""
    if begun is None or begun.cause is not ErasureCause.ASKED:
        return None
    is_waiting = begun.progress.is_money_waiting
    is_past = begun.progress.erased_from <= campaign.now
    told = {"day": words.moment(begun.progress.erased_from, campaign.language, campaign.time_zone)}
    sentences = {
        (False, False): gettext(
            "You asked us to erase your data. We do it on %(day)s; until then you can stop it."
        ),
        (False, True): gettext(
            "You asked us to erase your data. We do it in the next minutes; until it is done you can stop it."
        ),
        (True, False): gettext(
            "You asked us to erase your data. First we pay what is yours, then we erase. That is not before "
            "%(day)s; until we do it you can stop it."
        ),
        (True, True): gettext(
            "You asked us to erase your data. First we pay what is yours, then we erase. Until we do it you can "
            "stop it."
        ),
    }
    return ErasureNotice(
        sentence=sentences[is_waiting, is_past] % told,
        needs_account=is_waiting and situation.needs_account,
        takes_slip=begun.way is ErasureWay.SLIP,
    )
