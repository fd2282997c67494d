"""Putting the books right on the console: proposed beside what the person has, booked by finance."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from onloan import clock, ids
from onloan.cases.actions import open_case
from onloan.cases.rules import Door, Kind
from onloan.ledger.models import Correction, Reward
from tests.console.test_reviews import read, signed_in
from tests.joining.support import add_participant, open_market
from tests.portal.money import an_earner

REASON = "The shop's own list has her friend's sign-up."


@pytest.mark.usefixtures("sqlite_database")
def test_it_is_proposed_by_one_and_booked_by_another() -> None:
    market = open_market()
    ana = add_participant(market, "Ana")
    ben = add_participant(market, "Ben", via_code=ana.link_code)
    case_id = open_case(
        kind=Kind.RECTIFICATION, country="FR", language="fr", door=Door.MY_PAGE, text="Ben manque.",
        participant_id=ana.participant_id, now=clock.now(),
    ).case_id  # fmt: skip
    sam, fay, greg = signed_in("Sam", "support"), signed_in("Finn", "finance"), signed_in("Gus", "growth")
    address = f"/console/requests/{case_id}/correction/"
    assert greg.get(address).status_code == 403 and fay.get(address).status_code == 403
    page = read(sam, address)
    assert ana.public_id in page and ben.public_id in page and "not reported" in page
    assert "ana@example.org" not in page and "reserved for this person" in page
    form = {"correction_id": str(ids.new_id()), "rule": "cash", "friend": ben.public_id, "reason": REASON}
    for field, value, code in (
        ("rule", "", "E-CORRECTION-RULE"),
        ("friend", "", "E-CORRECTION-FRIEND"),
        ("reason", "because", "E-CORRECTION-REASON"),
        ("correction_id", "x", "E-INPUT"),
    ):
        refused = sam.post(address, {**form, field: value})
        text = refused.content.decode()
        assert refused.status_code in {409, 422} and code in text and "Nothing was proposed." in text
        named = field if field != "correction_id" else "rule"
        assert f'href="#{named}"' in text and f'id="{named}-error"' in text
    for _ in range(2):
        assert "Proposed. Someone of finance" in sam.post(address, form, follow=True).content.decode()
    (correction,) = Correction.objects.all()
    money = read(fay, "/console/money/")
    assert "Corrections to approve" in money and REASON.replace("'", "&#x27;") in money and "Book €4" in money
    assert REASON.replace("'", "&#x27;") not in read(greg, "/console/money/")
    decide = f"/console/money/corrections/{correction.id}/"
    assert "E-NOT-ALLOWED" in greg.post(decide, {"act": "approve"}, follow=True).content.decode()
    assert fay.get(decide).status_code == 405
    assert not Reward.objects.exists()
    assert "Booked in your name" in fay.post(decide, {"act": "approve"}, follow=True).content.decode()
    assert Reward.objects.get().state == "earned"
    assert "Corrections to approve" not in read(fay, "/console/money/")
    after = read(sam, address)
    assert "booked" in after and "corrected" in after and re.search(r"4 times still", after)
    assert not Correction.objects.filter(state="proposed").exists()


@pytest.mark.usefixtures("sqlite_database")
def test_it_is_taken_back_by_whoever_proposed_it_and_says_what_is_not_possible() -> None:
    ana = an_earner().joined
    sam = signed_in("Sam", "support")

    def case_of(kind: Kind) -> UUID:
        return open_case(
            kind=kind, country="FR", language="fr", door=Door.MY_PAGE, text="Il manque une personne.",
            participant_id=ana.participant_id, now=clock.now(),
        ).case_id  # fmt: skip

    assert sam.get(f"/console/requests/{case_of(Kind.ACCESS)}/correction/").status_code == 404
    case_id = case_of(Kind.COMPLAINT)
    address = f"/console/requests/{case_id}/correction/"
    form = {"correction_id": str(ids.new_id()), "rule": "cash", "friend": "other", "reason": REASON}
    sam.post(address, form)
    assert "Take it back" in read(sam, address)
    decide = f"/console/money/corrections/{Correction.objects.get().id}/"
    back = sam.post(decide, {"act": "refuse", "case": str(case_id)}, follow=True)
    assert back.request["PATH_INFO"] == address and "not booked" in back.content.decode()
    unknown = open_case(
        kind=Kind.RECTIFICATION, country="FR", language="fr", door=Door.PUBLIC_PAGE, text="Il manque tout.",
        contact="eve@example.org", now=clock.now(),
    ).case_id  # fmt: skip
    assert "E-CASE-NOBODY" in sam.get(f"/console/requests/{unknown}/correction/").content.decode()
