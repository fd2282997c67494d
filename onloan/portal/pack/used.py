"""What was used of somebody, what was refused, who received something by name, and who was told since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from onloan import clock
from onloan.cases.pack.forms import Row
from onloan.offers.notice_fields import SAFEGUARDS
from onloan.offers.queries import find_version_number
from onloan.offers.texts import permission_sentence
from onloan.offers.vocabulary import CHANNELS, PURPOSES, ROLES, said
from onloan.portal import words
from onloan.portal.pack.blocks import SECTION_TITLES, Card, Grid, Section, Teller, filled, label
from onloan.portal.used import describe_use, name_place
from onloan.uses.duty_rules import Cause, NoticeState
from onloan.uses.history import UseGroup
from onloan.uses.rules import Reason

USES_SHOWN_MAX = 200

REFUSED_WORDS: dict[Reason, Promise] = {
    Reason.LOG_DOWN: gettext_lazy("It could not be recorded just then."),
    Reason.FLAG_ERASED: gettext_lazy("Your data were erased."),
    Reason.FLAG_RESTRICTED: gettext_lazy("You had asked us to keep your data and not to use it."),
    Reason.FLAG_OBJECTED: gettext_lazy("You had objected."),
    Reason.MARKET: gettext_lazy("The campaign did not run in that country then."),
    Reason.NO_CONSENT: gettext_lazy("You had not allowed it."),
    Reason.PURPOSE: gettext_lazy("You had allowed nothing for this purpose."),
    Reason.ITEM: gettext_lazy("You had not allowed all of it together."),
    Reason.CHANNEL: gettext_lazy("What you had allowed does not name this place."),
    Reason.TERRITORY: gettext_lazy("What you had allowed does not name this country."),
    Reason.RECIPIENT: gettext_lazy("What you had allowed does not name who was to receive it."),
    Reason.WITHDRAWN: gettext_lazy("You had taken it back."),
    Reason.EXPIRED: gettext_lazy("What you had allowed was over."),
    Reason.NO_RECEIPT: gettext_lazy("There was no receipt of your answer, so it did not count."),
    Reason.CONTEXT: gettext_lazy("It was to stand beside something that you are never shown beside."),
    Reason.NO_CONTRACT: gettext_lazy("No contract covered who was to receive it."),
    Reason.TRANSFER: gettext_lazy("Nothing protected it in the country of who was to receive it."),
    Reason.PAYEE: gettext_lazy("Your account is used to pay you, and for nothing else."),
}
CAUSE_WORDS: dict[Cause, Promise] = {
    Cause.WITHDRAWN: gettext_lazy("You took it back"),
    Cause.EXPIRED: gettext_lazy("It ended by itself"),
    Cause.RECTIFIED: gettext_lazy("You corrected it"),
    Cause.ERASED: gettext_lazy("You asked us to erase it"),
    Cause.RESTRICTED: gettext_lazy("You asked us not to use it"),
    Cause.OBJECTED: gettext_lazy("You objected"),
    Cause.SEEN: gettext_lazy("You saw it after its end"),
}
NOTICE_WORDS: dict[NoticeState, Promise] = {
    NoticeState.WAITING: gettext_lazy("not told yet"),
    NoticeState.TOLD: gettext_lazy("no answer yet"),
    NoticeState.ACKNOWLEDGED: gettext_lazy("“Done”, on %(day)s"),
    NoticeState.EXCEPTED: gettext_lazy("no answer; ended by us on %(day)s: %(reason)s"),
}


def tell_used(teller: Teller) -> Section:
    """Uses of one day that differ in nothing stand together, as on the person's own page."""
    groups = sorted(_group_uses(teller), key=lambda group: group.last_at, reverse=True)
    lead = []
    if not groups and "uses" in teller.pack.content:
        lead.append(gettext("Nothing of yours has been shown or passed on."))
    if len(groups) > USES_SHOWN_MAX:
        lead.append(
            gettext("The newest uses are listed here; every single one is in the file %(file)s.")
            % {"file": "csv/uses.csv"}
        )
    return Section(
        key="used",
        title=str(SECTION_TITLES["used"]),
        sources=("uses", "showings", "mass_uses"),
        lead=lead,
        lines=[_write_use(group, teller) for group in groups[:USES_SHOWN_MAX]],
        grids=_list_refused(teller),
    )


