"""Where and how a person is paid: asked when cash is owed, shown before it is kept, masked afterwards."""

from __future__ import annotations

import pytest

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.rules import Door, Kind
from onloan.payouts.actions import redeem_slip
from onloan.payouts.models import Payee
from onloan.payouts.queries import list_slips
from onloan.people.queries import read_items
from onloan.vouchers.queries import list_vouchers
from tests.portal.money import (
    IBAN,
    IBAN_DIGITS,
    IBAN_WRONG,
    NAME,
    UK_NUMBER,
    UK_SORT_CODE,
    Earner,
    an_earner,
    pay,
    prepare,
    sign_in,
    tess,
)
from tests.portal.support import Page, Visitor, add_participant

pytestmark = pytest.mark.usefixtures("sqlite_database")


def holds_account(page: Page) -> bool:
    """Whether the account stands on the page, however it is grouped."""
    return IBAN_DIGITS[4:] in page.html.replace(" ", "").replace("\u00a0", "")


def is_stored(earner: Earner) -> bool:
    items = read_items(earner.joined.participant_id, ["payee_name", "payee_account"])
    return bool(items) or Payee.objects.exists()


def test_an_account_is_asked_for_only_when_cash_is_owed() -> None:
    ana = an_earner(is_settled=False)
    page = ana.get("payment/")
    assert page.status == 200
    assert "Rien ne vous est dû en argent pour le moment." in page.text
    assert not page.fields()
    refused = ana.post("payment/", {"step": "save", "name": NAME, "account": IBAN})
    assert not is_stored(ana)
    assert not holds_account(refused)


def test_what_the_bank_will_see_is_shown_before_anything_is_kept() -> None:
    ana = an_earner()
    page = ana.get("payment/")
    assert [field.get("name") for field in page.fields()] == ["name", "account"]
    assert "4 € en argent" in page.text
    seen = ana.post("payment/", {"step": "check", "name": NAME, "account": IBAN.lower()})
    assert "Ana Brule" in seen.text and f"« {NAME} »" in seen.text
    assert IBAN in seen.text
    assert not is_stored(ana)
    values = {field.get("name"): field.get("value") for field in seen.all("input", type="hidden")}
    saved = ana.post("payment/", {**values, "step": "save"})
    assert "C'est fait. Nous vous payons sur ce compte." in saved.text
    assert read_items(ana.joined.participant_id, ["payee_name"])["payee_name"].decode() == NAME


def test_an_account_is_masked_once_it_is_kept() -> None:
    ana = an_earner()
    for page in (ana.give_account(), ana.get("payment/"), ana.get(), ana.get("statement/2026/")):
        assert not holds_account(page)
    page = ana.get("payment/")
    assert "0189" in page.text and "Ana Brule" in page.text
    assert not [field for field in page.fields() if field.get("value")], "no field is filled in with it"
    assert "no-store" in page.headers["Cache-Control"]


def test_changing_goes_back_to_the_form_with_what_was_typed() -> None:
    ana = an_earner()
    page = ana.post("payment/", {"step": "change", "name": NAME, "account": IBAN})
    assert page.one("input", name="name").get("value") == NAME
    assert page.one("input", name="account").get("value") == IBAN
    assert not is_stored(ana)


@pytest.mark.parametrize("step", ["check", "save", ""])
@pytest.mark.parametrize(
    ("name", "account", "field"),
    [
        (NAME, IBAN_WRONG, "account"),
        (NAME, "4" * 65, "account"),
        (NAME, "", "account"),
        ("", IBAN, "name"),
        ("A" * 71, IBAN, "name"),
        ("☂☂☂", IBAN, "name"),
    ],
)
def test_a_mistake_stands_at_its_field_and_nothing_is_kept(step: str, name: str, account: str, field: str) -> None:
    ana = an_earner()
    page = ana.post("payment/", {"step": step, "name": name, "account": account})
    assert page.status == 422
    assert page.one("input", name=field).get("aria-invalid") == "true"
    assert page.one("input", name=field).get("value") == (name if field == "name" else account)
    assert page.one("div", id=f"id_{field}_error").text.strip()
    assert not is_stored(ana)


def test_in_pounds_it_is_a_sort_code_and_a_number() -> None:
    ana = an_earner("GB")
    page = ana.get("payment/")
    assert [field.get("name") for field in page.fields()] == ["name", "sort_code", "account"]
    typed = {"name": NAME, "sort_code": UK_SORT_CODE, "account": UK_NUMBER}
    seen = ana.post("payment/", {"step": "check", **typed})
    assert UK_SORT_CODE in seen.text and UK_NUMBER in seen.text
    wrong = ana.post("payment/", {"step": "check", **typed, "sort_code": ""})
    assert wrong.status == 422 and wrong.one("input", name="sort_code").get("aria-invalid") == "true"
    saved = ana.post("payment/", {"step": "save", **typed})
    assert "Done. We pay you to this account." in saved.text and UK_NUMBER not in saved.html


def test_an_account_can_be_removed_and_changed() -> None:
    ana = an_earner()
    ana.give_account()
    other = "DE89 3704 0044 0532 0130 00"
    page = ana.post("payment/", {"step": "save", "name": "Ana Braun", "account": other})
    assert "3000" in page.text and "Ana Braun" in page.text
    removed = ana.post("payment/remove/")
    assert "Votre nom et votre compte sont supprimés." in removed.text
    assert not is_stored(ana)
    assert ana.situation.needs_account


