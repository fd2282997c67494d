"""The console: who may open and do what, and what its pages say."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from django.test import Client

from onloan import clock
from onloan.access.team import add_team_member
from onloan.cases.actions import open_case
from onloan.cases.rules import Door, Kind
from onloan.cli.demo import PASSWORD, seed
from onloan.offers.queries import find_market, list_drafts
from onloan.payouts.queries import list_batches
from tests.conftest import empty_database, use_database
from tests.console.test_cases import answer as answer_case
from tests.support.offers import spring_text

PAGES = [
    "",
    "offers/",
    "offers/new/",
    "markets/",
    "markets/spring-pot/FR/",
    "requests/",
    "money/",
    "money/banking/",
    "money/spring-pot/FR/",
    "evidence/",
    "team/",
]


@pytest.fixture(scope="module")
def seeded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's data, made once: a team with every role, two markets, seven people, rewards in each state."""
    folder = tmp_path_factory.mktemp("seeded")
    with empty_database("sqlite", request, folder):
        seed(clock.now())
        with connections["default"].cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


@pytest.fixture
def campaign(seeded: Path, tmp_path: Path) -> Iterator[None]:
    """A copy of the demo's data for one test."""
    shutil.copytree(seeded, tmp_path / "campaign")
    use_database(f"sqlite:///{tmp_path / 'campaign' / 'onloan.sqlite3'}", tmp_path / "campaign" / "home")
    yield
    connections.close_all()


def signed_in(email: str) -> Client:
    client = Client(HTTP_HOST="127.0.0.1")
    answer = client.post("/accounts/login/", {"login": email, "password": PASSWORD})
    assert answer.status_code == 302, "the sign-in was refused"
    return client


GREG, DORA, FAY, FRED, SAM, AUDE = (
    f"{name}@demo.example" for name in ("greg", "dora", "fay", "fred", "sam", "aude")
)


def test_it_shows_nothing_to_a_stranger(campaign: None) -> None:
    for page in PAGES:
        answer = Client(HTTP_HOST="127.0.0.1").get(f"/console/{page}")
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")


def test_it_has_no_sign_up(campaign: None) -> None:
    answer = Client(HTTP_HOST="127.0.0.1").post(
        "/accounts/signup/", {"email": "mallory@example.org", "password1": PASSWORD, "password2": PASSWORD}
    )
    assert b"mallory" not in answer.content
    assert Client(HTTP_HOST="127.0.0.1").login(email="mallory@example.org", password=PASSWORD) is False


@pytest.mark.parametrize("page", ["password/reset/", "email/", "password/change/", "signup/"])
def test_it_serves_no_page_of_accounts_but_sign_in(campaign: None, page: str) -> None:
    answer = signed_in(GREG).get(f"/accounts/{page}")
    assert answer.status_code in {302, 404}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_shows_each_page_in_each_language(campaign: None, language: str) -> None:
    client = signed_in(GREG)
    client.cookies["django_language"] = language
    for page in PAGES:
        answer = client.get(f"/console/{page}", HTTP_ACCEPT_LANGUAGE=language)
        assert answer.status_code == 200, page
        text = answer.content.decode()
        assert f'<html lang="{language}">' in text
        assert not re.search(r'(?:src|action)="(?:https?:)?//|<link[^>]*href="(?:https?:)?//', text), page
        assert "no-store" in answer["Cache-Control"]


def test_it_says_roles_days_and_authority_in_words(campaign: None) -> None:
    client = signed_in(DORA)
    team = client.get("/console/team/", HTTP_ACCEPT_LANGUAGE="fr").content.decode()
    assert "<td>protection des données</td>" in team and "<td>dpo</td>" not in team
    market = client.get("/console/markets/spring-pot/FR/", HTTP_ACCEPT_LANGUAGE="fr").content.decode()
    assert "Commission nationale de l&#x27;informatique et des libertés" in market
    assert "0 h 00" not in market.replace("\u00a0", " ")


def test_it_names_no_participant(campaign: None) -> None:
    client = signed_in(DORA)
    for page in PAGES:
        text = client.get(f"/console/{page}").content.decode()
        assert "ana@demo.example" not in text
        assert "Ana demo" not in text


def test_it_lets_the_dpo_suspend_and_not_the_auditor(campaign: None) -> None:
    form = {"act": "suspend", "reason": "People ask what their photo is for."}
    signed_in(AUDE).post("/console/markets/spring-pot/FR/", form)
    assert find_market("spring-pot", "FR").state == "open"
    answer = signed_in(DORA).post("/console/markets/spring-pot/FR/", form, follow=True)
    assert find_market("spring-pot", "FR").state == "suspended"
    assert "People ask what their photo is for." in answer.content.decode()


def test_it_asks_for_a_reason_before_it_suspends(campaign: None) -> None:
    answer = signed_in(DORA).post("/console/markets/spring-pot/FR/", {"act": "suspend", "reason": ""}, follow=True)
    assert find_market("spring-pot", "FR").state == "open"
    assert "E-REASON" in answer.content.decode()


