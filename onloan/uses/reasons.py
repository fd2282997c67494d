"""Each reason in a sentence, for whoever asked the gate."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from onloan.uses.rules import Reason

SENTENCES = {
    Reason.LOG_DOWN: gettext_lazy(
        "This could not be recorded just now, so it may not be shown. Please try again in a minute."
    ),
    Reason.FLAG_ERASED: gettext_lazy("This person's data was erased."),
    Reason.FLAG_RESTRICTED: gettext_lazy("This person asked that their data is kept but not used."),
    Reason.FLAG_OBJECTED: gettext_lazy("This person objected to the use of their data."),
    Reason.MARKET: gettext_lazy("The campaign does not run in this country now, so nothing is shown."),
    Reason.NO_CONSENT: gettext_lazy("This person has not allowed this."),
    Reason.PURPOSE: gettext_lazy("Nothing that this person was asked is for this purpose."),
    Reason.ITEM: gettext_lazy("This person has not allowed all of these items together for this purpose."),
    Reason.CHANNEL: gettext_lazy("What this person was asked does not name this place."),
    Reason.TERRITORY: gettext_lazy("What this person was asked does not name this country."),
    Reason.RECIPIENT: gettext_lazy("What this person was asked does not name this recipient."),
    Reason.WITHDRAWN: gettext_lazy("This person allowed this and has taken it back."),
    Reason.EXPIRED: gettext_lazy("This person had allowed this until a day that has passed."),
    Reason.NO_RECEIPT: gettext_lazy("There is no receipt for this permission, so it does not count."),
    Reason.CONTEXT: gettext_lazy("This may not be shown beside such a subject or statement."),
    Reason.NO_CONTRACT: gettext_lazy("The offer names no contract with this recipient, so it receives nothing."),
    Reason.TRANSFER: gettext_lazy("Nothing that the offer names protects this data in the recipient's country."),
    Reason.PAYEE: gettext_lazy("Account and account holder are used to pay this person, and for nothing else."),
}


def write_sentence(reason: Reason) -> str:
    """The sentence in the reader's language."""
    return str(SENTENCES[reason])
