"""What the sources of the pack are called, for the page in it and for mails about a part that is missing."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

TITLES: dict[str, Promise] = {
    "person": gettext_lazy("Who you are here"),
    "items": gettext_lazy("What you gave us"),
    "advertising": gettext_lazy("That your address gets no advertising"),
    "changes": gettext_lazy("What you changed"),
    "look_ups": gettext_lazy("Who of the team looked at your file"),
    "answers": gettext_lazy("What you allowed, refused and took back"),
    "receipts": gettext_lazy("Receipts of your answers"),
    "clarity": gettext_lazy("What you answered about clarity"),
    "restrictions": gettext_lazy("When your data was kept and not used"),
    "erasures": gettext_lazy("How far your erasure is"),
    "uses": gettext_lazy("Each use of your data"),
    "showings": gettext_lazy("How often these pages showed it"),
    "mass_uses": gettext_lazy("Uses together with many others"),
    "recipients": gettext_lazy("Who received something, by name"),
    "notices": gettext_lazy("Who was told to remove or mend something"),
    "takedowns": gettext_lazy("Copies that are taken down"),
    "pot": gettext_lazy("Your pot"),
    "bookings": gettext_lazy("Each movement of your money"),
    "rewards": gettext_lazy("Your rewards"),
    "corrections": gettext_lazy("Mistakes in your rewards that were mended"),
    "vouchers": gettext_lazy("Your vouchers"),
    "spendings": gettext_lazy("What you spent"),
    "cash": gettext_lazy("Cash on its way to you"),
    "payments": gettext_lazy("What the bank was asked to pay you"),
    "payee": gettext_lazy("That you told where to pay you"),
    "slips": gettext_lazy("Your slips"),
    "archive": gettext_lazy("What the law on accounts asks us to keep"),
    "archive_readings": gettext_lazy("Who opened that archive"),
    "year_notes": gettext_lazy("Years in which you were told what to declare"),
    "link": gettext_lazy("Your link"),
    "friends": gettext_lazy("How many people joined with it"),
    "invitation": gettext_lazy("Where we know of you from"),
    "events": gettext_lazy("What the shop's systems reported"),
    "marks": gettext_lazy("What is compared to find double accounts"),
    "signals": gettext_lazy("What the checks against cheating noticed"),
    "reviews": gettext_lazy("What a person decided about it"),
    "requests": gettext_lazy("What you asked, and our answers"),
    "steps": gettext_lazy("What happened to what you asked"),
    "questions": gettext_lazy("Questions that stopped the time to answer"),
    "sightings": gettext_lazy("Where you saw yourself"),
    "late_payments": gettext_lazy("Payments of ours that were late"),
    "mails": gettext_lazy("Mails to you"),
    "log": gettext_lazy("Entries of the record that are about you"),
}


def name_sources(names: Iterable[str]) -> list[str]:
    """What sources are called, in the active language."""
    return [str(TITLES[name]) for name in names]
