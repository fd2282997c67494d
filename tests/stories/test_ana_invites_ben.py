"""The whole campaign in a real browser: Ana joins in France, Ben through her, the shop reports him, both are
credited, Ana takes back what she allowed, says where to pay her, is paid, and keeps everything when France is
suspended; then the same joining in English in the United Kingdom, which goes on."""

from __future__ import annotations

import json
import re
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from onloan.access.team import add_team_member
from onloan.cli.demo import OFFER_FILE, move_dates
from tests.support.browser import beside, press, running_browser
from tests.support.photos import portrait_png
from tests.support.server import RunningServer, running_server

ANA, BEN, CARL = "ana@people.example", "ben@people.example", "carl@people.example"
PASSWORD = "a long enough password"
ANA_ACCOUNT, SHOP_ACCOUNT = "FR76 3000 6000 0112 3456 7890 189", "DE89370400440532013000"
# A headless browser says so, and is taken for a robot that makes previews.
PHONE = "Mozilla/5.0 (Linux; Android 9; Phone) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile"
NARROW = {"width": 320, "height": 640}


def prepare_campaign(server: RunningServer, tmp_path: Path) -> str:
    """Team, offer, open markets, an API key: through the doors that the merchant uses. Returns the key."""
    for email, role in (
        ("greg@team.example", "growth"),
        ("dora@team.example", "dpo"),
        ("fay@team.example", "finance"),
        ("fred@team.example", "finance"),
    ):
        add_team_member(email=email, name=email.split("@")[0].title(), role=role, password=PASSWORD)
    offer = tmp_path / "spring-pot.yaml"
    offer.write_text(move_dates(OFFER_FILE.read_text(encoding="utf-8"), datetime.now(UTC).date()))
    server.command("publish", str(offer), "--author", "greg@team.example", "--approver", "dora@team.example",
                   "--funder", "fay@team.example", "--note", "Read, and the texts are right.")  # fmt: skip
    for country in ("FR", "GB"):
        server.command("market", "open", "spring-pot", country, "--by", "dora@team.example",
                       "--reason", "The campaign starts today.")  # fmt: skip
    printed = server.command("keys", "create", "shop", "--scope", "events:write")
    return re.search(r"\S{30,}", printed).group()  # type: ignore[union-attr]


def new_person(browser: Browser, language: str) -> BrowserContext:
    """A phone of 320 pixels without JavaScript."""
    return browser.new_context(  # type: ignore[arg-type]
        viewport=NARROW, java_script_enabled=False, locale=language, user_agent=PHONE
    )


# Asked of the page as one: each box by itself is three messages to the browser, and a page has hundreds.
_TOO_WIDE = """width => [...document.querySelectorAll("header *, main *")]
  .filter(element => element.checkVisibility() && element.getBoundingClientRect().right > width + 1)
  .map(element => element.outerHTML.slice(0, 80))"""


def fits(page: Page) -> None:
    """Nothing runs out of the screen sideways."""
    assert page.locator("main").is_visible()
    assert page.evaluate(_TOO_WIDE, NARROW["width"]) == []


def join_campaign(
    page: Page,
    server: RunningServer,
    start: str,
    email: str,
    name: str,
    allowed: tuple[str, ...],
    photo: bytes | None,
) -> None:
    """Through all the screens, from the page at ``start``."""
    page.goto(start)
    fits(page)
    press(page.locator("a.button", has_text=re.compile("Participer|Join|Rejoindre|S'inscrire")).first)
    page.fill("input[name=email]", email)
    press(page.locator("main form button").first)
    page.fill("input[name=code]", server.wait_for_code(email))
    press(page.locator("main form button").first)
    fits(page)
    page.check("input[name=over_age]")
    page.fill("input[name=username]", name)
    if photo:
        page.set_input_files("input[name=photo]", {"name": "me.png", "mimeType": "image/png", "buffer": photo})
    press(page.locator("main form button.button").first)
    fits(page)
    questions = page.locator("main fieldset")
    assert questions.count() == 4
    assert page.locator("main input[type=radio]:checked").count() == 0
    for field in page.locator("main input[type=radio][value=allow]").all():
        permission = (field.get_attribute("name") or "").removeprefix("answer-")
        value = "allow" if permission in allowed else "do-not-allow"
        page.check(f"input[name=answer-{permission}][value={value}]")
    press(page.locator("main form button.button").last)
    page.wait_for_url("**/join/done/")
    fits(page)


