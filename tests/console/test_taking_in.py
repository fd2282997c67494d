"""Taking a letter in: all that is missing in one run, nothing typed is lost, and no second case by going back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from onloan import clock
from onloan.cases.models import Case
from onloan.cases.queries import find_case
from onloan.cases.rules import Door, Kind
from tests.console.test_cases import HOW, dora
from tests.joining.support import add_participant, open_market

__all__ = ["dora"]
ADDRESS = "/console/requests/new/"


def typed(**changes: str) -> dict[str, str]:
    day = clock.local_day(clock.now(), "Europe/Paris") - timedelta(days=3)
    values = {
        "kind": "access", "text": "Please send me everything.", "country": "FR", "language": "fr",
        "received_on": day.isoformat(), "came_by": "letter", "email": "", "postal_address": "3 rue des Lilas",
    }  # fmt: skip
    return {**values, **changes}


def test_a_letter_becomes_a_case_and_reloading_makes_no_second_one(dora: Client) -> None:
    assert 'name="received_on"' in dora.get(ADDRESS).content.decode()
    answer = dora.post(ADDRESS, typed())
    case = find_case(Case.objects.get().id)
    assert answer.status_code == 302 and answer.headers["Location"] == f"/console/requests/{case.line.id}/"
    assert (case.line.kind, case.line.door, case.postal_address) == (Kind.ACCESS, Door.STAFF, "3 rue des Lilas")
    assert case.line.reference in dora.get(answer.headers["Location"]).content.decode()


def test_a_button_pressed_twice_takes_in_one_letter(dora: Client) -> None:
    found = re.search(r'name="form_id" value="([0-9a-f-]{36})"', dora.get(ADDRESS).content.decode())
    assert found is not None
    first, second = (dora.post(ADDRESS, typed(form_id=found.group(1))) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"] and Case.objects.count() == 1


def test_all_that_is_missing_is_said_at_its_field_in_one_run(dora: Client) -> None:
    answer = dora.post(ADDRESS, {"text": "Typed already.", "language": "fr", "representative": "Cousin Carl"})
    page = answer.content.decode()
    assert answer.status_code == 422 and not Case.objects.exists()
    for field in ("kind", "received_on", "came_by", "country", "email"):
        assert f'<a href="#{field}">' in page and f'id="{field}-error"' in page, field
    assert "Typed already.</textarea>" in page and 'value="Cousin Carl"' in page


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"received_on": "2999-01-01"}, "received_on", "E-CASE-RECEIVED"),
        ({"received_on": "yesterday"}, "received_on", "Choose the day"),
        ({"kind": "complaint", "text": " "}, "text", "E-CASE-TEXT"),
        ({"email": "nobody"}, "email", "E-EMAIL"),
        ({"known_as": "p000"}, "known_as", "E-LOOKUP-NOBODY"),
        ({"about": "money"}, "about", "E-INPUT"),
        ({"language": "xx"}, "language", "E-INPUT"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(
    dora: Client, change: dict[str, str], field: str, code: str
) -> None:
    answer = dora.post(ADDRESS, typed(how=HOW, **change))
    page = answer.content.decode()
    assert answer.status_code >= 400 and code in page and f'id="{field}-error"' in page
    assert not Case.objects.exists() and f">{HOW}</textarea>" in page


def test_a_letter_is_not_longer_for_the_way_a_browser_ends_its_lines(dora: Client) -> None:
    assert dora.post(ADDRESS, typed(text="x\r\n" * 1_999 + "xy")).status_code == 302
    assert len(find_case(Case.objects.get().id).text) == 4_000


def test_whoever_is_known_is_tied_at_once(dora: Client) -> None:
    ana = add_participant(open_market())
    page = dora.post(ADDRESS, typed(known_as=ana.public_id, how="A copy of her passport."))
    assert "E-ID-COPY" in page.content.decode() and not Case.objects.exists()
    dora.post(ADDRESS, typed(known_as=ana.public_id, how=HOW))
    assert Case.objects.get().participant_id == ana.participant_id