def test_it_takes_an_offer_from_file_to_version_by_two_people_and_the_money_of_a_third(campaign: None) -> None:
    text = spring_text().replace("offer: spring-pot", "offer: autumn-pot")
    greg = signed_in(GREG)
    answer = greg.post("/console/offers/new/", {"text": text, "act": "hand_in"}, follow=True)
    draft = next(draft for draft in list_drafts() if draft.slug == "autumn-pot")
    address = f"/console/offers/drafts/{draft.id}/act/"
    assert "Waits for a second person" in answer.content.decode()
    refused = greg.post(address, {"act": "publish"}, follow=True)
    assert "E-FOUR-EYES" in refused.content.decode()
    signed_in(DORA).post(address, {"act": "approve", "note": "Read, with the lint report."})
    unfunded = greg.post(address, {"act": "publish"}, follow=True)
    assert "E-POOL-PLEDGE" in unfunded.content.decode()
    greg.post(address, {"act": "pledge"})
    assert "Waits for finance" in greg.get(f"/console/offers/drafts/{draft.id}/").content.decode()
    pledged = signed_in(FAY).post(address, {"act": "pledge"}, follow=True)
    assert "Set aside by Fay" in pledged.content.decode()
    published = greg.post(address, {"act": "publish"}, follow=True)
    assert "autumn-pot" in published.content.decode()
    assert find_market("autumn-pot", "FR").state == "draft"


def test_it_keeps_a_refused_file_in_the_form_and_nowhere_else(campaign: None) -> None:
    before = len(list_drafts())
    text = spring_text().replace("term_days: 180", "term: forever")
    answer = signed_in(GREG).post("/console/offers/new/", {"text": text, "act": "hand_in"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "E-TERM-MISSING" in page
    assert "term: forever" in page
    assert len(list_drafts()) == before


@pytest.mark.parametrize("text", ["", "a: &a [*a]", "\x00", "x" * 300_000, "offer: [" * 5_000])
def test_it_survives_a_hostile_file(campaign: None, text: str) -> None:
    before = len(list_drafts())
    answer = signed_in(GREG).post("/console/offers/new/", {"text": text, "act": "hand_in"})
    assert answer.status_code in {400, 413, 422}
    assert len(list_drafts()) == before


def test_it_shows_what_people_will_read_before_publishing(campaign: None) -> None:
    draft = list_drafts()[0]
    answer = signed_in(DORA).get(f"/console/offers/drafts/{draft.id}/preview/FR/fr/")
    assert answer.status_code == 200
    assert "Boutique Exemple SAS" in answer.content.decode()


def test_it_pays_by_two_people(campaign: None) -> None:
    """The demo has a batch for the United Kingdom that Fay prepared and nobody approved."""
    fay = signed_in(FAY)
    batch = list_batches()[0]
    address = f"/console/money/batches/{batch.id}/"
    same = fay.post(address, {"act": "approve"}, follow=True)
    assert list_batches()[0].state == "prepared"
    assert "" in same.content.decode()
    signed_in(FRED).post(address, {"act": "approve"})
    assert list_batches()[0].state == "approved"
    file = fay.get(f"{address}file/")
    assert file["Content-Type"].startswith("text/csv")
    assert "demo.example" not in file.content.decode()
    fay.post(address, {"act": "paid"})
    assert list_batches()[0].state == "paid"


def test_it_does_not_let_growth_pay(campaign: None) -> None:
    before = list_batches()
    signed_in(GREG).post("/console/money/", {"country": "FR"})
    signed_in(GREG).post(f"/console/money/batches/{before[0].id}/", {"act": "approve"})
    assert list_batches() == before


def test_it_lists_a_request_with_its_day_and_closes_it(campaign: None) -> None:
    opened = open_case(
        kind=Kind.COMPLAINT,
        country="FR",
        language="fr",
        door=Door.PUBLIC_PAGE,
        text="Ma photo <script>alert(1)</script>",
        contact="chloe@people.example",
        now=clock.now(),
    )
    listed = signed_in(AUDE).get("/console/requests/").content.decode()
    assert "chloe@people.example" not in listed
    sam = signed_in(SAM)
    address = f"/console/requests/{opened.case_id}/"
    assert address in sam.get("/console/requests/").content.decode()
    page = sam.get(address).content.decode()
    assert "chloe@people.example" in page
    assert "<script>alert" not in page
    closed = answer_case(sam, opened.case_id, outcome="done", done="We asked the shop, and the photo is gone.")
    assert "Closed" in closed and opened.reference in closed


def test_it_shows_a_key_once(campaign: None) -> None:
    greg = signed_in(GREG)
    made = greg.post(
        "/console/team/", {"act": "create", "name": "shop", "scopes": ["events:write"]}
    ).content.decode()
    key = re.search(r'class="code link">([^<]+)<', made)
    assert key is not None
    assert key.group(1) not in greg.get("/console/team/").content.decode()


def test_it_refuses_a_form_from_elsewhere(campaign: None) -> None:
    client = Client(HTTP_HOST="127.0.0.1", enforce_csrf_checks=True)
    client.force_login(_user(DORA))
    answer = client.post("/console/markets/spring-pot/FR/", {"act": "suspend", "reason": "No token here."})
    assert answer.status_code == 403
    assert find_market("spring-pot", "FR").state == "open"


def _user(email: str):  # type: ignore[no-untyped-def]
    from onloan.access.models import User

    return User.objects.get(email=email)


def test_it_refuses_a_second_member_with_the_same_address(campaign: None) -> None:
    from onloan.access.team import MemberExists

    with pytest.raises(MemberExists):
        add_team_member(email="DORA@demo.example", name="Dora", role="dpo", password=PASSWORD)
