"""What people may ask, in a real browser: France on SQLite in French, the United Kingdom on PostgreSQL in English.

Ana brought three friends, and cash is owed to her. She takes her copy, mends her name, objects, complains and gets
her answer; the market is stopped, people say why, it changes and opens again; then she is erased, and whoever
holds her slip is paid. Dora of the team answers; the phone has 320 pixels and no JavaScript.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
from playwright.sync_api import Browser, Page, expect

from onloan import clock
from onloan.access.team import add_team_member
from onloan.cases.pack.schema import pack_schema
from onloan.joining.actions import Joined
from onloan.people.photos import prepare_photo
from onloan.people.queries import is_alive
from onloan.referrals.actions import record_event, settle_due
from tests.joining.support import OpenMarket, add_participant, open_market
from tests.stories.test_ana_invites_ben import PASSWORD, fits, new_person
from tests.support.browser import beside, press, running_browser, touch
from tests.support.offers import spring_text
from tests.support.photos import portrait_png
from tests.support.server import RunningServer, running_server

ANA = "ana@example.org"
OLD_NAME, NEW_NAME = "Ana la Brune", "Ana Brûlé"


@dataclass(frozen=True)
class Words:
    """What pages say, in one language."""

    country: str
    language: str
    uses: str
    objected: str
    complaint: str
    cash: str
    voucher: str
    changed: str


WORDS = {
    "sqlite": Words(
        "FR", "fr", "Ce qui a été utilisé", "Depuis le", "Ma photo est sur votre vitrine.", "4\u00a0€",
        "14\u00a0€", "La page dit maintenant où la photo est affichée, et jusqu'à quand.",
    ),
    "postgresql": Words(
        "GB", "en", "What was used", "Since ", "My photo is in your window.", "£2", "£7",
        "The page now says where the photo is shown, and until when.",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Story:
    server: RunningServer
    browser: Browser
    market: OpenMarket
    ana: Joined
    words: Words

    def at(self, path: str) -> str:
        return f"{self.server.address}/{self.words.language}/{path}"

    def new_phone(self) -> Page:
        return new_person(self.browser, self.words.language).new_page()


def prepare(words: Words) -> tuple[OpenMarket, Joined]:
    """Ana's friends signed up seventeen days ago, so what she earned with them is hers."""
    add_team_member(email="desk@team.example", name="Dora Desk", role="dpo", password=PASSWORD)
    add_team_member(email="greg@team.example", name="Greg", role="growth", password=PASSWORD)
    market = open_market(country=words.country)
    then = clock.now() - timedelta(days=20)
    everything = {permission.id: True for permission in market.offer.permissions}
    ana = add_participant(
        market, OLD_NAME, email=ANA, answers=everything, photo=prepare_photo(portrait_png()), now=then
    )
    for number, name in enumerate(("Ben", "Chlodwig", "Dagmar")):
        joined_at = then + timedelta(days=1, hours=5 * number)
        friend = add_participant(
            market, name, email=f"{name.lower()}@people{number}.example", via_code=ana.link_code, now=joined_at
        )
        record_event(
            participant_id=friend.participant_id, event="app_signed_up", occurred_at=joined_at,
            external_ref=f"order-{number}", now=joined_at + timedelta(hours=1),
        )  # fmt: skip
    settle_due(now=clock.now(), limit=20)
    return market, ana


def sign_in(story: Story, page: Page) -> None:
    page.goto(story.at("signin/"))
    known = len(story.server.mails_to(ANA))
    page.fill("input[name=email]", ANA)
    press(page.locator("main form button").first)
    page.fill("input[name=code]", story.server.wait_for_code(ANA, known))
    press(page.locator("main form button").first)
    page.wait_for_url("**/me/**")


def enter_console(story: Story, email: str) -> Page:
    page = story.browser.new_context(viewport={"width": 1280, "height": 900}, locale="en").new_page()
    page.goto(f"{story.server.address}/console/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", PASSWORD)
    press(page.locator("main button").first)
    return page


def take_copy(story: Story, page: Page) -> None:
    """Two clicks from her page; the file opens for a person and for a program."""
    page.goto(story.at("me/"))
    press(page.locator("main a[href$='/me/pack/']").first)
    fits(page)
    with page.expect_download() as download:
        touch(page.locator("button[value=all]"))
    archive = zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes()))
    data = json.loads(archive.read("data.json"))
    jsonschema.validate(data, json.loads(archive.read("schema.json")))
    assert json.loads(archive.read("schema.json")) == pack_schema()
    text = archive.read("index.html").decode()
    assert OLD_NAME in text and story.words.uses in text and f'lang="{story.words.language}"' in text
    assert "Ben" not in text and "Dagmar" not in text
    assert archive.read("profile_photo.jpg").startswith(b"\xff\xd8")
    assert {row["channel"] for row in data["sources"]["uses"]} >= {"invitation_page"}


def see_invitation(story: Story, name: str, *, is_shown: bool = True) -> None:
    """What a stranger with her link sees."""
    stranger = story.new_phone()
    stranger.goto(f"{story.server.address}/l/{story.ana.link_code}")
    found = expect(stranger.locator("main"))
    found.to_contain_text(name) if is_shown else found.not_to_contain_text(name)
    stranger.context.close()


def mend_name(story: Story, page: Page) -> None:
    page.goto(story.at("me/profile/"))
    page.fill("input[name=username]", NEW_NAME)
    press(page.locator("form:has(input[name=username]) button"))
    expect(page.locator("main")).to_contain_text(OLD_NAME)
    see_invitation(story, NEW_NAME)
    see_invitation(story, OLD_NAME, is_shown=False)


