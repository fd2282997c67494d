"""The queue on the console: nothing late is filtered away, a number leads to its case, and every page shouts."""

from __future__ import annotations

from django.test import Client

from onloan.cases.queries import find_case
from onloan.cases.rules import Kind
from tests.console.test_cases import ask, dora
from tests.console.test_reviews import read, signed_in

__all__ = ["dora"]


def test_it_shows_what_is_late_whatever_is_chosen_and_on_every_page(dora: Client) -> None:
    assert "Nobody waits for an answer." in read(dora, "/console/requests/")
    assert "late-banner" not in read(dora, "/console/team/")
    late, fresh = ask(days_ago=40), ask(Kind.COMPLAINT, "GB")
    page = read(dora, "/console/requests/?kind=complaint")
    assert str(late) in page and str(fresh) in page and " days late" in page
    assert str(fresh) not in read(dora, "/console/requests/?country=FR&kind=access")
    assert str(fresh) not in read(dora, "/console/requests/?tab=late")
    assert str(late) in read(dora, "/console/requests/?tab=answered&page=2")
    for address in ("/console/team/", "/console/markets/", f"/console/requests/{fresh}/"):
        page = read(dora, address)
        assert "1 request or complaint is past its day" in page and "/console/requests/?tab=late" in page
    assert "late-banner" not in read(signed_in("Fay", "finance"), "/console/team/")


def test_a_number_leads_to_its_case(dora: Client) -> None:
    case_id = ask()
    reference = find_case(case_id).line.reference
    found = dora.get("/console/requests/", {"reference": reference.replace("-", " ").lower()})
    assert found.headers["Location"] == f"/console/requests/{case_id}/"
    page = read(dora, "/console/requests/?reference=0000-0000")
    assert "No request has this number." in page and 'value="0000-0000"' in page
    # Somebody who may not open it learns nothing from a number.
    growth = signed_in("Greg", "growth").get("/console/requests/", {"reference": reference})
    assert growth.status_code == 200 and str(case_id) not in growth.content.decode()


def test_nonsense_in_the_address_chooses_nothing(dora: Client) -> None:
    case_id = ask()
    for query in ("tab=none&kind=waive&country=XX&page=-1", "page=99999999999999", "page=²", "page=0"):
        assert str(case_id) in read(dora, f"/console/requests/?{query}"), query
