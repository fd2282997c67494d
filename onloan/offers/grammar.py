"""Every key of an offer file. It accepts what is wrong, so that a rule can refuse it and say why: a refusal
by rule teaches, an unknown key does not. docs/offer-file.md lists the same keys for people.
"""

from __future__ import annotations

from onloan.markets.rules import known_countries, market_facts
from onloan.offers.shapes import (
    Amount,
    Anything,
    Day,
    Either,
    Flag,
    Key,
    Many,
    Named,
    Record,
    Sentence,
    Shape,
    Whole,
    Word,
)
from onloan.offers.vocabulary import CHANNELS, EVENTS, EXCLUDED_CONTEXTS, ITEMS, LEGAL_BASES, PURPOSES, ROLES

# What the log takes as a word: nothing in it may look like a telephone number, a key or a digest.
SLUG = (
    r"(?=.{2,40}$)(?!.*[0-9]{6})(?!.*[0-9a-f]{8}-[0-9a-f]{4}-)(?!.*[0-9a-f]{32})"
    r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
)
SLUG_FORM = "2 to 40 small letters, digits and single dashes, a letter first, at most five digits in a row"
DAYS_MAX = 1095
"""Three years: the longest that anything in an offer lasts, a permission first of all (LR-004)."""

LANGUAGES = tuple(sorted({code for country in known_countries() for code in market_facts(country).languages}))
_COUNTRY = r"[A-Z]{2}"
_COUNTRY_FORM = "a country as two capital letters, such as FR"


def _texts(most: int) -> Shape:
    return Named(Sentence(most), "|".join(LANGUAGES), "a language as two letters, such as fr or en", 32)


def _amounts() -> Shape:
    return Either((Amount(), Named(Amount(), _COUNTRY, _COUNTRY_FORM, 32)))


def _words(known: tuple[str, ...], most: int = 20) -> Shape:
    return Many(Word(known, is_open=True), most, or_one=True)


_ASKED = tuple(name for name, purpose in PURPOSES.items() if purpose.is_asked)

CONTROLLER = Record(
    {
        "name": Key(Sentence(120), "the merchant's legal name."),
        "address": Key(Sentence(240), "postal address, the country last."),
        "email": Key(Sentence(254), "where people write about their data."),
        "dpo": Key(Sentence(254), "how to reach the data-protection officer, if there is one.", "none"),
        "country": Key(
            Word(pattern=_COUNTRY, form=_COUNTRY_FORM),
            "where the merchant is established.",
            "the country that ends the address",
        ),
    }
)

REPRESENTATIVE = Record(
    {
        "name": Key(Sentence(120), "legal name.", may_miss=False),
        "address": Key(Sentence(240), "postal address in the region.", may_miss=False),
    }
)

MARKET = Record(
    {
        "opens": Key(Day(), "first day, in the market's time zone."),
        "closes": Key(
            Either((Word(known=("open_ended",)), Day())),
            "last day; or open_ended with notice_days (HOLD).",
        ),
        "notice_days": Key(Whole(7, 365), "how many days before closing an open-ended market it is announced."),
        "pool": Key(Amount(), "money set aside for this market, at least one full pot."),
        "dpia": Key(Sentence(80), "reference of the impact assessment."),
        "residual_risk": Key(
            Word(known=("low",), refused=("high",)), "what the assessment found to remain.", "low"
        ),
        "time_zone": Key(Sentence(40), "in which days begin and end.", "the market's own"),
        "languages": Key(
            _words(LANGUAGES), "in which people are spoken to.", "the market's, as far as the texts go"
        ),
        "payout_days": Key(Whole(1, 180), "days from earning cash to its payment.", "30"),
        "age_min": Key(Whole(13, 99), "youngest age; under 18 is a HOLD.", "18"),
        "tax_handling": Key(Sentence(200), "who pays taxes on prizes; for chance only."),
    }
)

REFERRAL = Record(
    {
        "mode": Key(
            Word(known=("share_link",), refused=("single_message", "address_book", "message")),
            "how people invite: they pass on a link by their own means.",
            "share_link",
        ),
        "window_days": Key(Whole(1, 365), "for how long after joining one's friends still count.", "30"),
        "qualifies": Key(
            Record(
                {
                    "event": Key(
                        Word(tuple(EVENTS), is_open=True, most=60), "what the merchant's system reports."
                    ),
                    "settle_days": Key(Whole(0, 180), "days until the event counts.", "14"),
                    "within_days": Key(Whole(1, 365), "the event comes so many days after joining.", "30"),
                    "minimum_order": Key(_amounts(), "the least that a first_order comes to (HOLD).", "none"),
                    "deposit": Key(Anything(), "money paid in.", rule="LR-046"),
                    "fee": Key(Anything(), "a fee.", rule="LR-046"),
                }
            ),
            "when a person counts.",
        ),
        "friends_per_day": Key(
            Whole(1, 1000), "how many friends who join on one day count for one sponsor.", "any number"
        ),
        "levels": Key(Whole(1, 99), "how many levels of invitations are rewarded.", "1"),
        "pays_for": Key(
            Word(known=("qualified_friend",), refused=("contact", "invitation", "click", "install")),
            "what is rewarded.",
            "qualified_friend",
        ),
        "friend_fields": Key(Anything(), "what is collected about friends.", rule="LR-039"),
        "share_text": Key(Anything(), "Onloan writes it, with the disclosure; people edit it.", rule="LR-043"),
        "share_within_hours": Key(Anything(), "a race.", rule="LR-025"),
        "tracking": Key(
            Word(known=("link_only",), refused=("fingerprint", "third_party_cookie", "advertising")),
            "how a friend is recognised.",
            "link_only",
        ),
    }
)