def test_the_day_of_a_payment_is_told_at_each_step() -> None:
    ana = an_earner()
    assert "Dites-nous aujourd'hui où, et nous le payons au plus tard le" in ana.get("payment/").text
    ana.give_account()
    assert "Payé sur votre compte au plus tard le" in ana.get("payment/").text
    prepare(ana)
    page = ana.get("payment/")
    assert "En route vers votre compte. La banque doit le payer le" in page.text
    assert "va sur le compte que vous aviez donné" in page.text
    assert not [link for link in page.all("a") if "/slips/" in link.get("href")], "it is under way"


def test_what_is_paid_leaves_the_page_of_what_is_owed() -> None:
    ana = an_earner()
    ana.give_account()
    pay(ana)
    assert "Rien ne vous est dû en argent" in ana.get("payment/").text
    assert "Payé : 4 € en argent." in ana.get().text


def test_a_slip_is_explained_before_it_is_made() -> None:
    ana = an_earner()
    path = ana.slip_path()
    page = ana.get(path)
    assert "Le coupon vaut de l'argent liquide" in page.text
    assert not list_slips(ana.joined.participant_id)
    made = ana.post(path)
    (slip,) = list_slips(ana.joined.participant_id)
    assert slip.code in made.text and made.all("svg")
    assert slip.code.replace(" ", "") not in ana.visitor.address
    again = ana.post(path)
    assert slip.code in again.text and len(list_slips(ana.joined.participant_id)) == 1


def test_a_cancelled_slip_shows_its_code_no_more() -> None:
    ana = an_earner()
    path = ana.slip_path()
    ana.post(path)
    (slip,) = list_slips(ana.joined.participant_id)
    assert "Voir le coupon" in ana.get().text
    page = ana.post(path + "cancel/")
    assert "Le coupon ne vaut plus rien." in page.text
    assert slip.code not in ana.get(path).text and slip.code not in ana.get().text
    assert ana.situation.needs_account


def test_a_slip_that_was_paid_out_says_so() -> None:
    ana = an_earner()
    path = ana.slip_path()
    ana.post(path)
    (slip,) = list_slips(ana.joined.participant_id)
    till = tess()
    redeem_slip(typed_code=slip.code, reference="sale-1", by=till, now=clock.now())
    page = ana.get(path)
    assert "4 € ont été payés avec ce coupon" in page.text
    assert slip.code not in page.text and not page.all("svg")
    assert ana.visitor.status(ana.path(path + "cancel/"), "post") == 409
    assert "Payé avec votre coupon : 4 € en argent." in ana.get().text


def test_a_voucher_of_the_same_amount_is_taken_after_a_second_look() -> None:
    ana = an_earner()
    before = {voucher.id for voucher in list_vouchers(ana.joined.participant_id)}
    line = ana.owed
    page = ana.get(f"payment/vouchers/{line.reward_id}/")
    assert page.text.count("4 €") >= 3 and not page.fields()
    assert {voucher.id for voucher in list_vouchers(ana.joined.participant_id)} == before
    taken = ana.post(f"payment/vouchers/{line.reward_id}/")
    (new,) = [each for each in list_vouchers(ana.joined.participant_id) if each.id not in before]
    assert new.amount == line.amount and new.code in taken.text
    mine = ana.get()
    assert "Vous l'avez pris en bon d'achat de 4 €." in mine.text
    cash, vouchers = [" ".join(pot.text.split()) for pot in mine.all("span", **{"class": "amount"})]
    assert cash.startswith("0 €") and vouchers.startswith("18 €"), "it moved from one pot to the other"
    assert ana.visitor.status(ana.path(f"payment/vouchers/{line.reward_id}/")) == 404


def test_nobody_reaches_what_is_owed_to_somebody_else() -> None:
    ana = an_earner()
    chloe = sign_in(ana.market, add_participant(ana.market, "Chloe"))
    stranger = Visitor()
    voucher = ana.voucher
    paths = [
        ana.slip_path(), ana.slip_path() + "cancel/", f"payment/vouchers/{ana.owed.reward_id}/",
        f"vouchers/{voucher.id}/",
    ]  # fmt: skip
    for path in paths:
        for method in ("get", "post"):
            status = chloe.visitor.status(chloe.path(path), method)
            assert status in {404, 405}, (path, method)
            assert stranger.status(chloe.path(path), method) in {302, 405}, (path, method)
    assert ana.owed.state == "owed"


def test_no_right_hides_the_way_to_be_paid() -> None:
    ana = an_earner()
    for kind in (Kind.RESTRICTION, Kind.OBJECTION, Kind.COMPLAINT):
        open_case(
            kind=kind, country="FR", language="fr", door=Door.MY_PAGE, text="Please stop.",
            participant_id=ana.joined.participant_id, now=clock.now(),
        )  # fmt: skip
    assert "Nous vous payons sur ce compte." in ana.give_account().text
    pay(ana)
    assert not ana.situation.owed


def test_before_erasing_the_page_says_how_to_be_paid_first() -> None:
    ana = an_earner()
    page = ana.get("request/erasure/")
    assert "4 € en argent que nous vous devons." in page.text
    assert [link for link in page.all("a") if link.get("href").endswith("/me/payment/")]
    ana.post(ana.slip_path())
    assert "que nous vous devons" not in ana.get("request/erasure/").text, "the slip stays good"
    assert not [link for link in ana.get("request/access/").all("a") if link.get("href").endswith("/me/payment/")]