def _write_use(group: UseGroup, teller: Teller) -> tuple[str, str]:
    line = describe_use(group, teller.campaign)
    often = f"({line.often})" if line.often else ""
    among = gettext("Together with other people, in one go.") if group.is_mass else ""
    more = (line.reach, line.recipient, among, line.why)
    return f"{line.sentence} {often}".rstrip(), " ".join(part for part in more if part)


def _group_uses(teller: Teller) -> Iterator[UseGroup]:
    """The groups of ``uses.history``, from what is in the pack, so that page and data say the same."""
    answers = [row for row in teller.rows("answers") if row["is_allowed"]]
    ends = {row["number"]: min(end for end in (row["ended_at"], row["expires_at"]) if end) for row in answers}
    shown: dict[Any, list[Row]] = defaultdict(list)
    for row in teller.rows("showings"):
        shown[row["use"]].append(row)
    alike: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in teller.rows("uses"):
        if row["is_allowed"]:
            day = clock.local_day(row["decided_at"], teller.campaign.time_zone)
            same = ("purpose", "channel", "country", "recipient", "basis", "is_copy", "consent_number", "version")
            alike[day, tuple(row["items"]), *(row[name] for name in same)].append(row)
    for rows in alike.values():
        days = [each for row in rows for each in shown[row["id"]]]
        yield _make_group(teller, rows, days, ends.get(rows[0]["consent_number"]))
    for row in teller.rows("mass_uses"):
        until = max((ends[number] for number in row["consent_numbers"] if number in ends), default=None)
        version = max(
            (each["version"] for each in answers if each["number"] in row["consent_numbers"]), default=None
        )
        mass = {**row, "basis": "consent", "ended_at": None, "version": version}
        yield _make_group(teller, [mass], [], until, is_mass=True)


def _make_group(
    teller: Teller, rows: list[Row], shown: list[Row], consent_ends_at: datetime | None, *, is_mass: bool = False
) -> UseGroup:
    first, times = rows[0], [row["decided_at"] for row in rows]
    ended = [row["ended_at"] for row in rows if row["ended_at"] is not None]
    slug = teller.campaign.offer.slug
    return UseGroup(
        version_id=None if first["version"] is None else find_version_number(slug, first["version"]).id,
        day=clock.local_day(first["decided_at"], teller.campaign.time_zone),
        items=tuple(first["items"]),
        purpose=first["purpose"],
        channel=first["channel"],
        country=first["country"],
        recipient=first["recipient"],
        basis=first["basis"],
        is_copy=first["is_copy"],
        is_mass=is_mass,
        count=len(rows),
        first_at=min(times),
        last_at=max(times),
        ended_at=max(ended) if len(ended) == len(rows) else None,
        consent_ends_at=consent_ends_at,
        shown_first=min((row["day"] for row in shown), default=None),
        shown_last=max((row["day"] for row in shown), default=None),
        shown_count=sum(row["count"] for row in shown),
    )


def _list_refused(teller: Teller) -> list[Grid]:
    """What somebody asked to use and was not allowed to: alike ones of a day stand together."""
    counts: dict[tuple[str, ...], int] = {}
    for row in reversed(teller.rows("uses")):
        if not row["is_allowed"]:
            line = (
                teller.day(row["decided_at"]),
                teller.items(row["items"]),
                _place(row["channel"], teller),
                str(REFUSED_WORDS[Reason(row["reason"])]),
            )
            counts[line] = counts.get(line, 0) + 1
    rows = [(*line, teller.times(count)) for line, count in counts.items()]
    head = (gettext("When"), gettext("What"), gettext("Where"), gettext("Why not"), gettext("How often"))
    return teller.grid(gettext("Asked for and refused: it was not used"), head, rows, "uses")


def _place(channel: str, teller: Teller) -> str:
    return name_place(channel, teller.language) if channel in CHANNELS else gettext("inside this system")


def tell_received(teller: Teller) -> Section:
    """By name, with what protects the data where it went (Court of Justice of the EU, C-154/21)."""
    received = teller.rows("recipients")
    merchant = {"merchant": teller.merchant}
    lead = []
    if received:
        lead.append(
            gettext("Besides %(merchant)s, these received something of you. Nobody paid for it.") % merchant
        )
    elif "recipients" in teller.pack.content:
        lead.append(gettext("Nobody outside %(merchant)s received anything that you allowed.") % merchant)
    return Section(
        key="received",
        title=str(SECTION_TITLES["received"]),
        sources=("recipients", "notices", "takedowns"),
        lead=lead,
        cards=[_recipient(teller, row) for row in received],
        grids=[*_list_notices(teller), *_list_takedowns(teller)],
        notes=_note_banks(teller),
    )


