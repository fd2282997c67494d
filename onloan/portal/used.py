"""What was used of a person, in words of theirs: what, where, when, who could see it, and who received it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, ngettext

from onloan.offers.document import Recipient
from onloan.offers.queries import find_version
from onloan.offers.vocabulary import CHANNELS, ITEMS, PURPOSES, ROLES, said
from onloan.portal import words
from onloan.portal.campaign import Campaign
from onloan.uses.history import UseGroup, list_use_groups
from onloan.uses.periods import find_last_day

LATEST_SHOWN = 5

OTHER_ITEMS: dict[str, Promise] = {
    "payee_name": gettext_lazy("the name on your account"),
    "payee_account": gettext_lazy("your account"),
    "email": gettext_lazy("your e-mail address"),
}
"""Items that no permission asks for: used to pay, to answer and to check, and never shown."""

BASIS_SENTENCES: dict[str, Promise] = {
    "payout": gettext_lazy("We used %(what)s to pay you, %(when)s."),
    "accounting": gettext_lazy("We used %(what)s for the accounts that the law asks us to keep, %(when)s."),
    "rights": gettext_lazy("We used %(what)s to answer a request of yours, %(when)s."),
    "taking_part": gettext_lazy("We used %(what)s to run the campaign with you, %(when)s."),
    "fraud_checks": gettext_lazy("We used %(what)s to check against false accounts, %(when)s."),
}


@dataclass(frozen=True, slots=True)
class UseLine:
    """One line of "What was used". ``recipient`` says who received it, and is empty when nobody did."""

    sentence: str
    reach: str
    recipient: str
    why: str
    often: str


def latest_uses(participant_id: UUID, campaign: Campaign) -> tuple[list[UseLine], bool]:
    """The latest lines for a person's own page, and whether there are more."""
    groups = list_use_groups(participant_id, time_zone=campaign.time_zone)
    return [describe_use(group, campaign) for group in groups[:LATEST_SHOWN]], len(groups) > LATEST_SHOWN


def describe_use(group: UseGroup, campaign: Campaign) -> UseLine:
    """One use, or several alike of one day, in sentences."""
    return UseLine(
        sentence=_sentence(group, campaign),
        reach=_reach(group.channel, group.basis, group.purpose),
        recipient=_recipient(group, campaign),
        why=said(PURPOSES[group.purpose].sentence, campaign.language),
        often=_often(group, campaign.language),
    )


def _sentence(group: UseGroup, campaign: Campaign) -> str:
    values = {"what": name_items(group.items, campaign.language), "when": _when(group, campaign)}
    if group.basis != "consent":
        return str(BASIS_SENTENCES[group.purpose]) % values
    values["where"] = name_place(group.channel, campaign.language)
    if group.is_copy:
        return gettext("We copied %(what)s to show it %(where)s, %(when)s.") % values
    return gettext("We showed %(what)s %(where)s, %(when)s.") % values


def name_items(items: Iterable[str], language: str) -> str:
    """``your username and your profile photo``."""
    return words.listed([name_item(item, language) for item in items], language)


def name_item(item: str, language: str) -> str:
    return said(ITEMS[item].yours, language) if item in ITEMS else str(OTHER_ITEMS[item])


def name_place(channel: str, language: str) -> str:
    """Where, as a person who is spoken to understands it."""
    if channel == "sponsor_page":
        return gettext("on the page of the person who invited you")
    return said(CHANNELS[channel].place, language)


def _when(group: UseGroup, campaign: Campaign) -> str:
    """``on 3 May 2026``, ``3–9 May 2026`` or ``since 3 May 2026``."""
    first, last = days_of(group, campaign)
    if last is None:
        return gettext("since %(day)s") % {"day": words.day(first, campaign.language)}
    if last <= first:
        return gettext("on %(day)s") % {"day": words.day(first, campaign.language)}
    return words.days(first, last, campaign.language)


def days_of(group: UseGroup, campaign: Campaign) -> tuple[date, date | None]:
    """The first and the last day of a use, in the campaign's time zone; no last one while it goes on.

    Days on which Onloan itself showed it say most. Making a copy, and a use of another basis, are of one day.
    """
    if group.shown_first is not None and group.shown_last is not None:
        return min(group.day, group.shown_first), max(group.day, group.shown_last)
    if group.is_copy or group.basis != "consent":
        return group.day, group.day
    last = find_last_day(
        channel=group.channel,
        ended_at=group.ended_at,
        consent_ends_at=group.consent_ends_at,
        first_day=group.day,
        now=campaign.now,
        time_zone=campaign.time_zone,
    )
    return group.day, last


def _reach(channel: str, basis: str, purpose: str) -> str:
    if basis != "consent":
        if purpose == "payout":
            return gettext("Only our team and the banks could see this.")
        return gettext("Only our team could see this.")
    if channel == "invitation_page":
        return gettext("Whoever opened your invitation could see this.")
    if channel == "sponsor_page":
        return gettext("Only the person who invited you could see this.")
    return gettext("Anyone could see this.") if CHANNELS[channel].is_public else ""


def _recipient(group: UseGroup, campaign: Campaign) -> str:
    """Who received it besides the merchant, and for whom they work, as the version says that it rests on."""
    if not group.recipient:
        return ""
    found = _find_recipient(group, campaign)
    if found is None:
        return gettext("Received by %(name)s.") % {"name": group.recipient}
    role = said(ROLES[found.role], campaign.language)
    return gettext("Received by %(name)s (%(role)s).") % {"name": found.name, "role": role}


def name_recipient(group: UseGroup, campaign: Campaign) -> str:
    """The legal name of who received it."""
    found = _find_recipient(group, campaign)
    return group.recipient if found is None else found.name


def _find_recipient(group: UseGroup, campaign: Campaign) -> Recipient | None:
    offer = campaign.offer if group.version_id is None else find_version(group.version_id).offer
    return next((each for each in offer.recipients if each.id == group.recipient), None)


def _often(group: UseGroup, language: str) -> str:
    times = group.shown_count or group.count
    if times < 2:
        return ""
    return ngettext("%(number)s time", "%(number)s times", times) % {"number": words.number(times, language)}
