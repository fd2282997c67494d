"""The privacy notice in two layers, written from its fields: what fits a phone's screen, then the whole."""

from __future__ import annotations

from typing import cast

from django.utils.translation import gettext, override

from onloan.markets.rules import market_facts
from onloan.offers import wording
from onloan.offers.blocks import FieldValue, Notice, Section, Table
from onloan.offers.consent import permission_sentence
from onloan.offers.document import Offer
from onloan.offers.notice_fields import Edition, notice_fields
from onloan.offers.retention import PROFILE_MONTHS
from onloan.offers.vocabulary import said

Fields = dict[str, FieldValue]

FIRST_LAYER_CHARACTERS_MAX = 1_100
"""About what a phone of 320 points shows at 17 points with two turns of the thumb."""


def render_notice(offer: Offer, country: str, language: str, edition: Edition | None = None) -> Notice:
    """The notice of ``country`` in ``language``, one of ``TEXT_LANGUAGES``. Raises KeyError "
    "for another country."""
    facts = market_facts(country)
    assert country in offer.markets
    with override(language):
        fields = notice_fields(offer, facts, language, edition)
        return Notice(
            title=gettext("What happens with your data: %(title)s") % {"title": said(offer.title, language)},
            language=language,
            fields=fields,
            first_layer=_first_layer(fields, language),
            sections=(
                _who(fields),
                _what_for(fields),
                _permissions(offer, fields, language),
                _needed(fields, language),
                _recipients(fields),
                _retention(fields),
                _rights(fields),
                _objection(fields),
                _complaint(fields),
                _decisions(fields),
                _more(fields),
                _edition_section(fields),
            ),
        )


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    assert isinstance(value, str)
    return value


def _strings(fields: Fields, name: str) -> tuple[str, ...]:
    return cast("tuple[str, ...]", fields.get(name, ()))


def _records(fields: Fields, name: str) -> tuple[dict[str, str], ...]:
    return cast("tuple[dict[str, str], ...]", fields.get(name, ()))


def _first_layer(fields: Fields, language: str) -> tuple[tuple[str, str], ...]:
    optional = _strings(fields, "provision.optional_fields")
    return (
        (
            gettext("Who"),
            f"{_text(fields, 'controller.legal_name')}, {_text(fields, 'controller.email')}",
        ),
        (
            gettext("What we need"),
            wording.sentence_case(wording.listed(_strings(fields, "provision.required_fields"), language)) + ".",
        ),
        (
            gettext("What is up to you"),
            wording.sentence_case(wording.listed(optional, language))
            + ". "
            + _text(fields, "grant.optional_statement"),
        ),
        (gettext("Who gets it"), _text(fields, "recipients.text")),
        (
            gettext("How long"),
            gettext(
                "Your name and e-mail: until %(months)d months after the last payment. Receipts and "
                "accounts: longer, as the full notice says."
            )
            % {"months": PROFILE_MONTHS},
        ),
        (
            gettext("Your rights"),
            gettext("See it, correct it, erase it, limit it, take it with you.")
            + " "
            + _text(fields, "grant.no_cost_statement"),
        ),
        # Apart from the other rights, at the first contact (GDPR art. 21(4)).
        (
            gettext("Your right to object"),
            gettext("To advertising, and to checks by a program: one click, no reason needed."),
        ),
        (gettext("If something is wrong"), _text(fields, "complaint.text")),
    )


def _who(fields: Fields) -> Section:
    points = [
        gettext("Address: %(address)s") % {"address": _text(fields, "controller.address")},
        gettext("E-mail: %(email)s") % {"email": _text(fields, "controller.email")},
    ]
    if _text(fields, "dpo.contact"):
        points.append(gettext("Data protection officer: %(contact)s") % {"contact": _text(fields, "dpo.contact")})
    if _text(fields, "representative.name"):
        points.append(
            gettext("Representative here: %(name)s, %(address)s")
            % {
                "name": _text(fields, "representative.name"),
                "address": _text(fields, "representative.address"),
            }
        )
    return Section("who", gettext("Who is responsible"), (_text(fields, "controller.legal_name"),), tuple(points))


