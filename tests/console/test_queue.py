"""The queue on the console: nothing late is filtered away, a number leads to its case, and every page shouts."""

from __future__ import annotations

import re

from django.test import Client

from onloan.cases.queries import find_case
from onloan.cases.rules import Kind
from tests.cases.test_queue_queries import fill
from tests.console.test_cases import ask, dora, send
from tests.console.test_reviews import read, signed_in
from tests.joining.support import open_market

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


def test_a_filter_keeps_to_what_is_chosen_under_its_own_heading(dora: Client) -> None:
    late = [ask(days_ago=days) for days in range(47, 40, -1)]
    fresh = ask(Kind.COMPLAINT, "GB")
    page = read(dora, "/console/requests/?kind=complaint&country=GB")
    above, chosen = page.split('<h2 id="chosen">', 1)
    assert "Late, whatever is chosen" in above and 'href="?tab=late">Everything that is late (7)' in above
    assert [str(each) in above for each in late] == [True] * 5 + [False] * 2
    assert str(fresh) in chosen and not any(str(each) in chosen for each in late)
    assert "United Kingdom" in chosen.split("</h2>")[0]
    tabs = page.split('class="tabs"', 1)[1].split("</ul>", 1)[0]
    assert re.findall(r"<b>(\d+)</b>", tabs) == ["1", "0", "0"]
    page = read(dora, "/console/requests/?tab=answered")
    assert "Late, whatever is chosen" in page and "Nothing is answered yet." in page
    assert page.index('id="late"') < page.index('id="chosen"')
    for tab in ("open", "late"):
        assert "whatever is chosen" not in read(dora, f"/console/requests/?tab={tab}"), "nothing is left out"


def test_a_page_says_how_many_there_are(dora: Client) -> None:
    open_market()
    fill(53)
    page = read(dora, "/console/requests/?country=FR")
    assert "Page 1 of 2" in page and 'rel="next" href="?tab=open&amp;country=FR&amp;page=2"' in page
    page = read(dora, "/console/requests/?page=7")
    assert "Page 2 of 2" in page and page.count('<th scope="row">') == 3 and 'rel="next"' not in page
    assert "Page " not in read(dora, "/console/requests/?tab=late")


def test_a_case_whose_clock_stands_still_counts_no_days(dora: Client) -> None:
    case_id = ask()
    send(dora, case_id, act="pause", pause="identity", question="With which address did you join?",
         doubt="Two people of this name wrote.")  # fmt: skip
    assert find_case(case_id).waits_for is not None
    page = read(dora, "/console/requests/")
    assert "waits for an answer" in page and "days left" not in page


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
