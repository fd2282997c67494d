"""The queue on the console: nothing late is filtered away, a number leads to its case, and every page shouts."""

from __future__ import annotations

import re

from django.test import Client

from onloan import clock
from onloan.cases.following import add_message
from onloan.cases.queries import find_case
from onloan.cases.rules import EventKind, Kind
from onloan.cases.timeline import event_statement
from onloan.db import action, execute
from tests.cases.test_queue_queries import fill
from tests.console.test_cases import ask, dora, send
from tests.console.test_reviews import read, signed_in
from tests.joining.support import add_participant, open_market

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
    assert re.findall(r"<b>(\d+)</b>", tabs) == ["1", "0", "0", "0"]
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


def test_each_clock_leads_to_what_it_counts(dora: Client) -> None:
    late = ask(days_ago=45)

    @action
    def fail() -> None:
        execute([event_statement(late, None, EventKind.MAIL_FAILED, clock.now(), text="case_acknowledged")])

    fail()
    fresh = ask(Kind.COMPLAINT, "GB")
    for name, case_id in (("Mails about requests that did not arrive", late), ("A complaint", fresh)):
        desk = read(dora, "/console/desk/")
        address = re.findall(rf'href="([^"]+)">{name}</a>', desk)[0].replace("&amp;", "&")
        page = read(dora, address)
        assert str(case_id) in page and "<b>1</b>" in page.split('class="tabs"')[1].split("</li>")[0], name
    for step in ("waits", "pack_gap", "undelivered"):
        assert f'<option value="{step}" selected>' in read(dora, f"/console/requests/?step={step}")
    assert "Nothing here is like that." in read(dora, "/console/requests/?step=pack_gap")
    page = read(dora, "/console/requests/?tab=soon&step=waits")
    assert "Due in 10 days" in page and "tab=late&amp;step=waits" in page, "the tabs keep what was chosen"


def test_what_came_from_one_address_is_linked_by_a_number(dora: Client) -> None:
    same = [ask(Kind.COMPLAINT) for _ in range(3)]
    reference = find_case(same[0]).line.reference
    link = f"?like={reference}"
    page = read(dora, "/console/requests/")
    assert page.count("+2, same address") == 3 and link in page and "example.org" not in page
    page = read(dora, f"/console/requests/{same[0]}/")
    assert "2 more from this address" in page and link in page
    page = read(dora, f"/console/requests/{link}")
    assert "Only what came from the address of" in page and "+2, same address" not in page
    assert 'name="like"' in page and f"like={reference}" in page
    other = ask(Kind.ACCESS)
    assert str(other) in read(dora, "/console/requests/?like=0000-0000"), "no such number chooses nothing"
    growth = read(signed_in("Greg", "growth"), f"/console/requests/{link}")
    assert "Only what came" not in growth and "same address" not in growth


def test_the_queue_and_the_page_of_a_case_say_the_same(dora: Client) -> None:
    market = open_market()
    ana = add_participant(market, "Ana")
    gap, unknown, wrote = ask(person=ana.participant_id), ask(), ask(Kind.COMPLAINT, "GB")
    erasing = ask(Kind.ERASURE, person=ana.participant_id)

    @action
    def lose() -> None:
        execute([event_statement(gap, ana.participant_id, EventKind.PACK_GAP, clock.now(), text="Mails to you")])

    lose()
    add_message(case_id=wrote, text="It was in May.", now=clock.now())
    page = read(dora, "/console/requests/")
    for case_id, row, words in (
        (gap, "the copy has a gap", "This part of their copy could not be read: Mails to you."),
        (unknown, "who is it?", "Nobody knows yet who asks."),
        (wrote, "the person wrote", "The person wrote: read it under What happened. Find out what happened"),
        (erasing, "erasure is under way", "The erasure is under way: its steps stand below."),
    ):
        assert row in page.split(str(case_id))[1].split("</tr>")[0], row
        assert words in read(dora, f"/console/requests/{case_id}/").split('id="next"')[1].split("</div>")[0]
