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