def invitation_link(page: Page) -> str:
    found = re.search(r"/l/[0-9A-Z]{8}", page.content())
    assert found is not None
    return found.group()


def report_sign_up(server: RunningServer, key: str, public_id: str) -> None:
    """What the merchant's shop does when a person has signed up there."""
    body = json.dumps(
        {
            "participant": public_id,
            "event": "app_signed_up",
            "occurred_at": datetime.now(UTC).isoformat(),
            "id": f"order-{public_id}",
        }
    ).encode()
    headers = {
        "Authorization": f"Bearer {key}",
        "Idempotency-Key": f"event-{public_id}",
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(f"{server.address}/api/v1/events", body, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 201


def public_id_of(email: str) -> str:
    from onloan.offers.queries import find_market
    from onloan.people.queries import find_by_email

    person = find_by_email(find_market("spring-pot", "FR").offer_id, email)
    assert person is not None
    return person.public_id


def say_where_to_pay(page: Page, server: RunningServer) -> None:
    """From the top of Ana's page: a mistake in the account, then the right one, seen as the bank sees it."""
    page.goto(f"{server.address}/fr/me/")
    press(page.locator("main .note a.button").first)
    fits(page)
    page.fill("input[name=name]", "Ana Brûlé")
    page.fill("input[name=account]", ANA_ACCOUNT[:-1] + "8")
    press(page.locator("main form button.button").first)
    expect(page.locator("#errors")).to_be_visible()
    fits(page)
    page.fill("input[name=account]", ANA_ACCOUNT)
    press(page.locator("main form button.button").first)
    expect(page.locator("main")).to_contain_text("Ana Brule")
    fits(page)
    press(page.locator("button[value=save]"))
    expect(page.locator("main")).to_contain_text("Nous vous payons sur ce compte")
    assert ANA_ACCOUNT not in page.content()
    fits(page)


def pay_out(server: RunningServer, country: str, tmp_path: Path) -> str:
    """Finance prepares a file, a second person approves it, and it is marked as paid. What the bank gets."""
    path = tmp_path / f"payout-{country}.xml"
    server.command("payouts", "debtor", "EUR", "--name", "Boutique Exemple SAS", "--account", SHOP_ACCOUNT,
                   "--town", "Paris", "--by", "fay@team.example")  # fmt: skip
    printed = server.command("payouts", "prepare", country, "--by", "fay@team.example")
    batch = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", printed)
    assert batch is not None, printed
    server.command("payouts", "approve", batch.group(), "--by", "fred@team.example")
    server.command("payouts", "write", batch.group(), "--out", str(path))
    server.command("payouts", "mark-paid", batch.group(), "--by", "fay@team.example")
    return path.read_text(encoding="utf-8")


@pytest.mark.slow
def test_it_runs_a_whole_campaign(both_databases: str, tmp_path: Path) -> None:
    with running_server(both_databases, tmp_path / "home") as server, running_browser() as browser:
        key = beside(lambda: prepare_campaign(server, tmp_path))
        ana = new_person(browser, "fr").new_page()
        start = f"{server.address}/fr/o/spring-pot/FR/"
        join_campaign(ana, server, start, ANA, "Ana la Brune", ("invitation-name",), portrait_png())
        link = invitation_link(ana)
        receipt = receipt_address(ana)

        # Ben sees who invites him: the name, which Ana allowed, and not the photo, which she did not.
        ben = new_person(browser, "fr").new_page()
        ben.goto(server.address + link)
        expect(ben.locator("main")).to_contain_text("Ana la Brune")
        assert ben.locator("main .sponsor img").count() == 0
        join_campaign(ben, server, ben.url, BEN, "Ben", (), None)

        report_sign_up(server, key, beside(lambda: public_id_of(ANA)))
        report_sign_up(server, key, beside(lambda: public_id_of(BEN)))
        ana.goto(f"{server.address}/fr/me/")
        expect(ana.locator("main")).to_contain_text("En route")
        server.command("clock", "15")
        ana.goto(f"{server.address}/fr/me/")
        for amount in ("4\u00a0€", "14\u00a0€", "10\u00a0€"):
            expect(ana.locator("main")).to_contain_text(amount)
        before = pot_words(ana)
        ben.goto(f"{server.address}/fr/me/")
        expect(ben.locator("main")).to_contain_text("10\u00a0€")

        # One click takes back; Ben's page changes, Ana's pot does not.
        take_back_first(ana)
        chloe = new_person(browser, "fr").new_page()
        chloe.goto(server.address + link)
        expect(chloe.locator("main")).not_to_contain_text("Ana la Brune")
        ana.goto(f"{server.address}/fr/me/")
        assert pot_words(ana) == before

        say_where_to_pay(ana, server)
        file = pay_out(server, "FR", tmp_path)
        assert file.count("<CdtTrfTxInf>") == 1
        for told in ('Ccy="EUR">4.00<', "Ana Brule", ANA_ACCOUNT.replace(" ", "")):
            assert told in file
        ana.goto(f"{server.address}/fr/me/")
        expect(ana.locator("main")).to_contain_text(re.compile("Payé", re.IGNORECASE))

        suspend_on_the_console(browser, server)
        newcomer = new_person(browser, "fr").new_page()
        newcomer.goto(start)
        expect(newcomer.locator("main")).to_contain_text("suspendue en France")
        assert newcomer.locator("a.button[href*='/join/']").count() == 0
        ana.goto(f"{server.address}/fr/me/")
        expect(ana.locator("main")).to_contain_text("14\u00a0€")
        ana.goto(receipt)
        expect(ana.locator("main")).to_be_visible()

        # The United Kingdom goes on, in English.
        carl = new_person(browser, "en").new_page()
        join_campaign(
            carl, server, f"{server.address}/en/o/spring-pot/GB/", CARL, "Carl", ("invitation-name",), None
        )
        carl.goto(f"{server.address}/en/status/")
        expect(carl.locator("main")).to_contain_text("suspended")
        expect(carl.locator("main")).to_contain_text("open")
        assert "Nothing was altered." in server.command("evidence", "verify")


def receipt_address(page: Page) -> str:
    found = page.locator("a[href*='/r/']").first.get_attribute("href")
    assert found is not None
    return found if found.startswith("http") else re.sub(r"(https?://[^/]+).*", r"\1", page.url) + found


def pot_words(page: Page) -> str:
    """What the page says is earned, waiting and possible."""
    return page.locator(".pot").first.inner_text()


def take_back_first(page: Page) -> None:
    press(page.locator("main button", has_text=re.compile("Retirer")).first)
    expect(page.locator("main")).to_contain_text("Vous gardez tout ce que vous avez gagné")


def suspend_on_the_console(browser: Browser, server: RunningServer) -> None:
    """Dora signs in and flips the switch."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en").new_page()
    page.goto(f"{server.address}/console/markets/spring-pot/FR/")
    page.fill("input[name=login]", "dora@team.example")
    page.fill("input[name=password]", PASSWORD)
    press(page.locator("main button").first)
    page.fill("#suspend-reason", "Des personnes nous demandent à quoi sert leur photo.")
    press(page.locator("button[value=suspend]"))
    expect(page.locator("main")).to_contain_text("suspended")
