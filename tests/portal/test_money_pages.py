"""Every page about money is whole in its language: labels, headings, words, and nothing from elsewhere."""

from __future__ import annotations

import pytest

from onloan import clock
from tests.portal.money import IBAN, IBAN_WRONG, LANGUAGES, NAME, UK_NUMBER, UK_SORT_CODE, an_earner, spend
from tests.portal.test_pages import check_page
from tests.portal.test_reviews import held

pytestmark = pytest.mark.usefixtures("sqlite_database")
TYPED = {
    "FR": {"name": NAME, "account": IBAN},
    "GB": {"name": NAME, "sort_code": UK_SORT_CODE, "account": UK_NUMBER},
}


@pytest.mark.parametrize("country", LANGUAGES)
def test_every_screen_of_being_paid_is_whole(country: str) -> None:
    ana = an_earner(country)
    language = ana.language
    check_page(ana.get(), "my page", language)
    check_page(ana.get("payment/"), "nothing given", language)
    check_page(ana.post("payment/", {"step": "check"}), "nothing typed", language, status=422)
    wrong = {**TYPED[country], "account": IBAN_WRONG}
    check_page(ana.post("payment/", {"step": "check", **wrong}), "a wrong account", language, status=422)
    check_page(ana.post("payment/", {"step": "check", **TYPED[country]}), "is this right", language)
    check_page(ana.post("payment/", {"step": "save", **TYPED[country]}), "saved", language)
    check_page(ana.get("request/erasure/"), "erasure", language)
    slip, reward = ana.slip_path(), ana.owed.reward_id
    check_page(ana.get(slip), "a new slip", language)
    check_page(ana.post(slip), "a slip", language)
    check_page(ana.get("payment/"), "with a slip", language)
    check_page(ana.post(slip + "cancel/"), "cancelled", language)
    check_page(ana.get(f"payment/vouchers/{reward}/"), "a voucher instead", language)
    check_page(ana.post(f"payment/vouchers/{reward}/"), "the voucher", language)
    spend(ana, 100)
    check_page(ana.get(f"vouchers/{ana.voucher.id}/"), "a voucher", language)
    check_page(ana.get(f"statement/{clock.now().year}/"), "a statement", language)


def test_a_reward_that_is_looked_at_is_whole_on_every_page() -> None:
    ana = held()
    check_page(ana.get(), "my page", "fr")
    check_page(ana.get("review/"), "the review", "fr")
    wrong = ana.post("review/", {"step": "comment", "text": ""})
    check_page(wrong, "nothing said", "fr", status=422)
