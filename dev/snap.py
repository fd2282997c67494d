"""A picture of each page, in each language, as a phone and a desktop show it, from a demo of its own.

Run by ``make snap``; pictures land in ``snap/``. With ``--readme``, the two pictures of the README are made again.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urljoin

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
SNAP = ROOT / "snap"
WIDTHS = {"phone": (390, 844), "desktop": (1280, 900)}
# Without these, Chromium looks for its maker's services at each start.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PUBLIC_PAGES = {
    "home": "/{language}/",
    "offer": "/{language}/o/spring-pot/{country}/",
    "join": "/{language}/o/spring-pot/{country}/join/",
    "terms": "/{language}/o/spring-pot/{country}/terms/1/",
    "notice": "/{language}/o/spring-pot/{country}/notice/1/",
    "status": "/{language}/status/",
    "requests": "/{language}/requests/",
    "signin": "/{language}/signin/",
    "follow": "/{language}/requests/follow/",
    "missing": "/{language}/nowhere/",
    "unknown-link": "/{language}/invite/7K3QX9AB/",
    "lost-link": "/{language}/invite/",
    "slip-code": "/{language}/slip/",
}
MY_PAGES = {
    "pack": "/{language}/me/pack/",
    "profile": "/{language}/me/profile/",
    "correct": "/{language}/me/request/rectification/",
    "erase": "/{language}/me/request/erasure/",
}
CONSOLE_PAGES = {
    "overview": "/console/",
    "offers": "/console/offers/",
    "offer": "/console/offers/spring-pot/",
    "markets": "/console/markets/",
    "market": "/console/markets/spring-pot/FR/",
    "requests": "/console/requests/",
    "request-new": "/console/requests/new/",
    "desk": "/console/desk/",
    "reviews": "/console/reviews/",
    "evidence": "/console/evidence/",
    "team": "/console/team/",
}
FINANCE_PAGES = {
    "money": "/console/money/",
    "pool": "/console/money/spring-pot/FR/",
    "banking": "/console/money/banking/",
    "archive": "/console/money/archive/",
}
# The first of a list: the list's address, and how the address of what it lists begins.
CONSOLE_FIRST_OF = {
    "draft": ("/console/offers/", "/console/offers/drafts/"),
    "case": ("/console/requests/", "/console/requests/0"),
    "batch": ("/console/money/", "/console/money/batches/"),
    "review": ("/console/reviews/", "/console/reviews/"),
}
SUSPENDED_PAGES = {"offer": "/fr/o/spring-pot/FR/", "status-fr": "/fr/status/", "status-en": "/en/status/"}
# A headless browser says so, and is taken for a robot that makes previews.
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"
PEOPLE_SHOWN = (("fr", "FR", "ana"), ("en", "GB", "eve"))
# Accounts that are well formed and belong to nobody, for the page that asks where to pay.
ACCOUNTS = {"FR": {"account": "FR76 3000 6000 0112 3456 7890 189"}, "GB": {"account": "20-00-00 55779911"}}
REFUSED_FILE = ROOT / "examples" / "offers" / "news-case.yaml"
PASSWORD = "onloan-demo-only"
DEVICES: dict[str, list[dict[str, object]]] = {}
"""Who has signed in on this run, with the cookies that they got."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def running_demo() -> Iterator[tuple[str, Path]]:
    """A freshly seeded demo on a free port; its address and its home."""
    home = Path(tempfile.mkdtemp(prefix="onloan-snap-"))
    port = free_port()
    command = [sys.executable, "-m", "onloan.cli.main", "demo", "--home", str(home), "--port", str(port)]
    environment = {
        **os.environ,
        "ONLOAN_TEST_MODE": "1",
        "ONLOAN_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PYTHONPATH": str(ROOT),
    }
    server = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/status.json", server)
        yield f"http://127.0.0.1:{port}", home
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(home, ignore_errors=True)


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    """Until the server answers. Raises RuntimeError when it ends or does not answer."""
    for _ in range(600):
        if server.poll() is not None:
            raise RuntimeError("the demo ended before it answered")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the demo does not answer")


