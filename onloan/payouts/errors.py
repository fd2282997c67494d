"""What payouts refuse."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from onloan.errors import OnloanError


class NothingToPay(OnloanError):
    code = "E-PAYOUT-EMPTY"
    status = 409
    sentence = gettext_lazy("Nothing is owed in {country} that is not in a batch already.")


class SamePerson(OnloanError):
    """Two people pay, or nobody does."""

    code = "E-PAYOUT-SAME-PERSON"
    status = 403
    sentence = gettext_lazy("You prepared this batch, so someone else has to approve it.")


class BatchNotReady(OnloanError):
    code = "E-PAYOUT-STATE"
    status = 409
    sentence = gettext_lazy("This batch is {state}, so this step is not possible now.")


class FileChanged(OnloanError):
    """What would be approved is not what was prepared."""

    code = "E-PAYOUT-FILE"
    status = 409
    sentence = gettext_lazy(
        "The lines of this batch are not those it was prepared with. Refuse it and prepare a new one."
    )


class UnknownReference(OnloanError):
    code = "E-REWARD-REFERENCE"
    status = 404
    sentence = gettext_lazy(
        "No reward has this reference. Send the 28 characters, starting with R, that came with the reward."
    )
