"""What the ledger refuses."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from onloan.errors import OnloanError


class TransferConflict(OnloanError):
    """The same idempotency key with other content: one of the two callers is wrong."""

    code = "E-TRANSFER-CONFLICT"
    status = 409
    sentence = gettext_lazy(
        "This was already booked with another amount or for something else. Check what was booked before you "
        "try again."
    )


class ClawbackRefused(OnloanError):
    """Somebody tried to take back what was earned (rule LR-033)."""

    code = "E-CLAWBACK"
    status = 409
    sentence = gettext_lazy("This reward is earned. It can only be paid; nothing takes it back.")


class RewardNotReady(OnloanError):
    """A reward is not in the state that this step needs."""

    code = "E-REWARD-STATE"
    status = 409
    sentence = gettext_lazy("This reward is {state}, so this step is not possible now.")


class WrongCurrency(OnloanError):
    """A pool is kept in the one currency of its market."""

    code = "E-CURRENCY"
    status = 422
    sentence = gettext_lazy("This market keeps its money in {currency}. Give the amount in {currency}.")


class PoolNotPledged(OnloanError):
    """The money of a market comes from finance: publishing alone sets nothing aside."""

    code = "E-POOL-PLEDGE"
    status = 409
    sentence = gettext_lazy(
        "Finance has not set the money of this file aside. Ask a member of finance to do it, and publish then."
    )


class PoolEnded(OnloanError):
    """Nobody joins any more, and what was promised is reserved: more money would only lie there."""

    code = "E-POOL-ENDED"
    status = 409
    sentence = gettext_lazy("This market is {state} for good. What is owed there is set aside already.")


class CorrectionNotInOffer(OnloanError):
    """A correction gives what the version that the person joined gives, as often as that does."""

    code = "E-CORRECTION-RULE"
    status = 422
    sentence = gettext_lazy(
        "The version that this person joined does not give this reward, or gave it as often as it does. Choose "
        "one that is still open."
    )


class CorrectionKnown(OnloanError):
    """The books have it, or somebody proposed it."""

    code = "E-CORRECTION-KNOWN"
    status = 409
    sentence = gettext_lazy(
        "This reward is in the books or proposed already. Look at what the person has before you propose another."
    )


class CorrectionFriendNeeded(OnloanError):
    """A reward for a friend is booked under that friend, so that it is not given twice."""

    code = "E-CORRECTION-FRIEND"
    status = 422
    sentence = gettext_lazy(
        "Say whose sign-up is missing: choose one of the people that this person brought, or “somebody who is not "
        "in the list”."
    )


class CorrectionReasonNeeded(OnloanError):
    code = "E-CORRECTION-REASON"
    status = 422
    sentence = gettext_lazy(
        "Write what is wrong in the books and how you know, in {minimum} to {maximum} characters."
    )


class CorrectionNeedsAnother(OnloanError):
    """Four eyes, as with every step that pays money."""

    code = "E-CORRECTION-SAME-PERSON"
    status = 403
    sentence = gettext_lazy("You proposed this correction, so someone else approves it.")


class CorrectionDecided(OnloanError):
    code = "E-CORRECTION-STATE"
    status = 409
    sentence = gettext_lazy("This correction was decided already. Propose a new one if it is still missing.")


class CorrectionPoolEmpty(OnloanError):
    """What a person did not reserve comes from what is free, and from nobody else's reservation."""

    code = "E-CORRECTION-POOL"
    status = 409
    sentence = gettext_lazy(
        "Not enough is free in the pool of this market for this correction. Set more aside, then approve it again."
    )