def _recipient(teller: Teller, row: Row) -> Card:
    first, last = teller.day(row["first_at"]), teller.day(row["last_at"])
    often = teller.times(row["times"])
    if row["safeguard"]:
        protected = said(SAFEGUARDS.get(row["safeguard"], {"en": row["safeguard"]}), teller.language)
    elif row["is_outside_eea"]:
        protected = gettext("a decision that its law protects as well")
    else:
        protected = gettext("the same law as here")
    copy = gettext("Ask %(email)s for a copy.") % {"email": teller.campaign.offer.controller.email}
    return Card(
        row["name"],
        facts=filled([
            (gettext("What"), teller.items(row["items"])),
            (gettext("What for"), said(PURPOSES[row["purpose"]].sentence, teller.language)),
            (gettext("You had allowed"), _permission(teller, row["permission"])),
            (gettext("How often"), f"{often}, {first}" if first == last else f"{often}, {first} – {last}"),
            (gettext("Its role"), said(ROLES.get(row["role"], {"en": row["role"]}), teller.language)),
            (gettext("Country"), teller.country(row["country"])),
            (gettext("What protects it there"), protected),
            (gettext("Contract"), row["contract"]),
            (gettext("What was agreed on it"), copy if row["safeguard"] else ""),
        ]),
    )  # fmt: skip


def _permission(teller: Teller, permission_id: str) -> str:
    """In the words of the latest version in which the person answered it."""
    numbers = [row["version"] for row in teller.rows("answers") if row["permission"] == permission_id]
    if not numbers:
        return ""
    version = find_version_number(teller.campaign.offer.slug, max(numbers))
    return permission_sentence(version.offer.permission(permission_id), teller.language)


def _list_notices(teller: Teller) -> list[Grid]:
    rows = [
        (
            row["recipient_name"],
            teller.items(row["items"]),
            str(CAUSE_WORDS[Cause(row["cause"])]),
            teller.moment(row["told_at"]),
            str(NOTICE_WORDS[NoticeState(row["state"])]) % {
                "day": teller.day(row["answered_at"]), "reason": row["reason"] or ""
            },
        )
        for row in reversed(teller.rows("notices"))
    ]  # fmt: skip
    head = (gettext("Who"), gettext("What"), gettext("Why"), gettext("Told"), gettext("Answer"))
    return teller.grid(gettext("Who was told to remove or mend it"), head, rows, "notices")


def _list_takedowns(teller: Teller) -> list[Grid]:
    rows = [
        (
            teller.items(row["items"]),
            _place(row["channel"], teller),
            row["recipient_name"] or teller.merchant,
            str(CAUSE_WORDS[Cause(row["cause"])]),
            label(teller.day(row["done_at"]), row["note"]) if row["done_at"] is not None
            else gettext("to be done by %(day)s") % {"day": teller.day(row["due_at"])},
        )
        for row in reversed(teller.rows("takedowns"))
    ]  # fmt: skip
    head = (gettext("What"), gettext("Where"), gettext("Who"), gettext("Why"), gettext("Taken down"))
    return teller.grid(gettext("Copies that have to be taken down"), head, rows, "takedowns")


def _note_banks(teller: Teller) -> list[str]:
    notes = []
    payments = teller.rows("payments")
    if payments:
        notes.append(
            gettext("To pay you, our bank and yours received the name on your account, its number and the amount.")
        )
    banks = sorted({row[side] for row in payments for side in ("our_bank", "your_bank") if row[side]})
    if banks:
        notes.append(
            gettext("As the numbers of the accounts say, these were: %(banks)s.")
            % {"banks": words.listed(banks, teller.language)}
        )
    events = sum(row["to"] == "merchant" for row in teller.rows("mails"))
    if events:
        notes.append(
            gettext(
                "The systems of %(merchant)s were told under your number here that something happened: %(often)s."
            )
            % {"merchant": teller.merchant, "often": teller.times(events)}
        )
    return notes