REWARD = Record(
    {
        "id": Key(Word(pattern=SLUG, form=SLUG_FORM), "a name of its own.", may_miss=False),
        "to": Key(
            Word(
                known=("participant", "friend", "sponsor"),
                refused=("sponsor_of_sponsor", "friend_of_friend", "team_leader"),
            ),
            "who gets it: participant (each who qualifies), friend (if invited), sponsor (for each friend).",
            may_miss=False,
        ),
        "cash": Key(_amounts(), "by bank transfer."),
        "voucher": Key(_amounts(), "for this shop."),
        "fulfilled": Key(_amounts(), "what the merchant's own system gives: credit, points."),
        "times": Key(Whole(1, 1000), "how often a sponsor gets it.", "1"),
        "valid_days": Key(Whole(30, DAYS_MAX), "how long a voucher can be used.", "365"),
        "or_voucher": Key(
            Record({"valid_days": Key(Whole(30, DAYS_MAX), "how long that voucher can be used.", "365")}),
            "for cash: the person may take a voucher of the same amount instead.",
            "cash only",
        ),
        "own_codes": Key(Flag(), "for a voucher: its codes are the merchant's own, imported beforehand.", "false"),
        "label": Key(_texts(80), "a short name for people.", "written from the reward"),
        "thanks_for": Key(
            Word(is_open=True, most=60), "the permission for which this is a small thank-you (HOLD).", "none"
        ),
        "mechanic": Key(Word(known=("certain",), refused=("chance", "skill")), "how it is given.", "certain"),
        "requires_permission": Key(Anything(), "a permission as a condition.", rule="LR-026"),
        "up_to": Key(Flag(), "whether the amount is only the most.", rule="LR-038"),
        "cost": Key(Anything(), "what claiming costs.", rule="LR-052"),
        "minimum_purchase": Key(Anything(), "what must be bought to use it.", rule="LR-052"),
        "payee": Key(Word(known=("participant",), refused=("third_party",)), "who is paid.", "participant"),
        "level": Key(Whole(1, 99), "which level of invitations.", "1"),
    }
)

PERMISSION = Record(
    {
        "id": Key(Word(pattern=SLUG, form=SLUG_FORM), "a name of its own.", may_miss=False),
        "items": Key(_words(tuple(ITEMS)), "what is shown."),
        "purpose": Key(Many(Word(_ASKED, is_open=True, most=500), 10, or_one=True), "what for; one."),
        "channels": Key(_words(tuple(CHANNELS)), "where."),
        "territories": Key(_words(known_countries(), 250), "for people of which countries.", "the markets"),
        "term_days": Key(Whole(1, 99_999), "for how long after the yes; at most 1,095.", "365"),
        "term": Key(Sentence(200), "a term in words, such as forever.", rule="LR-004"),
        "why": Key(_texts(300), "why it is asked, to the person."),
        "recipients": Key(
            Many(Either((Word(is_open=True), Anything())), 50, or_one=True),
            "who outside the merchant receives it, by id.",
            "nobody",
        ),
        "excluded_contexts": Key(
            _words(tuple(EXCLUDED_CONTEXTS), 50), "what it is never shown beside.", "the whole list"
        ),
        "basis": Key(Many(Word(LEGAL_BASES), 4, or_one=True), "the legal basis.", "consent"),
        "publicly_reachable": Key(
            Flag(), "whether anyone can read a channel from anywhere.", "what its channels are"
        ),
        "renewal": Key(Word(known=("none",), refused=("tacit",)), "what happens at the end.", "none"),
        "revocable": Key(Flag(), "whether it can be taken back.", "true"),
        "grant": Key(
            Word(known=("revocable_licence",), refused=("sale", "assignment", "ownership", "licence")),
            "what is given.",
            "revocable_licence",
        ),
        "given_by": Key(
            Word(
                known=("own_control",),
                refused=("accepting_terms", "joining", "ticked_box", "using_a_reward", "silence"),
            ),
            "the act of saying yes.",
            "own_control",
        ),
        "required": Key(Flag(), "whether one must say yes.", "false"),
        "synthetic_use": Key(Word(known=("forbidden",), refused=("allowed",)), "deep fakes.", "forbidden"),
        "ai_training": Key(Flag(), "whether models are trained on it.", "false"),
        "photo_processing": Key(Anything(), "what machines read from a photo.", rule="LR-014"),
        "sublicence": Key(Flag(), "whether others may pass it on.", "false"),
    }
)