def object_once(story: Story, page: Page) -> None:
    """One click on her page, and nothing of her is shown; her pot is as it was."""
    page.goto(story.at("me/"))
    before = page.locator(".pot").first.inner_text()
    press(page.locator("button[name=about][value=marketing]"))
    page.goto(story.at("me/"))
    expect(page.locator("main")).to_contain_text(story.words.objected)
    assert page.locator(".pot").first.inner_text() == before
    see_invitation(story, NEW_NAME, is_shown=False)


def complain(story: Story, page: Page, desk: Page) -> None:
    """From her page to the outcome, with a word in between; she reads each on her page and gets it by mail."""
    page.goto(story.at("me/"))
    press(page.locator("main a[href$='/me/request/complaint/']").first)
    press(page.locator("main form button").first)
    expect(page.locator("#errors")).to_be_visible()
    page.fill("textarea[name=text]", story.words.complaint)
    press(page.locator("main form button").first)
    reference = page.locator("main .code").first.inner_text()
    fits(page)
    desk.goto(f"{story.server.address}/console/requests/?kind=complaint")
    press(desk.locator("main a", has_text=reference))
    expect(desk.locator("main")).to_contain_text(story.words.complaint)
    touch(desk.locator("details:has(textarea[name=note]) summary"))
    desk.fill("textarea[name=note]", "We have asked the shop in your street.")
    press(desk.locator("button[value=progress]"))
    story.server.wait_for_words(ANA, "We have asked the shop")
    press(desk.locator("button[name=use]").first)
    begun = desk.locator("textarea[name=done]").input_value()
    desk.fill("textarea[name=done]", re.sub(r"\[[^]]+\]", "la vitrine", begun))
    press(desk.locator("button[value=preview]"))
    expect(desk.locator("#answer > blockquote")).to_contain_text(reference)
    press(desk.locator("button[value=answer]"))
    expect(desk.locator("main")).to_contain_text("Closed")
    page.goto(story.at("me/"))
    press(page.locator("main a[href*='/me/requests/']").filter(has_text=re.compile("plain|Complain")).first)
    expect(page.locator("main blockquote[lang]")).to_contain_text(reference)
    expect(page.locator("main")).to_contain_text("We have asked the shop")
    fits(page)


def change_and_reopen(story: Story, page: Page, desk: Page) -> None:
    """Suspended; people say what; the next version stands beside the old one; published by two; opened again."""
    market = f"{story.server.address}/console/markets/spring-pot/{story.words.country}/"
    desk.goto(market)
    desk.fill("#suspend-reason", "People asked what their photo is used for.")
    press(desk.locator("button[value=suspend]"))
    stranger = story.new_phone()
    stranger.goto(story.at(f"o/spring-pot/{story.words.country}/feedback/"))
    stranger.locator("main input[type=radio]").first.check()
    stranger.fill("textarea[name=text]", "Where is the photo?")
    press(stranger.locator("main form button").first)
    fits(stranger)
    desk.goto(market)
    expect(desk.locator("ol.steps li[aria-current=step]")).to_be_visible()
    press(desk.locator("ol.steps a").first)
    expect(desk.locator("main")).to_contain_text("Where is the photo?")
    greg = enter_console(story, "greg@team.example")
    greg.goto(f"{story.server.address}/console/offers/new/")
    greg.fill("textarea[name=text]", spring_text().replace("term_days: 180", "term_days: 90"))
    press(greg.locator("button[value=hand_in]"))
    greg.wait_for_url("**/drafts/**")
    desk.goto(f"{market}changes/")
    expect(desk.locator("main")).to_contain_text("change")
    desk.goto(greg.url)
    desk.fill("textarea[name=note]", "Read: shorter, and nothing else.")
    press(desk.locator("button[value=approve]"))
    press(desk.locator("button[value=publish]"))
    desk.goto(market)
    desk.fill("#open-reason", "The page is clearer now.")
    desk.fill(f"#explanation-{story.words.language}", story.words.changed)
    press(desk.locator("button[value=reopen]"))
    expect(desk.locator("main")).to_contain_text("what changed and why")
    page.goto(story.at("me/"))
    expect(page.locator("main")).to_contain_text(story.words.changed)
    fits(page)


def be_erased(story: Story, page: Page) -> None:
    """She does not wait for her money and keeps the slip; two days later nobody knows who she was."""
    page.goto(story.at("me/"))
    press(page.locator("main a[href$='/me/request/erasure/']"))
    fits(page)
    page.check("input[name=way][value=slip]")
    press(page.locator("button[value=erase]"))
    code = page.locator(".slip .code").inner_text()
    fits(page)
    story.server.command("clock", "2")
    page.goto(story.at("me/"))
    page.wait_for_url("**/signin/**")
    assert not beside(lambda: is_alive(story.ana.participant_id))
    holder = story.new_phone()
    holder.goto(story.at("slip/"))
    holder.fill("input[name=code]", code)
    press(holder.locator("main form button"))
    for amount in (story.words.cash, story.words.voucher):
        expect(holder.locator("main")).to_contain_text(amount)
    assert code not in holder.url
    fits(holder)
    see_invitation(story, NEW_NAME, is_shown=False)


@pytest.mark.slow
def test_every_right_in_a_browser(both_databases: str, tmp_path: Path) -> None:
    words = WORDS[both_databases.split(":", 1)[0]]
    market, ana = prepare(words)
    with running_server(both_databases, tmp_path / "home") as server, running_browser() as browser:
        story = Story(server, browser, market, ana, words)
        see_invitation(story, OLD_NAME)
        page, desk = story.new_phone(), enter_console(story, "desk@team.example")
        sign_in(story, page)
        take_copy(story, page)
        mend_name(story, page)
        object_once(story, page)
        complain(story, page, desk)
        change_and_reopen(story, page, desk)
        be_erased(story, page)
        assert "Nothing was altered." in server.command("evidence", "verify")
