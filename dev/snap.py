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
from pathlib import Path

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
    "missing": "/{language}/nowhere/",
}
CONSOLE_PAGES = {
    "overview": "/console/",
    "offers": "/console/offers/",
    "hand-in": "/console/offers/new/",
    "markets": "/console/markets/",
    "market": "/console/markets/spring-pot/FR/",
    "requests": "/console/requests/",
    "money": "/console/money/",
    "evidence": "/console/evidence/",
    "team": "/console/team/",
}
PASSWORD = "onloan-demo-only"


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


def snap_public(browser: Browser, address: str, home: Path) -> None:
    for language, country, person in (("fr", "FR", "ana"), ("en", "GB", "eve")):
        for width, (pixels, height) in WIDTHS.items():
            page = browser.new_page(viewport={"width": pixels, "height": height}, java_script_enabled=False)
            for name, path in PUBLIC_PAGES.items():
                page.goto(address + path.format(language=language, country=country))
                shoot(page, f"{name}-{language}-{width}")
            sign_in(page, address, home, language, f"{person}@demo.example")
            shoot(page, f"me-{language}-{width}")
            page.close()


def sign_in(page: Page, address: str, home: Path, language: str, email: str) -> None:
    """As a participant does: an address, then the code from the mail."""
    shutil.rmtree(home / "mail", ignore_errors=True)
    page.goto(f"{address}/{language}/signin/")
    page.fill("input[type=email]", email)
    page.locator("main button").first.click()
    page.fill("input[name=code]", newest_code(home))
    page.locator("main button").first.click()
    page.wait_for_url(f"**/{language}/me/**")


def snap_console(browser: Browser, address: str) -> None:
    for language in ("en", "fr"):
        for width, (pixels, height) in WIDTHS.items():
            context = browser.new_context(viewport={"width": pixels, "height": height}, locale=language)
            page = context.new_page()
            page.goto(f"{address}/accounts/login/")
            shoot(page, f"console-login-{language}-{width}")
            page.fill("input[name=login]", "dora@demo.example")
            page.fill("input[name=password]", PASSWORD)
            page.locator("main button").first.click()
            page.wait_for_url("**/console/")
            for name, path in CONSOLE_PAGES.items():
                page.goto(address + path)
                shoot(page, f"console-{name}-{language}-{width}")
            context.close()


def snap_readme(browser: Browser, address: str, home: Path) -> None:
    """Ana's pot on a phone; the status page with France suspended and the United Kingdom open."""
    pictures = ROOT / "docs" / "pictures"
    pictures.mkdir(exist_ok=True)
    phone = browser.new_page(viewport={"width": 390, "height": 844}, device_scale_factor=2)
    sign_in(phone, address, home, "en", "ana@demo.example")
    phone.screenshot(path=str(pictures / "ana-pot-phone.png"))
    command = [
        sys.executable, "-m", "onloan.cli.main", "--home", str(home), "market", "suspend", "spring-pot", "FR",
        "--by", "dora@demo.example", "--reason",
        "People asked what their photo would be used for. We are rewriting that page.",
    ]  # fmt: skip
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "ONLOAN_TEST_MODE": "1"})
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
            snap_console(browser, address)
        browser.close()
    print(f"pictures: {len(list(SNAP.glob('*.png')))} in {SNAP.name}/")


if __name__ == "__main__":
    main()
