"""Whoever asks reads who answers: in the mail's sender and signature, and on the page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.answers import Parts
from onloan.cases.desk import add_note, answer_case
from onloan.cases.erasing import choose_way
from onloan.cases.erasure_steps import finish_erasures
from onloan.cases.following import ask_to_follow
from onloan.cases.identifying import identify_case
from onloan.cases.intake import send_new_code, take_in
from onloan.cases.merchants import list_merchants, name_merchants, sign_mail
from onloan.cases.restricting import announce_lifting
from onloan.cases.rules import Door, ErasureWay, Kind, Outcome
from onloan.outbox.models import Message
from tests.joining.support import add_participant, open_market

SHOP = "Boutique Exemple SAS"
CASE_MAILS = {
    "case_acknowledged", "case_progress", "case_answered", "case_in_your_name", "restriction_told", "case_erased",
    "case_erasure_begun", "follow_code", "request_code",
}  # fmt: skip


def test_nobody_known_is_answered_by_whoever_runs_offers_here(sqlite_database: str) -> None:
    assert sign_mail(None) == {}
    market = open_market()
    assert list_merchants() == [SHOP] and name_merchants(None) == SHOP
    assert name_merchants(add_participant(market).participant_id) == SHOP


@pytest.mark.parametrize("is_known", [True, False])
def test_every_mail_about_a_case_says_who_sends_it(sqlite_database: str, is_known: bool) -> None:
    market, now = open_market(), clock.now()
    dora, ana = market.team.dora, add_participant(market)
    opened = take_in(
        kind=Kind.RESTRICTION, country="FR", language="fr", text="Please.", email="else@example.org", now=now
    )
    send_new_code(reference=opened.reference, email="else@example.org", language="fr", now=now)
    ask_to_follow(email="else@example.org", language="fr", now=now)
    case_id, outcome = opened.case_id, Outcome.NOTHING_HELD
    if is_known:
        outcome = Outcome.DONE
        identify_case(
            case_id=case_id, user_id=dora, typed=ana.public_id, how="They named two whom they invited.", now=now
        )
        announce_lifting(case_id=case_id, user_id=dora, reasons="The doubt about the photo is settled.", now=now)
        open_case(
            kind=Kind.ERASURE, country="FR", language="fr", door=Door.MY_PAGE, text="", now=now,
            participant_id=ana.participant_id, contact="ana@example.org",
        )  # fmt: skip
        choose_way(participant_id=ana.participant_id, way=ErasureWay.SLIP, now=now)
    add_note(case_id=case_id, user_id=dora, text="We look for it.", is_shown=True, now=now)
    parts = Parts(done="We looked for everything that you asked about.")
    answer_case(case_id=case_id, user_id=dora, outcome=outcome, parts=parts, now=now)
    sent = set(Message.objects.filter(template__in=CASE_MAILS).values_list("template", "context__controller"))
    # What was mailed to somebody is gone with them.
    finish_erasures(now=now + timedelta(days=2))
    sent |= set(Message.objects.filter(template__in=CASE_MAILS).values_list("template", "context__controller"))
    wanted = CASE_MAILS if is_known else {
        "case_acknowledged", "case_progress", "case_answered", "follow_code", "request_code",
    }  # fmt: skip
    assert sent == {(template, SHOP) for template in wanted}
