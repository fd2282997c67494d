"""The privacy notice: each field that art. 13 asks for, and two layers written from these fields."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from django.utils.translation import override

from onloan.markets.rules import market_facts
from onloan.offers.blocks import Notice
from onloan.offers.document import Offer, Recipient
from onloan.offers.notice import FIRST_LAYER_CHARACTERS_MAX
from onloan.offers.notice_fields import REQUIRED, missing_fields, notice_fields
from onloan.offers.texts import TEXT_LANGUAGES, Edition, render_notice
from tests.support.offers import spring_offer

OFFER = spring_offer()


def all_text(notice: Notice) -> str:
    parts = []
    for section in notice.sections:
        parts += [section.title, *section.paragraphs, *section.points]
        if section.table:
            parts += [cell for row in (section.table.head, *section.table.rows) for cell in row]
    return "\n".join(parts)


@pytest.mark.parametrize("country", ["FR", "GB"])
@pytest.mark.parametrize("language", TEXT_LANGUAGES)
def test_it_fills_each_field_and_fits_a_phone(country: str, language: str) -> None:
    notice = render_notice(OFFER, country, language)
    assert missing_fields(OFFER, country, notice.fields) == ()
    length = sum(len(label) + len(sentence) for label, sentence in notice.first_layer)
    assert length <= FIRST_LAYER_CHARACTERS_MAX
    assert len(notice.first_layer) <= 8
    titles = [label for label, _ in notice.first_layer]
    assert {"Your right to object", "Votre droit de vous opposer"} & set(titles), "apart (GDPR art. 21(4))"


@pytest.mark.parametrize("name", REQUIRED)
def test_it_misses_each_field_that_is_empty(name: str) -> None:
    """Take out any one field, and that one is named."""
    fields = render_notice(OFFER, "FR", "en").fields
    assert missing_fields(OFFER, "FR", {**fields, name: ""}) == (name,)
    assert missing_fields(OFFER, "FR", {key: value for key, value in fields.items() if key != name}) == (name,)


def test_a_list_with_an_empty_entry_is_not_filled() -> None:
    fields = render_notice(OFFER, "FR", "en").fields
    assert missing_fields(OFFER, "FR", {**fields, "purposes": ({"id": "x", "text": ""},)}) == ("purposes",)


def test_each_purpose_has_one_basis_and_named_items() -> None:
    purposes = render_notice(OFFER, "FR", "en").fields["purposes"]
    assert [(entry["id"], entry["legal_basis"]) for entry in purposes if isinstance(entry, dict)] == [
        ("taking_part", "contract"),
        ("payout", "contract"),
        ("accounting", "legal_obligation"),
        ("rights", "legal_obligation"),
        ("fraud_checks", "legitimate_interest"),
        ("referral_card", "consent"),
        ("referral_acceptance", "consent"),
        ("winner_wall", "consent"),
    ]
    assert "your username and your profile photo" in str(purposes)


def test_it_says_what_paying_and_the_checks_against_cheating_use() -> None:
    """GDPR arts 13(1)(c), (d), 13(2)(a), (f): purposes, the interest pursued, periods, who decides."""
    notice = render_notice(OFFER, "FR", "en")
    uses = {entry["id"]: entry["items"] for entry in notice.fields["purposes"] if isinstance(entry, dict)}
    assert "once cash is owed, the name on your account and its number" in uses["payout"]
    assert "whether your e-mail or your account is also somebody else's here" in uses["fraud_checks"]
    assert "account" not in uses["accounting"] + uses["taking_part"]
    interest = str(notice.fields["purposes.legitimate_interest"])
    assert "We look at no device and no place." in interest
    assert "using a right never counts against you" in interest
    decisions = str(notice.fields["automated_decisions.text"])
    assert "decides within 10 days" in decisions and "it counts" in decisions
    kept = {entry["class"]: entry["period"] for entry in notice.fields["retention"] if isinstance(entry, dict)}
    assert kept["The name on your account and its number"].startswith("30 days after the last payment.")
    assert kept["What the checks against cheating noticed"] == (
        "12 months, or 3 years where a person decided that it was fraud."
    )


def test_it_asks_for_an_account_only_where_cash_is_paid() -> None:
    asked = "an account to be paid into, once cash is owed"
    assert asked in render_notice(OFFER, "FR", "en").fields["provision.optional_fields"]
    vouchers = replace(OFFER, rewards=tuple(rule for rule in OFFER.rewards if rule.kind == "voucher"))
    assert asked not in render_notice(vouchers, "FR", "en").fields["provision.optional_fields"]


def test_it_lists_all_six_rights_with_their_deadline_and_object_apart() -> None:
    notice = render_notice(OFFER, "FR", "en")
    rights = notice.fields["rights"]
    assert [entry["right"] for entry in rights if isinstance(entry, dict)] == [
        "access", "rectify", "erase", "restrict", "object", "port",
    ]  # fmt: skip
    assert "We answer within one month." in notice.section("rights").paragraphs
    assert notice.section("objection").paragraphs == (notice.fields["rights.object"],)


def test_switzerland_answers_in_days() -> None:
    offer = in_country("CH")
    assert render_notice(offer, "CH", "en").fields["rights.deadline"] == "We answer within 30 days."


def in_country(country: str) -> Offer:
    rewards = tuple(replace(rule, amounts={country: rule.amounts["FR"]}) for rule in OFFER.rewards)
    return replace(OFFER, markets={country: replace(OFFER.markets["FR"], country=country)}, rewards=rewards)


def test_the_british_notice_has_the_complaint_form_and_the_representative() -> None:
    british, french = render_notice(OFFER, "GB", "en"), render_notice(OFFER, "FR", "en")
    assert british.fields["complaint.controller_form_url"] == "/en/requests/"
    assert british.fields["representative.name"] == "Exemple Shop Ltd"
    assert "complaint.controller_form_url" not in french.fields
    assert "representative.name" not in french.fields
    without = {name: value for name, value in british.fields.items() if name != "complaint.controller_form_url"}
    assert missing_fields(OFFER, "GB", without) == ("complaint.controller_form_url",)


def test_it_names_each_recipient_and_where_data_goes() -> None:
    far = Recipient("printer", "Print Co", "processor", "US", "C-1", "scc")
    near = Recipient("mailer", "Poste Exemple", "processor", "FR", "C-2")
    notice = render_notice(replace(OFFER, recipients=(far, near)), "FR", "en")
    section = notice.section("recipients")
    assert any("Print Co" in point for point in section.points)
    assert any("standard contract clauses of the European Union" in point for point in section.points)
    assert any("Poste Exemple (France): works on our instructions" in point for point in section.points)
    unsafe = replace(OFFER, recipients=(replace(far, transfer=""),))
    assert missing_fields(unsafe, "FR", render_notice(unsafe, "FR", "en").fields) == ("transfers",)


def test_it_says_that_nobody_gets_anything() -> None:
    text = render_notice(OFFER, "FR", "en").fields["recipients.text"]
    assert text == "Nobody outside Boutique Exemple SAS. Your data is not for sale."


def test_a_public_place_says_that_the_world_can_read_it() -> None:
    """LR-008."""
    grants = render_notice(OFFER, "FR", "en").fields["grants"]
    reach = {entry["id"]: entry["public_reach"] for entry in grants if isinstance(entry, dict)}
    assert reach["winner-wall"] == "This place is public: it can be read from any country."
    assert reach["invitation-name"] == "This place is not public."


def test_it_keeps_accounts_as_long_as_each_country_asks() -> None:
    french = all_text(render_notice(OFFER, "FR", "en"))
    assert "10 years after the end of the year, as the law on accounts asks." in french
    assert "includes your name and the end of your account number, in an archive that is opened only for" in french
    assert "6 years after the end of the year, as the law on accounts" in all_text(
        render_notice(OFFER, "GB", "en")
    )
    unknown = all_text(render_notice(in_country("PL"), "PL", "en"))
    assert market_facts("PL").payout_record_years is None
    assert "10 years after the end of the year: the longest that laws on accounts ask for" in unknown


def test_an_edition_says_its_number_and_the_one_before() -> None:
    second = render_notice(OFFER, "FR", "en", Edition(2, date(2026, 12, 24)))
    assert second.fields["notice.previous_url"] == "/en/o/spring-pot/FR/notice/1/"
    assert second.fields["promo.terms_url"] == "/en/o/spring-pot/FR/terms/2/"
    assert "Version 2, published on 24 December 2026." in second.section("edition").paragraphs[0]
    assert "notice.previous_url" not in render_notice(OFFER, "FR", "en", Edition(1, date(2026, 12, 24))).fields


def test_the_pages_are_written_from_the_fields_alone() -> None:
    """Each sentence that stands in a field stands on the page, so that no field is filled for show."""
    notice = render_notice(OFFER, "GB", "en")
    text = all_text(notice)
    for name in (
        "controller.legal_name", "controller.address", "controller.email", "dpo.contact", "recipients.text",
        "rights.how", "rights.deadline", "rights.object", "complaint.text", "complaint.url",
        "provision.consequence", "automated_decisions.text", "consent.withdraw.text", "cookies.text",
        "source.text", "ad_disclosure.text", "grant.optional_statement", "grant.no_cost_statement",
    ):  # fmt: skip
        assert str(notice.fields[name]) in text, name


def test_fields_do_not_depend_on_the_language_of_the_caller() -> None:
    with override("fr"):
        inside = render_notice(OFFER, "FR", "en")
    assert inside == render_notice(OFFER, "FR", "en")
    with override("en"):
        fields = notice_fields(OFFER, market_facts("FR"), "en", None)
    assert fields == inside.fields
