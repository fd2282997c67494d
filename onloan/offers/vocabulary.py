"""The closed vocabularies of an offer: what can be shown, what for, where, and to whom.

Each word carries plain English and French for people, and a term of the W3C Data Privacy Vocabulary 2.3
(https://w3id.org/dpv/2.3) for machines. The fragments fit together: "Show" + ``mine`` of each item +
``audience`` of the purpose + ``place`` of each channel + "until" a date.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from onloan.offers.document import Texts

PAGE_LANGUAGES = ("en", "fr")
"""The languages in which Onloan itself writes pages, terms, notices and mails."""

LegalBasis = Literal["consent", "contract", "legal_obligation", "legitimate_interest"]
LEGAL_BASES: tuple[LegalBasis, ...] = ("consent", "contract", "legal_obligation", "legitimate_interest")


@dataclass(frozen=True, slots=True)
class Item:
    """``yours`` in a sentence to the person, ``mine`` in one that the person agrees to, ``named`` to others.
    ``part_of`` names the item from which this one is made."""

    name: str
    yours: Texts
    mine: Texts
    named: Texts
    is_image: bool
    dpv: str
    part_of: str | None = None


@dataclass(frozen=True, slots=True)
class Purpose:
    """``sentence`` says what for; ``audience`` is the fragment "to the people I invite".
    ``is_asked``: a permission can be asked for it; the others rest on another basis."""

    name: str
    sentence: Texts
    audience: Texts
    basis: LegalBasis
    dpv: str
    is_asked: bool


@dataclass(frozen=True, slots=True)
class Channel:
    """``place`` is the fragment "on the invitation page". ``is_public``: readable without a link of one's own."""

    name: str
    place: Texts
    is_public: bool
    dpv: str


@dataclass(frozen=True, slots=True)
class Event:
    """What a friend does to count: "one friend *signs up*", "five friends *sign up*", "when you *sign up*"."""

    name: str
    one: Texts
    many: Texts
    you: Texts
    is_purchase: bool


