"""The page of a pack: its sections in the order in which people ask, made from what is in the pack alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from babel.dates import get_timezone_location
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext

from onloan.cases.pack.building import Pack
from onloan.cases.pack.words import TITLES
from onloan.offers.blocks import Section as Text
from onloan.offers.queries import find_version_number
from onloan.offers.texts import published_notice
from onloan.portal.campaign import Campaign
from onloan.portal.pack.asked import tell_asked, tell_mails
from onloan.portal.pack.blocks import SECTION_TITLES, Section, Teller
from onloan.portal.pack.checks import tell_checks, tell_link
from onloan.portal.pack.log import tell_log
from onloan.portal.pack.money import tell_money, tell_vouchers
from onloan.portal.pack.used import tell_received, tell_used
from onloan.portal.pack.you import tell_allowed, tell_changes, tell_you

TELLERS = (
    tell_you,
    tell_allowed,
    tell_used,
    tell_received,
    tell_money,
    tell_vouchers,
    tell_link,
    tell_checks,
    tell_asked,
    tell_changes,
    tell_mails,
    tell_log,
)
NOTICE_PARTS = ("what_for", "retention", "rights", "objection", "complaint")


def write_page(pack: Pack, campaign: Campaign) -> str:
    """``index.html``, in the campaign's language: it loads nothing from anywhere."""
    context: dict[str, Any] = {
        "language": campaign.language,
        "campaign": campaign,
        "pack": pack,
        "time_zone": campaign.time_zone,
        "city": get_timezone_location(campaign.time_zone, locale=campaign.language, return_city=True),
        "sections": list_sections(pack, campaign),
        "gaps": [TITLES[name] for name in pack.gaps],
    }
    return render_to_string("portal/pack/index.html", context)


def list_sections(pack: Pack, campaign: Campaign) -> list[Section]:
    """Every section of which there is something in this part; one whose sources failed says so."""
    teller = Teller(pack, campaign)
    told = [
        replace(section, missing=[str(TITLES[name]) for name in section.sources if name in pack.gaps])
        for section in (tell(teller) for tell in TELLERS)
        if set(section.sources) & {*pack.content, *pack.gaps}
    ]
    return [_tell_who(teller), *told, _tell_why(teller), _tell_files(teller)]


def _tell_who(teller: Teller) -> Section:
    notice = published_notice(teller.campaign.version, teller.campaign.market.country, teller.language)
    who = notice.section("who")
    return Section(
        key="who",
        title=str(SECTION_TITLES["who"]),
        lead=[gettext("We are %(name)s, and we are responsible for this data.") % {"name": who.paragraphs[0]}],
        points=who.points,
    )


def _tell_why(teller: Teller) -> Section:
    """What for, how long, and the rights: the notice that this person joined under, word for word."""
    notice = published_notice(teller.campaign.version, teller.campaign.market.country, teller.language)
    address = teller.address(reverse("requests"))
    return Section(
        key="why",
        title=str(SECTION_TITLES["why"]),
        texts=[*(_without_checks(notice.section(key), teller) for key in NOTICE_PARTS), *_list_later(teller)],
        notes=[gettext("To use a right, open your page, or this page without signing in: %(address)s") % {
            "address": address}],
    )  # fmt: skip


def _list_later(teller: Teller) -> list[Text]:
    """What is said otherwise in the versions under which this person answered since."""
    country, language = teller.campaign.market.country, teller.language
    joined, slug = teller.campaign.version, teller.campaign.offer.slug
    known = {key: [published_notice(joined, country, language).section(key)] for key in NOTICE_PARTS}
    later = []
    for number in sorted({row["version"] for row in teller.rows("answers")} - {joined.number}):
        notice = published_notice(find_version_number(slug, number), country, language)
        for key in NOTICE_PARTS:
            text = notice.section(key)
            if text not in known[key]:
                known[key].append(text)
                said = gettext("%(title)s (version %(number)d)") % {"title": text.title, "number": number}
                later.append(replace(_without_checks(text, teller), title=said))
    return later


def _without_checks(text: Text, teller: Teller) -> Text:
    """What the notice says of the checks against cheating stands in their own section, where there is one."""
    return text if text.key != "what_for" or teller.pack.is_portable else replace(text, paragraphs=())


def _tell_files(teller: Teller) -> Section:
    points = [
        gettext("data.json: the same for programs; schema.json says what each word in it means."),
        gettext("The folder csv: one table for each kind of record, for a spreadsheet."),
    ]
    if teller.pack.files:
        points.append(gettext("Your photo and the pictures that you sent, as files of their own."))
    return Section(
        key="files",
        title=str(SECTION_TITLES["files"]),
        lead=[
            gettext(
                "Who other people are (whoever invited you, whom you invited, which member of the team decided "
                "something) is theirs, and not here. Keys and scrambled forms by which programs find things are "
                "not here either: what they are made of is."
            ),
            gettext("The published schema names everything that is left out, with its reason: %(address)s")
            % {"address": teller.address(reverse("pack-schema"))},
        ],
        points=points,
    )
