"""The content of a privacy notice by name: what GDPR arts 13 and 7 ask for, and what a promotion must say.

A notice is written from these fields alone, and an offer whose fields have a gap cannot be published (LR-028).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext

from onloan.markets.rules import MarketFacts, country_name, known_countries, market_facts
from onloan.offers import wording
from onloan.offers.blocks import FieldValue
from onloan.offers.conditions import reward_lines, significant_conditions
from onloan.offers.document import Offer, Texts
from onloan.offers.retention import retention_lines
from onloan.offers.rules import REVIEW_DAYS
from onloan.offers.vocabulary import CHANNELS, ITEMS, PURPOSES, ROLES, said
from onloan.offers.wording import written_day

REQUIRED = (
    "controller.legal_name", "controller.address", "controller.email", "purposes", "recipients.text", "retention",
    "rights", "rights.how", "rights.deadline", "rights.url", "rights.object", "complaint.authority_name",
    "complaint.short", "complaint.url", "complaint.text", "provision.required_fields",
    "provision.optional_fields", "provision.consequence", "automated_decisions.text",
    "grant.optional_statement",
    "grant.no_cost_statement", "promo.how", "promo.opens_at", "promo.closes_at", "promo.rewards",
    "promo.pool_total", "promo.limits", "promo.min_age", "promo.markets", "promo.terms_url",
    "promo.payout_method", "promo.payout_days", "promo.costs", "promo.tax_sentence",
    "promo.withdrawal_policy", "ad_disclosure.text", "cookies.text", "source.text", "notice.lang",
)  # fmt: skip
"""Fields that stand in every notice."""

_RUN_BY_US = ("taking_part", "payout", "accounting", "rights", "fraud_checks")
_SAFE_ADDRESS = "/{language}/{page}/"


SAFEGUARDS: dict[str, Texts] = {
    "scc": {
        "en": "standard contract clauses of the European Union",
        "fr": "clauses contractuelles types de l'Union européenne",
    },
    "idta": {"en": "the British contract for transfers", "fr": "le contrat britannique de transfert"},
    "bcr": {"en": "binding rules of its whole group", "fr": "règles contraignantes de tout son groupe"},
    "adequacy": {
        "en": "a decision that its law protects as well",
        "fr": "une décision que sa loi protège aussi bien",
    },
}


@dataclass(frozen=True, slots=True)
class Edition:
    """Which version a notice belongs to. A preview has none."""

    number: int
    published_on: date


def notice_fields(
    offer: Offer, facts: MarketFacts, language: str, edition: Edition | None
) -> dict[str, FieldValue]:
    """Every field, in the active language, which is ``language``."""
    return {
        **_controller(offer, facts),
        **_purposes(offer, language),
        **_recipients(offer, language),
        "retention": tuple({"class": name, "period": period} for name, period in retention_lines(facts)),
        **_rights(offer, facts, language),
        **_provision(offer, facts, language),
        **_grants(offer, language),
        **_promotion(offer, facts, language, edition),
        "ad_disclosure.text": gettext(
            "Whoever sends you a link is rewarded if you join; the text with it says so."
        ),
        "cookies.text": gettext(
            "We use only the cookies that these pages need: one keeps you signed in for at most 30 days, "
            "one keeps a form that you have begun, one protects forms. None follows you."
        ),
        "source.text": gettext(
            "What we know comes from you. Once you joined, %(merchant)s adds whether and when you did what "
            "counts, and the link that you used says who invited you."
        )
        % {"merchant": offer.controller.name},
        **_edition(offer, facts, language, edition),
    }


def missing_fields(offer: Offer, country: str, fields: Mapping[str, FieldValue]) -> tuple[str, ...]:
    """Names of the fields that are empty where the law asks for them (art. 13; LR-028)."""
    wanted = list(REQUIRED)
    if offer.permissions:
        wanted += ["grants", "consent.withdraw.text", "consent.withdraw.url"]
    if _needs_representative(offer, market_facts(country)):
        wanted += ["representative.name", "representative.address"]
    if any(_is_far(recipient.country, country) for recipient in offer.recipients):
        wanted.append("transfers")
    if market_facts(country).complaint_law:
        wanted.append("complaint.controller_form_url")
    return tuple(name for name in wanted if not _is_filled(fields.get(name, "")))


def _is_filled(value: FieldValue) -> bool:
    """A list is filled when no record in it has an empty entry."""
    if isinstance(value, str):
        return bool(value.strip())
    return bool(value) and all(
        _is_filled(entry) if isinstance(entry, str) else all(part.strip() for part in entry.values())
        for entry in value
    )


def _region(country: str) -> str:
    if country not in known_countries():
        return ""
    return "EU" if market_facts(country).eea else country


def _needs_representative(offer: Offer, facts: MarketFacts) -> bool:
    """GDPR art. 27 and its British twin: a merchant established outside the region it offers to."""
    region = _region(facts.country)
    return region in ("EU", "GB") and region != _region(offer.controller.country)


def _is_far(recipient_country: str, market: str) -> bool:
    """Whether what a recipient gets leaves the European Economic Area and the market's own country."""
    return recipient_country != market and _region(recipient_country) != "EU"