def said(texts: Texts, language: str) -> str:
    """The text in ``language``, else in English, else in whichever language there is."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


ITEMS: dict[str, Item] = {
    item.name: item
    for item in (
        Item(
            "username",
            yours={"en": "your username", "fr": "votre pseudo"},
            mine={"en": "my username", "fr": "mon pseudo"},
            named={"en": "username", "fr": "pseudo"},
            is_image=False,
            dpv="pd:Username",
        ),
        Item(
            "username_masked",
            yours={"en": "your partly hidden username", "fr": "votre pseudo en partie masqué"},
            mine={"en": "my partly hidden username", "fr": "mon pseudo en partie masqué"},
            named={"en": "partly hidden username", "fr": "pseudo en partie masqué"},
            is_image=False,
            dpv="pd:Username",
            part_of="username",
        ),
        Item(
            "profile_photo",
            yours={"en": "your profile photo", "fr": "votre photo de profil"},
            mine={"en": "my profile photo", "fr": "ma photo de profil"},
            named={"en": "profile photo", "fr": "photo de profil"},
            is_image=True,
            dpv="pd:Picture",
        ),
    )
}

PURPOSES: dict[str, Purpose] = {
    purpose.name: purpose
    for purpose in (
        Purpose(
            "referral_card",
            sentence={
                "en": "To show the people you invite who invites them.",
                "fr": "Montrer aux personnes que vous invitez qui les invite.",
            },
            audience={"en": "to the people I invite", "fr": "aux personnes que j'invite"},
            basis="consent",
            dpv="dpv:Marketing",
            is_asked=True,
        ),
        Purpose(
            "referral_acceptance",
            sentence={
                "en": "To show the person who invited you that you accepted.",
                "fr": "Montrer à la personne qui vous a invité·e que vous avez accepté.",
            },
            audience={"en": "to the person who invited me", "fr": "à la personne qui m'a invité·e"},
            basis="consent",
            dpv="dpv:CommunicationManagement",
            is_asked=True,
        ),
        Purpose(
            "winner_wall",
            sentence={
                "en": "To show who received a reward.",
                "fr": "Montrer qui a reçu une récompense.",
            },
            audience={"en": "among the people who were rewarded", "fr": "parmi les personnes récompensées"},
            basis="consent",
            dpv="dpv:PublicRelations",
            is_asked=True,
        ),
        Purpose(
            "photo_wall",
            sentence={
                "en": "To show who takes part.",
                "fr": "Montrer qui participe.",
            },
            audience={"en": "among the people who take part", "fr": "parmi les personnes qui participent"},
            basis="consent",
            dpv="dpv:PublicRelations",
            is_asked=True,
        ),
        Purpose(
            "social_post",
            sentence={
                "en": "To show you in a post about this campaign.",
                "fr": "Vous montrer dans une publication sur cette campagne.",
            },
            audience={"en": "in a post about this campaign", "fr": "dans une publication sur cette campagne"},
            basis="consent",
            dpv="dpv:SocialMediaMarketing",
            is_asked=True,
        ),
        Purpose(
            "taking_part",
            sentence={
                "en": "To run the campaign with you: your account, your link, your pot.",
                "fr": "Vous permettre de participer\u202f: votre compte, votre lien, votre cagnotte.",
            },
            audience={},
            basis="contract",
            dpv="dpv:ServiceProvision",
            is_asked=False,
        ),
        Purpose(
            "payout",
            sentence={
                "en": "To pay what you earned.",
                "fr": "Payer ce que vous avez gagné.",
            },
            audience={},
            basis="contract",
            dpv="dpv:PaymentManagement",
            is_asked=False,
        ),
        Purpose(
            "accounting",
            sentence={
                "en": "To keep the accounts of payments that the law asks for.",
                "fr": "Tenir la comptabilité des paiements que la loi demande.",
            },
            audience={},
            basis="legal_obligation",
            dpv="dpv:LegalCompliance",
            is_asked=False,
        ),
        Purpose(
            "rights",
            sentence={
                "en": "To answer when you use a right or complain, and to prove that we did.",
                "fr": "Vous répondre quand vous exercez un droit ou portez plainte, et le prouver.",
            },
            audience={},
            basis="legal_obligation",
            dpv="dpv:RightsFulfilment",
            is_asked=False,
        ),
        Purpose(
            "fraud_checks",
            sentence={
                "en": "To keep false accounts from emptying the pool.",
                "fr": "Éviter que de faux comptes ne vident la réserve.",
            },
            audience={},
            basis="legitimate_interest",
            dpv="dpv:FraudPreventionAndDetection",
            is_asked=False,
        ),
    )
}

CHANNELS: dict[str, Channel] = {
    channel.name: channel
    for channel in (
        Channel(
            "invitation_page",
            place={"en": "on the invitation page", "fr": "sur la page d'invitation"},
            is_public=False,
            dpv="dpv:CommunicationMedium",
        ),
        Channel(
            "sponsor_page",
            place={"en": "on that person's own page", "fr": "sur la page personnelle de cette personne"},
            is_public=False,
            dpv="dpv:CommunicationMedium",
        ),
        Channel(
            "winners_page",
            place={"en": "on the page of rewarded people", "fr": "sur la page des personnes récompensées"},
            is_public=True,
            dpv="dpv:CommunicationMedium",
        ),
        Channel(
            "shop_website",
            place={"en": "on this shop's website", "fr": "sur le site de cette boutique"},
            is_public=True,
            dpv="dpv:CommunicationMedium",
        ),
        Channel(
            "shop_app",
            place={"en": "in this shop's app", "fr": "dans l'application de cette boutique"},
            is_public=True,
            dpv="dpv:CommunicationMedium",
        ),
        Channel(
            "shop_screen",
            place={"en": "on a screen in this shop", "fr": "sur un écran dans cette boutique"},
            is_public=True,
            dpv="dpv:CommunicationMedium",
        ),
        Channel(
            "shop_social_media",
            place={
                "en": "on this shop's own social media pages",
                "fr": "sur les pages de cette boutique sur les réseaux sociaux",
            },
            is_public=True,
            dpv="dpv:CommunicationMedium",
        ),
    )
}

EVENTS: dict[str, Event] = {
    event.name: event
    for event in (
        Event(
            "app_signed_up",
            one={"en": "signs up", "fr": "s'inscrit"},
            many={"en": "sign up", "fr": "s'inscrivent"},
            you={"en": "you sign up", "fr": "vous vous inscrivez"},
            is_purchase=False,
        ),
        Event(
            "account_opened",
            one={"en": "opens an account", "fr": "ouvre un compte"},
            many={"en": "open an account", "fr": "ouvrent un compte"},
            you={"en": "you open an account", "fr": "vous ouvrez un compte"},
            is_purchase=False,
        ),
        Event(
            "card_activated",
            one={"en": "activates a card", "fr": "active une carte"},
            many={"en": "activate a card", "fr": "activent une carte"},
            you={"en": "you activate a card", "fr": "vous activez une carte"},
            is_purchase=False,
        ),
        Event(
            "first_order",
            one={"en": "places a first order", "fr": "passe une première commande"},
            many={"en": "place a first order", "fr": "passent une première commande"},
            you={"en": "you place a first order", "fr": "vous passez une première commande"},
            is_purchase=True,
        ),
    )
}

ROLES: dict[str, Texts] = {
    "processor": {"en": "works on our instructions", "fr": "travaille sur nos instructions"},
    "controller": {"en": "decides for itself", "fr": "décide lui-même"},
    "joint": {"en": "decides together with us", "fr": "décide avec nous"},
}

EXCLUDED_CONTEXTS: dict[str, Texts] = {
    "political": {"en": "politics", "fr": "la politique"},
    "religious": {"en": "religion", "fr": "la religion"},
    "sexual": {"en": "sexuality", "fr": "la sexualité"},
    "health": {"en": "health", "fr": "la santé"},
    "alcohol": {"en": "alcohol", "fr": "l'alcool"},
    "tobacco": {"en": "tobacco", "fr": "le tabac"},
    "gambling": {"en": "gambling", "fr": "les jeux d'argent"},
    "weapons": {"en": "weapons", "fr": "les armes"},
    "credit": {"en": "credit", "fr": "le crédit"},
}
"""What an item is never shown beside. The whole list is the least that an offer with an image excludes."""

CLAIM_KINDS = (
    "only_items",
    "only_purposes",
    "only_channels",
    "only_markets",
    "only_recipients",
    "nothing_disclosed_for_money",
    "every_use_had_consent",
)
"""Claims that the evidence can contradict; those that start with ``only_`` list values."""