def newest_code(home: Path) -> str:
    """The one-time code in the newest mail of the demo."""
    for _ in range(100):
        mails = sorted((home / "mail").glob("*"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for mail in mails[:1]:
            found = re.search(r"^(\d{6})$|\b(\d{6})\b", mail.read_text(), re.MULTILINE)
            if found:
                return found.group(1) or found.group(2)
        time.sleep(0.1)
    raise RuntimeError("no mail with a code came")


def shoot(page: Page, name: str) -> None:
    page.screenshot(path=str(SNAP / f"{name}.png"), full_page=True)


def press(page: Page) -> None:
    """The page's first button in its main part: what the page is for."""
    page.locator("main .buttons button, main form .button").first.click()


def snap_public(browser: Browser, address: str, home: Path) -> None:
    for language, country, person in PEOPLE_SHOWN:
        for width, (pixels, height) in WIDTHS.items():
            page = browser.new_page(viewport={"width": pixels, "height": height}, java_script_enabled=False)
            for name, path in PUBLIC_PAGES.items():
                page.goto(address + path.format(language=language, country=country))
                shoot(page, f"{name}-{language}-{width}")
            sign_in(page, address, home, language, f"{person}@demo.example")
            shoot(page, f"me-{language}-{width}")
            link = str(page.locator(".link a").first.get_attribute("href"))
            snap_my_money(page, f"{address}/{language}/me/", country, f"{language}-{width}")
            for name, path in MY_PAGES.items():
                page.goto(address + path.format(language=language))
                shoot(page, f"{name}-{language}-{width}")
            page.close()
            page = browser.new_page(
                viewport={"width": pixels, "height": height},
                java_script_enabled=False,
                locale=language,
                user_agent=USER_AGENT,
            )
            snap_joining(page, link, home, f"{language}-{width}")
            snap_taking_back(page, f"{address}/{language}/requests/", country, f"{language}-{width}")
            page.close()


def snap_my_money(page: Page, me: str, country: str, ending: str) -> None:
    """How somebody is paid, up to the step that would decide it, and what became of each reward."""
    page.goto(f"{me}statement/{datetime.now(UTC).year}/")
    shoot(page, f"statement-{ending}")
    page.goto(me)
    page.goto(urljoin(me, str(page.locator("main a[href*='/me/vouchers/']").first.get_attribute("href"))))
    shoot(page, f"voucher-{ending}")
    page.goto(f"{me}payment/")
    shoot(page, f"payment-{ending}")
    if page.locator("main form input[name=account]").count() and page.locator("main details").count() == 0:
        page.locator("main form:has(input[name=account]) button").first.click()
        shoot(page, f"payment-mistake-{ending}")
        page.fill("input[name=name]", "Zoë Łukasz-Ødegård")
        page.fill("input[name=account]", ACCOUNTS[country]["account"])
        page.locator("main form:has(input[name=account]) button").first.click()
        shoot(page, f"payment-check-{ending}")
        page.goto(f"{me}payment/")
    for name, part in (("cash-to-voucher", "/me/payment/vouchers/"), ("slip-new", "/me/payment/slips/")):
        page.goto(f"{me}payment/")
        way = page.locator(f"main a[href*='{part}']")
        if way.count():
            way.first.click()
            shoot(page, f"{name}-{ending}")
    if page.locator("main form .button").count() and "/slips/" in page.url:
        press(page)
        shoot(page, f"slip-{ending}")
        press(page)
    page.goto(f"{me}review/")
    shoot(page, f"held-{ending}")


def snap_till(browser: Browser, address: str, home: Path) -> None:
    """A voucher of Ana's is typed in at the till, a part of it is taken, and put back."""
    ana = browser.new_page(java_script_enabled=False)
    sign_in(ana, address, home, "fr", "ana@demo.example")
    ana.goto(urljoin(ana.url, str(ana.locator("main a[href*='/me/vouchers/']").first.get_attribute("href"))))
    code = ana.locator("main .code").first.inner_text()
    ana.close()
    for language in ("en", "fr"):
        for width, (pixels, height) in WIDTHS.items():
            context = browser.new_context(viewport={"width": pixels, "height": height}, locale=language)
            page = context.new_page()
            enter_console(page, address, "tess")
            page.goto(f"{address}/console/till/")
            shoot(page, f"till-{language}-{width}")
            for name, typed in (("unknown", "0000 0000 0000 0000 0"), ("voucher", code)):
                page.fill("input[name=code]", typed)
                page.locator("button[value=look]").click()
                shoot(page, f"till-{name}-{language}-{width}")
            page.fill("input[name=amount]", "1")
            page.locator("button[value=take]").click()
            shoot(page, f"till-taken-{language}-{width}")
            page.locator("main form button").last.click()
            shoot(page, f"till-put-back-{language}-{width}")
            context.close()


def snap_joining(page: Page, link: str, home: Path, ending: str) -> None:
    """From a friend's link to the page that says it is done, with the mistakes people make on the way."""
    page.goto(link)
    shoot(page, f"invitation-{ending}")
    page.locator("main a.button").first.click()
    press(page)
    shoot(page, f"join-mistake-{ending}")
    shutil.rmtree(home / "mail", ignore_errors=True)
    page.fill("input[type=email]", f"{ending}@demo.example")
    press(page)
    shoot(page, f"join-code-{ending}")
    page.fill("input[name=code]", "000000")
    press(page)
    shoot(page, f"join-code-mistake-{ending}")
    page.fill("input[name=code]", newest_code(home))
    press(page)
    shoot(page, f"join-profile-{ending}")
    press(page)
    shoot(page, f"join-profile-mistake-{ending}")
    page.check("input[name=over_age]")
    page.fill("input[name=username]", "Iris demo")
    press(page)
    shoot(page, f"join-permissions-{ending}")
    for number, card in enumerate(page.locator("main fieldset").all()):
        card.locator("input[type=radio]").nth(0 if number == 0 else 1).check()
    press(page)
    shoot(page, f"join-done-{ending}")


def snap_taking_back(page: Page, requests_address: str, country: str, ending: str) -> None:
    """The new person's receipt, what they take back with it, and a request without signing in."""
    page.goto(re.sub(r"/requests/$", "/me/", requests_address))
    page.locator("main a[href*='/r/']").first.click()
    shoot(page, f"receipt-{ending}")
    page.locator("main form button").first.click()
    shoot(page, f"taken-back-{ending}")
    page.context.clear_cookies()
    page.goto(requests_address)
    press(page)
    shoot(page, f"requests-mistake-{ending}")
    page.check("input[value=complaint]")
    page.fill("textarea[name=text]", "Ana demo")
    page.fill("input[type=email]", f"{ending}@demo.example")
    page.select_option("select[name=country]", country)
    press(page)
    shoot(page, f"request-sent-{ending}")


def snap_erasing(browser: Browser, address: str, home: Path) -> None:
    """An erasure from its beginning to its being stopped, of people who signed in less often than Ana."""
    for language, person in (("fr", "ben"), ("en", "eve")):
        page = browser.new_page(java_script_enabled=False)
        sign_in(page, address, home, language, f"{person}@demo.example")
        for width, (pixels, height) in WIDTHS.items():
            page.set_viewport_size({"width": pixels, "height": height})
            page.goto(f"{address}/{language}/me/request/erasure/")
            page.locator("button[value=erase]").click()
            shoot(page, f"erase-begun-{language}-{width}")
            page.goto(f"{address}/{language}/me/")
            shoot(page, f"me-erasing-{language}-{width}")
            page.locator("button[value=stop]").click()
        page.close()


def snap_suspended(browser: Browser, address: str, home: Path) -> None:
    """What a newcomer, a friend, a participant and the public read once France is suspended."""
    for width, (pixels, height) in WIDTHS.items():
        page = browser.new_page(viewport={"width": pixels, "height": height}, java_script_enabled=False)
        for name, path in SUSPENDED_PAGES.items():
            page.goto(address + path)
            shoot(page, f"suspended-{name}-{width}")
        sign_in(page, address, home, "fr", "ana@demo.example")
        shoot(page, f"suspended-me-{width}")
        page.close()


def sign_in(page: Page, address: str, home: Path, language: str, email: str) -> None:
    """As a participant does: an address, then the code from the mail. Later as on the same device: only so many
    codes go to one address within an hour."""
    known = DEVICES.get(email)
    if known is not None:
        page.context.add_cookies(known)  # type: ignore[arg-type]
        page.goto(f"{address}/{language}/me/")
        return
    shutil.rmtree(home / "mail", ignore_errors=True)
    page.goto(f"{address}/{language}/signin/")
    page.fill("input[type=email]", email)
    page.locator("main button").first.click()
    page.fill("input[name=code]", newest_code(home))
    page.locator("main button").first.click()
    page.wait_for_url(f"**/{language}/me/**")
    DEVICES[email] = [dict(cookie) for cookie in page.context.cookies()]


def enter_console(page: Page, address: str, person: str) -> None:
    page.goto(f"{address}/accounts/login/")
    page.fill("input[name=login]", f"{person}@demo.example")
    page.fill("input[name=password]", PASSWORD)
    page.locator("main button").first.click()
    page.wait_for_url(re.compile("/console/(till/)?$"))


def prepare_console(browser: Browser, address: str) -> None:
    """What the page of a draft needs: Greg hands in a next version."""
    greg = browser.new_page()
    enter_console(greg, address, "greg")
    greg.goto(f"{address}/console/offers/spring-pot/")
    text = greg.locator("pre.source").inner_text().replace("The spring pot", "The second spring pot")
    greg.goto(f"{address}/console/offers/new/")
    greg.fill("textarea[name=text]", text)
    greg.locator("button[value=hand_in]").click()
    greg.wait_for_url("**/drafts/**")
    greg.close()


def snap_console(browser: Browser, address: str) -> None:
    prepare_console(browser, address)
    for language in ("en", "fr"):
        for width, (pixels, height) in WIDTHS.items():
            context = browser.new_context(viewport={"width": pixels, "height": height}, locale=language)
            page = context.new_page()
            page.goto(f"{address}/accounts/login/")
            shoot(page, f"console-login-{language}-{width}")
            enter_console(page, address, "dora")
            for name, path in CONSOLE_PAGES.items():
                page.goto(address + path)
                shoot(page, f"console-{name}-{language}-{width}")
            for name, (path, link) in CONSOLE_FIRST_OF.items():
                page.goto(address + path)
                page.goto(address + str(page.locator(f"main a[href^='{link}']").first.get_attribute("href")))
                shoot(page, f"console-{name}-{language}-{width}")
            context.clear_cookies()
            enter_console(page, address, "fay")
            for name, path in FINANCE_PAGES.items():
                page.goto(address + path)
                shoot(page, f"console-{name}-{language}-{width}")
            context.clear_cookies()
            enter_console(page, address, "greg")
            page.goto(f"{address}/console/offers/new/")
            page.fill("textarea[name=text]", REFUSED_FILE.read_text(encoding="utf-8"))
            page.locator("button[value=check]").click()
            shoot(page, f"console-hand-in-{language}-{width}")
            context.close()


def snap_breaches(browser: Browser, address: str) -> None:
    """The register while it is empty; then one breach from its first two facts to the text that people read. The
    demo itself has none, as a made-up one would frighten."""
    for language in ("en", "fr"):
        for width, (pixels, height) in WIDTHS.items():
            page = open_as_dora(browser, address, language, pixels, height)
            for name in ("", "new/"):
                page.goto(f"{address}/console/breaches/{name}")
                shoot(page, f"console-breaches-{name.strip('/') or 'empty'}-{language}-{width}")
            page.context.close()
    page = open_as_dora(browser, address, "en", 1280, 900)
    page.goto(f"{address}/console/breaches/new/")
    page.fill("textarea[name=facts]", "A list of usernames of the demo lay open on the shop's server for an hour.")
    page.fill("input[name=aware_at_time]", "00:00")
    press(page)
    breach = page.url
    page.locator("#account + details > summary").click()
    for code in ("FR", "GB"):
        page.check(f"input[name=countries][value={code}]")
    page.fill("#effects", "Somebody may have read a username.")
    page.locator("button[value=change]").click()
    page.check("input[name=risk][value=high]")
    page.fill("#reason", "A username alone leads to nobody, but the list was long.")
    page.locator("button[value=assess]").click()
    page.context.close()
    for language in ("en", "fr"):
        for width, (pixels, height) in WIDTHS.items():
            page = open_as_dora(browser, address, language, pixels, height)
            for name, path in {"list": "../", "one": "", "notification": "notification/"}.items():
                page.goto(urljoin(breach, path))
                shoot(page, f"console-breaches-{name}-{language}-{width}")
            page.goto(breach)
            page.locator("#tell > summary").click()
            for area in page.locator("#tell textarea").all():
                area.fill(area.input_value() or "These are words for a picture.")
            page.locator("button[value=preview]").click()
            shoot(page, f"console-breaches-preview-{language}-{width}")
            page.context.close()


def open_as_dora(browser: Browser, address: str, language: str, pixels: int, height: int) -> Page:
    context = browser.new_context(viewport={"width": pixels, "height": height}, locale=language)
    page = context.new_page()
    enter_console(page, address, "dora")
    return page


def suspend_france(home: Path) -> None:
    command = [
        sys.executable, "-m", "onloan.cli.main", "--home", str(home), "market", "suspend", "spring-pot", "FR",
        "--by", "dora@demo.example", "--reason",
        "People asked what their photo would be used for. We are rewriting that page.",
    ]  # fmt: skip
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "ONLOAN_TEST_MODE": "1"})