def _controller(offer: Offer, facts: MarketFacts) -> dict[str, FieldValue]:
    controller = offer.controller
    fields: dict[str, FieldValue] = {
        "controller.legal_name": controller.name,
        "controller.address": controller.address,
        "controller.email": controller.email,
        "dpo.contact": controller.dpo,
    }
    for representative in offer.representatives:
        if representative.region == _region(facts.country):
            fields["representative.name"] = representative.name
            fields["representative.address"] = representative.address
    return fields


def _purposes(offer: Offer, language: str) -> dict[str, FieldValue]:
    data = {
        "taking_part": gettext(
            "your e-mail, your name to show, that you are old enough, your link, who invited you"
        ),
        "payout": gettext(
            "what you earned and when; once cash is owed, the name on your account and its number, unless you "
            "prefer a slip"
        ),
        "accounting": gettext("what you were paid and when"),
        "rights": gettext("your request, what we answered, and when"),
        "fraud_checks": gettext(
            "when you joined, who invited you, when you did what counts, your name to show, and whether your "
            "e-mail or your account is also somebody else's here"
        ),
    }
    records = [_purpose(name, data[name], language) for name in _RUN_BY_US]
    asked: dict[str, list[str]] = {}
    for permission in offer.permissions:
        asked.setdefault(permission.purpose, []).extend(permission.items)
    records += [
        _purpose(purpose, wording.items_yours(dict.fromkeys(items), language), language)
        for purpose, items in asked.items()
    ]
    return {
        "purposes": tuple(records),
        "purposes.legitimate_interest": gettext(
            "Our interest in the checks against cheating: the money that is set aside goes to real people. We "
            "look for people who invite themselves or each other, one account for many people, many friends "
            "within an hour, throw-away addresses, and names that are numbered. We look at no device and no "
            "place. A household that shares a phone or an account is not held for it, and using a right never "
            "counts against you."
        ),
    }


def _purpose(name: str, items: str, language: str) -> dict[str, str]:
    basis = PURPOSES[name].basis
    said_basis = {
        "consent": gettext("your free answer, which you can take back at any time"),
        "contract": gettext("the terms that you join under"),
        "legal_obligation": gettext("the law asks us to"),
        "legitimate_interest": gettext("our interest in it, to which you can object"),
    }
    return {
        "id": name,
        "text": said(PURPOSES[name].sentence, language),
        "items": items,
        "legal_basis": basis,
        "legal_basis_text": said_basis[basis],
    }


def _recipients(offer: Offer, language: str) -> dict[str, FieldValue]:
    merchant = {"merchant": offer.controller.name}
    if not offer.recipients:
        return {
            "recipients": (),
            "recipients.text": gettext("Nobody outside %(merchant)s. Your data is not for sale.") % merchant,
        }
    fields: dict[str, FieldValue] = {
        "recipients": tuple(
            {
                "name": recipient.name,
                "role": said(ROLES.get(recipient.role, {"en": recipient.role}), language),
                "country": country_name(recipient.country, language),
            }
            for recipient in offer.recipients
        ),
        "recipients.text": gettext("Outside %(merchant)s, only those named here. Nobody pays for your data.")
        % merchant,
    }
    transfers = tuple(
        {
            "country": country_name(recipient.country, language),
            "tool": said(SAFEGUARDS.get(recipient.transfer, {"en": recipient.transfer}), language),
            "copy": gettext("Ask %(email)s for a copy.") % {"email": offer.controller.email},
        }
        for recipient in offer.recipients
        if recipient.transfer
    )
    return {**fields, "transfers": transfers} if transfers else fields


def _rights(offer: Offer, facts: MarketFacts, language: str) -> dict[str, FieldValue]:
    requests = _SAFE_ADDRESS.format(language=language, page="requests")
    if facts.rights.unit == "month":
        deadline = gettext("We answer within one month.")
    else:
        deadline = gettext("We answer within %(period)s.") % {"period": wording.days(facts.rights.value)}
    fields: dict[str, FieldValue] = {
        "rights": (
            {"right": "access", "text": gettext("see all that we hold about you, and have a copy")},
            {"right": "rectify", "text": gettext("have it corrected")},
            {"right": "erase", "text": gettext("have it erased")},
            {"right": "restrict", "text": gettext("have it set aside, so that we only keep it")},
            {"right": "object", "text": gettext("object to a use")},
            {"right": "port", "text": gettext("take it with you in a file")},
        ),
        "rights.how": gettext(
            "On your page, on the page for requests without signing in, or by a mail to %(email)s. It is "
            "free, and it never costs a reward."
        )
        % {"email": offer.controller.email},
        "rights.deadline": deadline,
        "rights.url": requests,
        "rights.object": gettext(
            "You can object at any time, without a reason, with one click on your page: to the use of your data "
            "for advertising, which stops at once; and to our checks against cheating by a program, which a "
            "person then makes. We send you no advertising."
        ),
        "complaint.authority_name": facts.authority.name,
        "complaint.short": facts.authority.short_name,
        "complaint.url": facts.authority.complaint_url,
        "complaint.text": wording.complaint_sentence(facts),
    }
    if facts.complaint_law:
        fields["complaint.controller_form_url"] = requests
    if offer.permissions:
        fields["consent.withdraw.text"] = gettext(
            "You can take back each thing that you allow at any time, with one click, as easily as you "
            "allowed it. What was shown before stays lawful, and you keep every reward."
        )
        fields["consent.withdraw.url"] = _SAFE_ADDRESS.format(language=language, page="me")
    return fields


