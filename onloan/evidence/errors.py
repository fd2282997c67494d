"""What goes wrong with the evidence log."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from onloan.errors import OnloanError


class PersonalDataInLog(OnloanError):
    """An entry that is outside the closed vocabulary and so could name somebody (rule LR-093)."""

    code = "E-LOG-PD"
    status = 422
    sentence = gettext_lazy(
        "This cannot be written in the record, because it could name somebody: {problem}. "
        "Use only the words of the offer and the fields listed in docs/evidence.md."
    )


class NoSuchEntry(OnloanError):
    """A number past the end of the log."""

    code = "E-LOG-ENTRY"
    status = 404
    sentence = gettext_lazy("The record has no entry with this number. It has {size} entries, counted from 0.")
