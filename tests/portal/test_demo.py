"""The demo's shop and its mails."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from onloan import clock
from onloan.jobs.table import read_address
from onloan.ledger.queries import pot_view
from onloan.outbox.actions import deliver_due
from tests.joining.support import open_market
from tests.people.support import read_mailed_code
from tests.portal.support import Visitor, add_participant, join_address


def test_the_shop_reports_a_sign_up_for_a_typed_code(both_databases: str) -> None:
    market = open_market()
    ana = add_participant(market, "Ana", now=clock.now() - timedelta(days=1))
    ben = add_participant(market, "Ben", via_code=ana.link_code)
    visitor = Visitor()
    page = visitor.post("/demo/shop/", {"person": ben.link_code.lower()})
    assert page.status == 200 and "told" in page.text
    assert len(pot_view(ana.participant_id).waiting) == 2
    assert len(pot_view(ben.participant_id).waiting) == 1
    visitor.post("/demo/shop/", {"person": ben.public_id})
    assert len(pot_view(ana.participant_id).waiting) == 2


@pytest.mark.parametrize("typed", ["", "nobody", "<b>", "p" + "A" * 13])
def test_the_shop_knows_nobody_by_another_code(sqlite_database: str, typed: str) -> None:
    page = Visitor().post("/demo/shop/", {"person": typed})
    assert page.status == 422
    assert page.one("input", id="person").get("value") == typed[:24]
    assert page.one("input", id="person").get("aria-invalid") == "true"


def test_the_mails_that_were_written_can_be_read(sqlite_database: str) -> None:
    open_market()
    visitor = Visitor()
    visitor.post(join_address(), {"email": "ana@example.org"})
    code = read_mailed_code()
    assert "No mail yet." in visitor.get("/demo/mail/").text
    deliver_due(now=clock.now(), read_address=read_address)
    page = visitor.get("/demo/mail/")
    assert code in page.text and "ana@example.org" in page.text


def test_a_file_that_is_no_mail_does_not_break_the_page(sqlite_database: str) -> None:
    folder = Path(settings.HOME) / "mail"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "1.log").write_bytes(b"\xff\xfe not a mail")
    assert Visitor().get("/demo/mail/").status == 200


def test_the_pages_of_the_demo_exist_in_test_mode_only(
    sqlite_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor()
    assert "Demonstration" in visitor.get("/en/").text
    monkeypatch.setattr(settings, "TEST_MODE", False)
    assert visitor.status("/demo/shop/") == 404
    assert visitor.status("/demo/mail/") == 404
    assert "Demonstration" not in visitor.get("/en/").text
