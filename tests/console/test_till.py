"""The till: whoever stands there takes vouchers and slips by their code, and sees nothing else."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from onloan import clock, ids
from onloan.access.models import User
from onloan.payouts.actions import issue_slip, owe_reward
from onloan.payouts.models import Payable
from onloan.payouts.queries import list_slips
from onloan.vouchers.models import Miss, Redemption
from onloan.vouchers.rules import MISSES_OF_A_MEMBER_MAX
from tests.ledger.books import CASH, SETTLED, earn
from tests.portal.support import Page, read_page
from tests.vouchers.tills import Holder, give_voucher, take

pytestmark = pytest.mark.usefixtures("after_settling")

TILL = "/console/till/"
PHONE = {"HTTP_HOST": "127.0.0.1", "HTTP_ACCEPT_LANGUAGE": "en"}


@pytest.fixture
def after_settling(sqlite_database: str) -> None:
    """The test clock shows a moment after the rewards of these tests were earned, whatever the day is."""
    ahead = SETTLED + timedelta(days=1) - clock.now()
    clock.advance(max(0, int(ahead.total_seconds())))


def stand(role: str = "till", **headers: str) -> Client:
    """Somebody with ``role``, signed in on a phone."""
    user = User.objects.create_user(f"{ids.new_code(6).lower()}@boutique.example", name="Tia", role=role)
    client = Client(**{**PHONE, **headers})
    client.force_login(user, backend="onloan.console.backend.TeamBackend")
    return client


def give(**changes: Any) -> Holder:
    """A voucher that is good for some time yet, whatever the day of this test."""
    return give_voucher(**{"expires_at": max(SETTLED, clock.now()) + timedelta(days=60), **changes})


def post(client: Client, path: str = TILL, **values: str) -> Page:
    return read_page(client.post(path, values, follow=True))


def hidden(page: Page) -> dict[str, str]:
    """What the form carries along to the next step."""
    fields = [field for field in page.all("input", type="hidden") if field.get("name") in {"code", "reference"}]
    return {field.get("name"): field.get("value") for field in fields}


def slip_of(holder: Holder) -> str:
    """The code of a claim slip of 4 euros of the same person."""
    owe_reward(reward=earn(holder.books, holder.id, CASH), now=SETTLED)
    payable = Payable.objects.get(participant_id=holder.id)
    issue_slip(participant_id=holder.id, payable_id=payable.id, now=SETTLED)
    return list_slips(holder.id)[0].code


def test_it_lands_on_the_till_and_sees_nothing_else() -> None:
    client = stand()
    landed = client.get("/console/", follow=True)
    assert landed.redirect_chain == [(TILL, 302)]
    page = read_page(landed)
    assert {link.get("href") for link in page.all("a")} <= {
        "/console/",
        TILL,
        "#main",
        "/en/status/",
        "/demo/shop/",
        "/demo/mail/",
    }
    for path in ("offers/", "markets/", "requests/", "money/", "evidence/", "team/"):
        refused = client.get(f"/console/{path}")
        assert refused.status_code == 403 and TILL in refused.content.decode()


@pytest.mark.parametrize("role", ["growth", "dpo", "finance", "auditor"])
def test_nobody_else_stands_there(role: str) -> None:
    ana = give()
    client = stand(role)
    assert client.get(TILL).status_code == 403
    assert client.post(TILL, {"act": "look", "code": ana.code}).status_code == 403
    assert Client(**PHONE).get(TILL).status_code == 302


def test_it_takes_a_part_of_a_voucher_and_can_undo_it() -> None:
    ana, client = give(), stand()
    shown = post(client, act="look", code=ana.code.lower())
    assert "€14" in shown.text and "Good until the end of" in shown.text
    assert shown.one("input", id="amount").get("value") == "14"
    taken = post(client, act="take", amount="9.50", **hidden(shown))
    assert "€9.50 is taken" in taken.text and "€4.50 is left on the voucher." in taken.text
    assert ana.sums()[0] == 450
    redemption = Redemption.objects.get()
    undone = post(client, f"{TILL}taken/{redemption.id}/")
    assert "€9.50 was not taken" in undone.text and "€14 is on the voucher." in undone.text
    assert ana.sums()[0] == 1_400


def test_a_button_pressed_twice_is_one_sale() -> None:
    ana, client = give(), stand()
    carried = hidden(post(client, act="look", code=ana.code))
    for _ in range(2):
        assert "€5 is taken" in post(client, act="take", amount="5", **carried).text
    assert ana.sums()[0] == 900


@pytest.mark.parametrize(("typed", "minor"), [("9", 900), ("9,5", 950), (" 9.05 € ", 905), ("0.01", 1)])
def test_it_reads_amounts_as_people_write_them(typed: str, minor: int) -> None:
    ana, client = give(), stand()
    post(client, act="take", amount=typed, **hidden(post(client, act="look", code=ana.code)))
    assert ana.sums()[0] == 1_400 - minor


@pytest.mark.parametrize("typed", ["", "0", "nine", "-5", "1e3", "14.001", "14.01", "1.234,50", "9" * 30])
def test_it_keeps_what_was_typed_and_marks_the_field(typed: str) -> None:
    ana, client = give(), stand()
    page = post(client, act="take", amount=typed, **hidden(post(client, act="look", code=ana.code)))
    field = page.one("input", id="amount")
    assert field.get("aria-invalid") == "true" and field.get("value") == typed[:21]
    assert page.status in {409, 422} and "E-" in page.text
    assert ana.sums()[0] == 1_400


def test_it_says_why_nothing_can_be_taken() -> None:
    ana, client = give(), stand()
    take(ana, 1_000, hold_seconds=3_600, now=clock.now())
    assert "€10 of it is set aside" in post(client, act="look", code=ana.code).text
    take(ana, None, "rest", now=clock.now())
    held = post(client, act="look", code=ana.code)
    assert not held.all("input", id="amount")
    spent = give(books=ana.books)
    take(spent, None, now=clock.now())
    assert "All of it is spent." in post(client, act="look", code=spent.code).text


def test_it_pays_a_slip_out_once_and_whole() -> None:
    ana, client = give(), stand()
    code = slip_of(ana)
    shown = post(client, act="look", code=code)
    assert "€4" in shown.text and not shown.all("input", id="amount")
    paid = post(client, act="pay", **hidden(shown))
    assert "€4 is paid out." in paid.text
    assert "paid out already" in post(client, act="look", code=code).text
    again = post(client, act="pay", code=code, reference="till-other")
    assert again.status == 409 and "E-SLIP-REDEEMED" in again.text


def test_a_slip_is_not_taken_as_a_voucher_nor_the_other_way() -> None:
    ana, client = give(), stand()
    code = slip_of(ana)
    assert client.post(TILL, {"act": "take", "code": code, "amount": "4", "reference": "x"}).status_code == 404
    assert client.post(TILL, {"act": "pay", "code": ana.code, "reference": "x"}).status_code == 404
    assert ana.sums()[0] == 1_400


def test_it_counts_guesses_at_every_step() -> None:
    give()
    client = stand()
    for number, step in enumerate(("look", "take", "pay"), start=1):
        answer = client.post(TILL, {"act": step, "code": ids.new_code(16), "amount": "1", "reference": "x"})
        assert answer.status_code == 404 and b"E-VOUCHER-UNKNOWN" in answer.content
        assert Miss.objects.count() == number
    till_id = Miss.objects.values_list("till_id", flat=True)[0]
    Miss.objects.bulk_create(
        Miss(id=ids.new_id(), till_id=till_id, tried_at=clock.now()) for _ in range(MISSES_OF_A_MEMBER_MAX)
    )
    assert client.post(TILL, {"act": "look", "code": ids.new_code(16)}).status_code == 429


def test_a_mistyped_code_stays_in_the_field_and_in_no_address() -> None:
    ana, client = give(), stand()
    wrong = ana.code[:-1] + ("0" if ana.code[-1] != "0" else "1")
    page = post(client, act="look", code=wrong)
    assert page.one("input", id="code").get("value") == wrong
    for code in (wrong, ana.code):
        answer = client.post(TILL, {"act": "look", "code": code}, follow=True)
        assert not answer.redirect_chain and "no-store" in answer["Cache-Control"]


def test_it_speaks_french() -> None:
    ana, client = give(), stand(HTTP_ACCEPT_LANGUAGE="fr")
    shown = post(client, act="look", code=ana.code)
    assert '<html lang="fr">' in shown.html and "14\u00a0€" in shown.html
    taken = post(client, act="take", amount="9,50", **hidden(shown))
    assert ana.sums()[0] == 450
    assert not re.search(r"\b(?:is taken|left on|Undo)\b", taken.text)
