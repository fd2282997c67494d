"""What a participant allows, refused and took back, as the cards of their page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext

from onloan import clock
from onloan.consents.queries import ConsentView, ReceiptView, list_consents, list_receipts
from onloan.consents.rules import find_last_day
from onloan.offers.queries import find_version
from onloan.offers.texts import ConsentText, consent_text
from onloan.offers.vocabulary import ITEMS, said
from onloan.people.queries import ParticipantView, list_disputed, list_item_names
from onloan.portal import words
from onloan.portal.campaign import Campaign
from onloan.uses.queries import count_uses

PHOTO = "profile_photo"


@dataclass(frozen=True, slots=True)
class AllowedCard:
    """One permission and the latest answer to it. ``what`` names the items ("my username"). ``is_disputed``: the
    person says that one of them is wrong, and nobody has settled it yet. ``lacks_photo``: it is about a photo that
    they did not give, or that was deleted when nobody might show it any more."""

    permission_id: str
    version_id: UUID
    state: str
    text: ConsentText
    what: str
    answered_at: datetime
    ended_at: datetime | None
    used_count: int
    is_disputed: bool = False
    lacks_photo: bool = False

    @property
    def is_allowed(self) -> bool:
        return self.state == "allowed"

    @property
    def said_yes(self) -> bool:
        return self.state != "refused"


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    address: str
    given_at: datetime
    act: str


def allowed_cards(participant: ParticipantView, campaign: Campaign) -> list[AllowedCard]:
    """The latest answer to each permission that this participant was asked, in the order asked."""
    counts = count_uses(participant.id)
    disputed, has_photo = list_disputed(participant.id), PHOTO in list_item_names(participant.id)
    return [
        replace(
            _card(consent, campaign, counts.get(consent.permission_id, 0)),
            is_disputed=not disputed.isdisjoint(ITEMS[item].part_of or item for item in consent.items),
            lacks_photo=PHOTO in consent.items and not has_photo,
        )
        for consent in list_consents(participant.id)
    ]


def answer_cards(answers: Sequence[ConsentView], campaign: Campaign) -> list[AllowedCard]:
    """The answers of one receipt, as they stand now."""
    return [_card(answer, campaign, 0) for answer in answers]


def is_photo_unused(participant: ParticipantView) -> bool:
    """Whether we keep a photo that nobody may show: it is deleted within a day."""
    if PHOTO not in list_item_names(participant.id):
        return False
    return not any(PHOTO in consent.items for consent in list_consents(participant.id) if consent.is_allowed)


def may_allow(participant: ParticipantView, campaign: Campaign) -> bool:
    """Whether a yes would be taken now: the market runs, and no right that was used stands against it."""
    return campaign.is_open and not participant.restricted_at and not participant.objected_at


def _card(consent: ConsentView, campaign: Campaign, used_count: int) -> AllowedCard:
    offer = find_version(consent.version_id).offer
    permission = offer.permission(consent.permission_id)
    today = clock.local_day(campaign.now, campaign.time_zone)
    until = consent.until or find_last_day(campaign.now, permission.term_days, campaign.time_zone)
    if not consent.is_allowed:
        until = max(until, today)
    return AllowedCard(
        permission_id=permission.id,
        version_id=consent.version_id,
        state=consent.state,
        text=consent_text(offer, permission, consent.country, campaign.language, until),
        what=my_items(consent.items, campaign.language),
        answered_at=consent.answered_at,
        ended_at=consent.ended_at,
        used_count=used_count,
    )


def my_items(items: tuple[str, ...], language: str) -> str:
    """``my username and my profile photo``."""
    return words.listed([said(ITEMS[item].mine, language) for item in items], language)


def your_items(items: tuple[str, ...], language: str) -> str:
    """``your username and your profile photo``."""
    return words.listed([said(ITEMS[item].yours, language) for item in items], language)


def receipt_lines(participant_id: UUID) -> list[ReceiptLine]:
    return [_receipt_line(receipt) for receipt in list_receipts(participant_id)]


def _receipt_line(receipt: ReceiptView) -> ReceiptLine:
    act = gettext("when you joined") if receipt.act == "join_form" else gettext("from your page")
    return ReceiptLine(reverse("receipt", kwargs={"token": receipt.token}), receipt.given_at, act)