def _provision(offer: Offer, facts: MarketFacts, language: str) -> dict[str, FieldValue]:
    asked = {item for permission in offer.permissions for item in permission.items}
    optional = [gettext("each answer to a question about what may be shown")] if offer.permissions else []
    if any(rule.kind == "cash" and facts.country in rule.amounts for rule in offer.rewards):
        optional.append(gettext("an account to be paid into, once cash is owed"))
    if any(ITEMS[item].is_image for item in asked):
        optional.insert(0, gettext("a photo"))
    return {
        "provision.required_fields": (
            gettext("your e-mail"),
            gettext("a name to show"),
            gettext("that you are %(age)d or over") % {"age": offer.markets[facts.country].age_min},
        ),
        "provision.optional_fields": tuple(optional) or (gettext("nothing else is asked"),),
        "provision.consequence": gettext(
            "Without what is needed you cannot join. If you leave out the rest, nothing happens: your pot "
            "is the same."
        ),
        "automated_decisions.text": gettext(
            "No machine alone refuses you a reward. If something looks like cheating, a program may hold it; "
            "a named person decides within %(decided)s, tells you why, and hears you. If nobody has decided by "
            "then, it counts. You can ask for somebody else to decide again."
        )
        % {"decided": wording.days(REVIEW_DAYS)},
    }


def _grants(offer: Offer, language: str) -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {
        "grant.optional_statement": wording.optional_statement(),
        "grant.no_cost_statement": wording.no_cost_statement(),
    }
    if not offer.permissions:
        return fields
    return {
        **fields,
        "grants": tuple(
            {
                "id": permission.id,
                "channels": wording.listed(
                    (said(CHANNELS[name].place, language) for name in permission.channels), language
                ),
                "territories": wording.countries(permission.territories, language),
                "term": wording.days(permission.term_days),
                "excluded_contexts": wording.excluded(permission, language) or gettext("No subject is excluded."),
                "public_reach": wording.reach(permission),
            }
            for permission in offer.permissions
        ),
    }


def _promotion(offer: Offer, facts: MarketFacts, language: str, edition: Edition | None) -> dict[str, FieldValue]:
    conditions = significant_conditions(offer, facts.country, language)
    place = f"o/{offer.slug}/{facts.country}"
    return {
        "promo.how": conditions.how,
        "promo.opens_at": conditions.opens,
        "promo.closes_at": conditions.closes,
        "promo.rewards": tuple(
            {
                "amount": f"{line.amount} {line.nature}",
                "condition": line.condition,
                "limit": line.limit,
                "when": line.when,
            }
            for line in reward_lines(offer, facts.country, language)
        ),
        "promo.pool_total": conditions.pool,
        "promo.limits": conditions.limits,
        "promo.min_age": conditions.age,
        "promo.markets": tuple(country_name(country, language) for country in offer.markets),
        "promo.terms_url": _SAFE_ADDRESS.format(
            language=language, page=f"{place}/terms/{edition.number}" if edition else place
        ),
        "promo.payout_method": gettext(
            "Vouchers appear on your page. Once cash is owed, you say where to pay it: into an account in your "
            "own name, or by a slip that the shop pays out in cash."
        ),
        "promo.payout_days": wording.days(offer.markets[facts.country].payout_days),
        "promo.costs": conditions.costs,
        "promo.tax_sentence": conditions.tax,
        "promo.withdrawal_policy": conditions.if_stopped,
    }


def _edition(offer: Offer, facts: MarketFacts, language: str, edition: Edition | None) -> dict[str, FieldValue]:
    if edition is None:
        return {"notice.lang": language, "notice.version": gettext("a draft, not published")}
    fields: dict[str, FieldValue] = {
        "notice.lang": language,
        "notice.version": str(edition.number),
        "notice.valid_from": written_day(edition.published_on, language),
    }
    if edition.number > 1:
        previous = f"o/{offer.slug}/{facts.country}/notice/{edition.number - 1}"
        fields["notice.previous_url"] = _SAFE_ADDRESS.format(language=language, page=previous)
    return fields
