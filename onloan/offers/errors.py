"""What can be refused here, and the sentence for it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from onloan.errors import OnloanError

# mypy sees a lazy string where the base class says str; every page reads it as one.


class OfferRefused(OnloanError):
    """The file breaks a rule that nobody can sign off. ``report`` holds the findings."""

    code = "E-OFFER-REFUSED"
    status = 422
    sentence = gettext_lazy("This offer cannot be published. Mend what each rule says: {findings}")


class OfferUnreadable(OnloanError):
    code = "E-OFFER-UNREADABLE"
    status = 422
    sentence = gettext_lazy("This file is not an offer that can be read: {findings}")


class FourEyes(OnloanError):
    """LR-020: the author and a different person of the legal or data-protection role."""

    code = "E-FOUR-EYES"
    status = 409
    sentence = gettext_lazy(
        "Two different people must approve the same file: its author, and someone whose role approves offers."
    )


class AlreadyApproved(OnloanError):
    code = "E-APPROVED-ALREADY"
    status = 409
    sentence = gettext_lazy("You have approved this file already.")


class HoldUnsigned(OnloanError):
    code = "E-HOLD-UNSIGNED"
    status = 409
    sentence = gettext_lazy("Someone whose role approves offers must first sign off, with a note: {codes}.")


class HoldUnknown(OnloanError):
    code = "E-HOLD-UNKNOWN"
    status = 422
    sentence = gettext_lazy("This file has no point {finding} that waits for a sign-off.")


class HoldSigned(OnloanError):
    code = "E-HOLD-SIGNED"
    status = 409
    sentence = gettext_lazy("The point {finding} was signed off already.")


class NoteNeeded(OnloanError):
    code = "E-NOTE"
    status = 422
    sentence = gettext_lazy("Say why in one sentence of {minimum} to {maximum} characters.")


class NoticeIncomplete(OnloanError):
    """LR-028: a field that GDPR art. 13 asks for is empty."""

    code = "E-NOTICE-INCOMPLETE"
    status = 422
    sentence = gettext_lazy("The privacy notice for {country} lacks: {missing}. Add them to the offer.")


class AlreadyPublished(OnloanError):
    code = "E-PUBLISHED-ALREADY"
    status = 409
    sentence = gettext_lazy("This file is published already, as version {number}.")


class MarketDropped(OnloanError):
    code = "E-MARKET-DROPPED"
    status = 409
    sentence = gettext_lazy(
        "{country} is {state}, and the new file leaves it out. Withdraw or close that market first."
    )


class DatesMoved(OnloanError):
    """LR-050: the dates of a market that has opened are kept."""

    code = "E-DATES-MOVED"
    status = 409
    sentence = gettext_lazy("The dates of {country}, {first} to {last}, were published and stay. Put them back.")


class CurrencyMoved(OnloanError):
    code = "E-CURRENCY-MOVED"
    status = 409
    sentence = gettext_lazy("The money of {country} is counted in {currency}. Put this currency back.")


class MarketTransition(OnloanError):
    code = "E-MARKET-TRANSITION"
    status = 409
    sentence = gettext_lazy(
        "A market that is {state} cannot become {wanted}. From here it can become: {possible}."
    )


class MarketTooEarly(OnloanError):
    code = "E-MARKET-TOO-EARLY"
    status = 409
    sentence = gettext_lazy("This market opens on {day}, as its offer says. It cannot open before.")


class MarketTooLate(OnloanError):
    code = "E-MARKET-TOO-LATE"
    status = 409
    sentence = gettext_lazy("This market's closing date was {day}. Publish a new campaign instead.")


class MarketOverdue(OnloanError):
    """Nobody new is promised money while others wait for theirs (design, promise 11)."""

    code = "E-OVERDUE"
    status = 409
    sentence = gettext_lazy(
        "Overdue payments in {country}: {late} of {owed}, more than {percent} in a hundred. Pay them before "
        "the market opens again. The page Money of the console names them, and so does `onloan payouts list`."
    )


class MarketClosesLater(OnloanError):
    """LR-050: nobody closes a market before the date that was promised; suspending is always possible."""

    code = "E-MARKET-CLOSES-LATER"
    status = 409
    sentence = gettext_lazy("This market closes on {day}, as it says in public. To stop it now, suspend it.")


class MarketLeftOut(OnloanError):
    code = "E-MARKET-LEFT-OUT"
    status = 409
    sentence = gettext_lazy("The latest version of this offer leaves {country} out. Publish one that names it.")


class ReasonNeeded(OnloanError):
    """The reason stands on public pages, so it is asked for and names nobody."""

    code = "E-REASON"
    status = 422
    sentence = gettext_lazy(
        "Say why in one public sentence of {minimum} to {maximum} characters, without addresses or numbers "
        "of anyone."
    )


class HonourMissing(OnloanError):
    """LR-055: withdrawing says how everything earned or under way is still paid."""

    code = "E-HONOUR"
    status = 422
    sentence = gettext_lazy(
        "Before withdrawing, say in {minimum} to {maximum} characters how all that was earned is still paid."
    )
