"""Entries of the record that are about somebody, each in a sentence, and how to prove that they are."""

from __future__ import annotations

import json
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from onloan.cases.pack.forms import Row
from onloan.cases.rules import About, Kind
from onloan.money import Money
from onloan.offers.vocabulary import CHANNELS, ITEMS
from onloan.portal import words
from onloan.portal.cases import title_of
from onloan.portal.pack.blocks import SECTION_TITLES, Section, Teller, label
from onloan.portal.used import OTHER_ITEMS, name_items, name_place

ENTRY_WORDS: dict[str, Promise] = {
    "joined": gettext_lazy("You joined"),
    "consent_given": gettext_lazy("You allowed something"),
    "consent_refused": gettext_lazy("You did not allow something"),
    "consent_withdrawn": gettext_lazy("You took something back"),
    "consent_expired": gettext_lazy("What you allowed ended by itself"),
    "consent_stopped": gettext_lazy("What you allowed was stopped"),
    "use_allowed": gettext_lazy("Something of you was used"),
    "use_denied": gettext_lazy("A use was refused"),
    "use_on_basis": gettext_lazy("Something of you was used without a question, as the notice says"),
    "recipient_told": gettext_lazy("Somebody who had received something was told"),
    "recipient_answered": gettext_lazy("Somebody who had received something answered"),
    "takedown_due": gettext_lazy("A copy has to be taken down"),
    "takedown_done": gettext_lazy("A copy was taken down"),
    "reward_pending": gettext_lazy("A reward was promised"),
    "reward_held": gettext_lazy("A person looks at a reward"),
    "reward_earned": gettext_lazy("A reward counted"),
    "reward_swapped": gettext_lazy("You took cash as a voucher"),
    "reward_paid": gettext_lazy("A reward was paid"),
    "reward_returned": gettext_lazy("A payment came back"),
    "reward_expired": gettext_lazy("A voucher ended"),
    "reward_voided": gettext_lazy("A reward does not count"),
    "voucher_redeemed": gettext_lazy("You spent a part of a voucher"),
    "voucher_restored": gettext_lazy("A part of a voucher was given back"),
    "review_decided": gettext_lazy("A person decided about a reward"),
    "pot_reserved": gettext_lazy("Your pot was set aside"),
    "pot_released": gettext_lazy("What was left of your pot went back"),
    "case_opened": gettext_lazy("You asked something"),
    "case_closed": gettext_lazy("What you asked was answered"),
    "item_changed": gettext_lazy("Something you gave was changed"),
}


def tell_log(teller: Teller) -> Section:
    rows = [
        (
            gettext("waits for its number") if row["log_index"] is None
            else words.number(row["log_index"], teller.language),
            teller.moment(row["happened_at"]),
            say_entry(teller, row),
        )
        for row in sorted(teller.rows("log"), key=_place, reverse=True)
    ]  # fmt: skip
    head = (gettext("Entry"), gettext("When"), gettext("What it says"))
    return Section(
        key="log",
        title=str(SECTION_TITLES["log"]),
        sources=("log",),
        lead=[
            gettext(
                "We keep a record of what happened that cannot be altered afterwards and names nobody. These "
                "entries are about you. Only you and we can tell, because each has a key of its own."
            ),
            gettext(
                "The keys stand in data.json, under “log”. Whoever has one can prove that its entry is about you: "
                "show it to somebody you trust, a court or an authority, and to nobody else."
            ),
        ],
        grids=teller.grid(gettext("Entries of the record that are about you"), head, rows, "log"),
    )


def _place(row: Row) -> tuple[bool, int]:
    """What waits for its number comes after all that have one."""
    return row["log_index"] is None, row["log_index"] or 0


def say_entry(teller: Teller, row: Row) -> str:
    """What happened, and the details that the entry has."""
    entry: dict[str, Any] = json.loads(row["entry"])
    said = str(ENTRY_WORDS.get(row["kind"], gettext("Something about you happened")))
    if row["kind"] == "case_opened" and entry.get("reason") == "payment_late":
        said = gettext("A payment of ours was late, and we opened a complaint for you")
    elif "case" in entry and entry["case"] in set(Kind):
        said = label(said, str(title_of(Kind(entry["case"]), About.NOTHING)))
    details = _details(teller, entry)
    return f"{said} ({', '.join(details)})" if details else said


def _details(teller: Teller, entry: dict[str, Any]) -> list[str]:
    language = teller.language
    known = [item for item in entry.get("items", []) if item in ITEMS or item in OTHER_ITEMS]
    places = [each for each in [*entry.get("channels", []), entry.get("channel", "")] if each in CHANNELS]
    details = []
    if known:
        details.append(name_items(known, language))
    if places:
        details.append(words.listed([name_place(each, language) for each in places], language))
    if "recipient" in entry:
        details.append(teller.name_recipient(entry["recipient"]))
    if "amount_minor" in entry:
        details.append(Money(entry["amount_minor"], entry["currency"]).format(language))
    if "consent_number" in entry:
        details.append(gettext("answer no. %(number)s") % {"number": entry["consent_number"]})
    return details
