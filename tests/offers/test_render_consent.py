"""The question about one permission: everything that a use must be covered by stands in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from onloan.offers.document import Recipient
from onloan.offers.texts import consent_text, permission_sentence
from tests.support.offers import spring_offer

OFFER = spring_offer()
UNTIL = date(2027, 5, 30)


def test_it_asks_in_one_sentence() -> None:
    name = OFFER.permission("invitation-name")
    english = consent_text(OFFER, name, "GB", "en", UNTIL)
    assert (
        english.sentence == "Show my username to the people I invite, on the invitation page, until 30 May 2027."
    )
    french = consent_text(OFFER, name, "FR", "fr", UNTIL)
    assert (
        french.sentence
        == "Afficher mon pseudo aux personnes que j'invite, sur la page d'invitation, jusqu'au 30 mai 2027."
    )


def test_it_says_items_place_countries_end_reason_and_receiver() -> None:
    text = consent_text(OFFER, OFFER.permission("winner-wall"), "GB", "en", UNTIL)
    assert text.items == "Your partly hidden username and your profile photo"
    assert text.where == "On the page of rewarded people (France and United Kingdom)"
    assert text.until == "30 May 2027"
    assert text.why == "To show that real people receive their rewards."
    assert text.who == "Boutique Exemple SAS, and nobody else."
    assert text.reach == "This place is public: it can be read from any country."
    assert text.excluded.startswith("Never next to content about: politics")
    assert text.optional_statement == "You can join, invite and be paid without allowing this."
    assert text.no_cost_statement == "Changing your mind costs nothing and takes back nothing."


def test_it_names_a_receiver() -> None:
    printer = Recipient("printer", "Print Co", "processor", "FR", "C-1")
    permission = replace(OFFER.permission("winner-wall"), recipients=("printer",))
    text = consent_text(replace(OFFER, recipients=(printer,)), permission, "GB", "en", UNTIL)
    assert text.who == "Boutique Exemple SAS and Print Co, and nobody else. Nobody pays for it."


def test_without_a_day_it_says_how_long_a_yes_lasts() -> None:
    permission = OFFER.permission("invitation-name")
    text = consent_text(OFFER, permission, "GB", "en", None)
    assert text.until == "180 days after your yes"
    assert text.sentence.endswith("for 180 days.")
    assert permission_sentence(replace(permission, term_days=1), "en").endswith("for 1 day.")
