"""The page of a market: what was typed into its switch stays when it is refused, and the field is marked."""

from __future__ import annotations

import re

import pytest

from onloan.offers.queries import find_market
from tests.console.test_pages import AUDE, DORA, GREG, campaign, seeded, signed_in

__all__ = ["campaign", "seeded"]

MARKET = "/console/markets/spring-pot/FR/"
SUSPENDED = {"act": "suspend", "reason": "People ask what their photo is for."}
REASON = "The page is clearer now."

pytestmark = pytest.mark.usefixtures("campaign")


def refuse(email: str, status: int, **fields: str) -> str:
    answer = signed_in(email).post(MARKET, fields)
    assert answer.status_code == status
    page = answer.content.decode()
    assert 'role="alert" id="errors" tabindex="-1" autofocus' in page
    return page


def area(page: str, field: str) -> str:
    found = re.search(rf'<textarea id="{field}".*?</textarea>', page)
    assert found is not None
    return found.group()


def test_reopening_keeps_both_texts_and_marks_the_one_that_is_too_short() -> None:
    signed_in(DORA).post(MARKET, SUSPENDED)
    page = refuse(DORA, 422, act="reopen", reason=REASON, **{"explanation-fr": "Bref <b>"})
    short = area(page, "explanation-fr")
    assert "Bref &lt;b&gt;</textarea>" in short and 'aria-invalid="true"' in short
    assert 'href="#explanation-fr"' in page and 'id="explanation-fr-error"' in page and "E-EXPLANATION" in page
    reason = area(page, "open-reason")
    assert f">{REASON}</textarea>" in reason and "aria-invalid" not in reason
    assert area(page, "withdraw-reason").endswith("></textarea>"), "another form stays empty"
    page = refuse(DORA, 422, act="reopen", reason="x", **{"explanation-fr": "Nous avons retiré la photo."})
    assert 'aria-invalid="true"' in area(page, "open-reason") and 'href="#open-reason"' in page
    assert "Nous avons retiré la photo.</textarea>" in area(page, "explanation-fr")
    assert find_market("spring-pot", "FR").state == "suspended"


def test_suspending_and_withdrawing_keep_what_was_typed() -> None:
    page = refuse(DORA, 422, act="suspend", reason="Why")
    assert "Why</textarea>" in area(page, "suspend-reason") and 'href="#suspend-reason"' in page
    signed_in(DORA).post(MARKET, SUSPENDED)
    page = refuse(DORA, 422, act="withdraw", reason=REASON, honour_statement="Paid")
    assert "<details open><summary>Withdraw for good" in page and 'href="#honour"' in page
    assert f"{REASON}</textarea>" in area(page, "withdraw-reason")
    assert "Paid</textarea>" in area(page, "honour") and 'aria-invalid="true"' in area(page, "honour")
    assert area(page, "open-reason").endswith("></textarea>")


def test_a_form_that_is_gone_is_refused_aloud_and_its_text_kept() -> None:
    signed_in(DORA).post(MARKET, SUSPENDED)
    page = refuse(DORA, 409, **SUSPENDED)
    assert "no longer on this page" in page and SUSPENDED["reason"] in area(page, "kept")
    page = refuse(AUDE, 403, act="reopen", reason=REASON)
    assert "E-NOT-ALLOWED" in page and REASON in area(page, "kept")
    page = refuse(GREG, 409, act="close", reason=REASON)
    assert REASON in area(page, "kept") and find_market("spring-pot", "FR").state == "suspended"