def snap_readme(browser: Browser, address: str, home: Path) -> None:
    """Ana's pot on a phone; the status page with France suspended and the United Kingdom open."""
    pictures = ROOT / "docs" / "pictures"
    pictures.mkdir(exist_ok=True)
    phone = browser.new_page(viewport={"width": 390, "height": 844}, device_scale_factor=2)
    sign_in(phone, address, home, "fr", "ana@demo.example")
    phone.screenshot(path=str(pictures / "ana-pot-phone.png"))
    suspend_france(home)
    desktop = browser.new_page(viewport={"width": 1100, "height": 640}, device_scale_factor=2)
    desktop.goto(f"{address}/en/status/")
    desktop.screenshot(path=str(pictures / "status-suspended.png"))


def main() -> None:
    SNAP.mkdir(exist_ok=True)
    with running_demo() as (address, home), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGUMENTS)
        if "--readme" in sys.argv:
            snap_readme(browser, address, home)
        else:
            snap_public(browser, address, home)
            snap_till(browser, address, home)
            snap_console(browser, address)
            snap_breaches(browser, address)
            snap_erasing(browser, address, home)
            suspend_france(home)
            snap_suspended(browser, address, home)
        browser.close()
    print(f"pictures: {len(list(SNAP.glob('*.png')))} in {SNAP.name}/")


if __name__ == "__main__":
    main()