RECIPIENT = Record(
    {
        "id": Key(Word(pattern=SLUG, form=SLUG_FORM), "a name of its own.", may_miss=False),
        "name": Key(Sentence(120), "legal name."),
        "role": Key(Word(known=tuple(ROLES)), "what it is in law.", may_miss=False),
        "country": Key(Word(pattern=_COUNTRY, form=_COUNTRY_FORM), "where it is.", may_miss=False),
        "contract": Key(Sentence(80), "reference of the contract on data."),
        "consideration": Key(Sentence(200), "what it gives in return; none.", "none"),
        "transfer": Key(Word(known=("scc", "idta", "bcr", "adequacy")), "the safeguard outside Europe.", "none"),
    }
)

CLAIM = Either(
    (
        Sentence(300),
        Named(Many(Word(is_open=True, most=120), 250, or_one=True), "[a-z_]{1,60}", "the kind of a claim", 1),
    )
)
"""A claim is a word, or a word with its values; which ones the evidence can contradict, a rule knows."""

OFFER = Record(
    {
        "onloan": Key(Whole(1, 1), "the version of this format: 1.", may_miss=False),
        "offer": Key(Word(pattern=SLUG, form=SLUG_FORM), "the offer's name in addresses.", may_miss=False),
        "controller": Key(CONTROLLER, "who makes the offer."),
        "representatives": Key(
            Named(REPRESENTATIVE, "EU|GB|CH", "EU, GB or CH", 3),
            "who speaks for a merchant established elsewhere.",
            "none",
        ),
        "title": Key(_texts(80), "the offer's title."),
        "colour": Key(
            Word(pattern=r"#[0-9a-fA-F]{6}", form="a colour in quotes as “#0b5d4e”"),
            "the merchant's colour.",
            "#0b5d4e",
        ),
        "translation": Key(
            Word(known=("human",), refused=("machine",)), "who translated; machine is a HOLD.", "human"
        ),
        "markets": Key(Named(MARKET, _COUNTRY, _COUNTRY_FORM, 32), "each country, and its dates and money."),
        "referral": Key(REFERRAL, "how people invite and when they count."),
        "rewards": Key(Many(REWARD, 20), "what people earn."),
        "permissions": Key(Many(PERMISSION, 20), "what people may allow, for no reward.", "none"),
        "recipients": Key(Many(RECIPIENT, 50), "who outside the merchant may receive items.", "nobody"),
        "claims": Key(Many(CLAIM, 20), "what the merchant says in public about data.", "none"),
        "headline": Key(Anything(), "Onloan computes it.", rule="LR-049"),
        "clauses": Key(Many(Anything(), 100), "terms in free words.", rule="LR-005"),
        "mechanic": Key(
            Word(known=("certain",), refused=("chance", "skill")), "how rewards are given.", "certain"
        ),
        "cancel": Key(Anything(), "when the merchant may stop.", rule="LR-055"),
        "change": Key(Anything(), "when the merchant may change the offer.", rule="LR-012"),
        "decisions": Key(Anything(), "who decides without giving reasons.", rule="LR-012"),
        "liability": Key(Anything(), "what the merchant does not answer for.", rule="LR-012"),
        "court": Key(Anything(), "a court that people must go to.", rule="LR-012"),
        "waives": Key(Anything(), "rights that people give up.", rule="LR-005"),
        "on_withdrawal": Key(
            Word(known=("keeps_rewards",), refused=("loses_rewards", "pays_back", "pays_damages")),
            "what taking back costs.",
            "keeps_rewards",
        ),
        "no_claim_on_withdrawal": Key(Flag(), "the merchant claims nothing when people take back.", "true"),
        "countdown": Key(Anything(), "a clock that runs down.", rule="LR-025"),
        "scarcity": Key(Anything(), "“only a few left”.", rule="LR-025"),
        "targeting": Key(Anything(), "whom the offer is aimed at.", rule="LR-038"),
        "joining_fee": Key(Anything(), "what joining costs.", rule="LR-046"),
        "age_check": Key(
            Word(known=("declaration",), refused=("id_document",)), "how age is checked.", "declaration"
        ),
        "tax_free": Key(Flag(), "a promise about taxes.", rule="LR-061"),
        "complaints": Key(
            Word(known=("anywhere",), refused=("to_us_first",)), "where people may complain.", "anywhere"
        ),
    }
)