def _what_for(fields: Fields) -> Section:
    rows = tuple(
        (record["text"], wording.sentence_case(record["items"]), wording.sentence_case(record["legal_basis_text"]))
        for record in _records(fields, "purposes")
    )
    head = (gettext("What for"), gettext("What we use"), gettext("Why we may"))
    return Section(
        "what_for",
        gettext("What we use, and what for"),
        (_text(fields, "purposes.legitimate_interest"),),
        table=Table(head, rows),
    )


def _permissions(offer: Offer, fields: Fields, language: str) -> Section:
    title = gettext("What is shown only if you allow it")
    if not offer.permissions:
        return Section(
            "permissions", title, (gettext("We ask you to allow nothing. Nothing about you is shown."),)
        )
    rows = tuple(
        (
            permission_sentence(permission, language),
            grant["territories"],
            f"{grant['public_reach']} {grant['excluded_contexts']}",
        )
        for permission, grant in zip(offer.permissions, _records(fields, "grants"), strict=True)
    )
    return Section(
        "permissions",
        title,
        (
            _text(fields, "grant.optional_statement"),
            _text(fields, "grant.no_cost_statement"),
            _text(fields, "consent.withdraw.text"),
        ),
        table=Table((gettext("What we ask"), gettext("Countries"), gettext("Limits")), rows),
    )


def _needed(fields: Fields, language: str) -> Section:
    return Section(
        "needed",
        gettext("What you have to give, and what not"),
        (_text(fields, "provision.consequence"),),
        (
            gettext("Needed: %(fields)s.")
            % {"fields": wording.listed(_strings(fields, "provision.required_fields"), language)},
            gettext("Up to you: %(fields)s.")
            % {"fields": wording.listed(_strings(fields, "provision.optional_fields"), language)},
        ),
    )


def _recipients(fields: Fields) -> Section:
    points = [
        f"{record['name']} ({record['country']}): {record['role']}" for record in _records(fields, "recipients")
    ]
    points += [
        gettext("To %(country)s, protected by: %(tool)s. %(copy)s")
        % {"country": record["country"], "tool": record["tool"], "copy": record["copy"]}
        for record in _records(fields, "transfers")
    ]
    return Section("recipients", gettext("Who gets it"), (_text(fields, "recipients.text"),), tuple(points))


def _retention(fields: Fields) -> Section:
    rows = tuple((record["class"], record["period"]) for record in _records(fields, "retention"))
    return Section(
        "retention", gettext("How long it is kept"), table=Table((gettext("What"), gettext("Until when")), rows)
    )


def _rights(fields: Fields) -> Section:
    points = tuple(wording.sentence_case(record["text"]) for record in _records(fields, "rights"))
    return Section(
        "rights",
        gettext("Your rights"),
        (_text(fields, "rights.how"), _text(fields, "rights.deadline")),
        points,
    )


def _objection(fields: Fields) -> Section:
    """Apart from everything else, as art. 21(4) asks."""
    return Section("objection", gettext("Your right to object"), (_text(fields, "rights.object"),))


def _complaint(fields: Fields) -> Section:
    return Section(
        "complaint",
        gettext("If something is wrong"),
        (_text(fields, "complaint.text"), _text(fields, "complaint.url")),
    )


def _decisions(fields: Fields) -> Section:
    return Section("decisions", gettext("Decisions by machines"), (_text(fields, "automated_decisions.text"),))


def _more(fields: Fields) -> Section:
    return Section(
        "more",
        gettext("Where it comes from, cookies, links"),
        (
            _text(fields, "source.text"),
            _text(fields, "cookies.text"),
            _text(fields, "ad_disclosure.text"),
        ),
    )


def _edition_section(fields: Fields) -> Section:
    title = gettext("This version")
    if "notice.valid_from" not in fields:
        return Section("edition", title, (wording.sentence_case(_text(fields, "notice.version")) + ".",))
    paragraph = gettext("Version %(number)s, published on %(day)s. Every earlier version keeps its address.") % {
        "number": _text(fields, "notice.version"),
        "day": _text(fields, "notice.valid_from"),
    }
    return Section("edition", title, (paragraph,))
