"""The till on a phone: a voucher is scanned with the camera, taken, undone; and typed where there is no camera."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import segno
from playwright.sync_api import Browser, Page, expect

from onloan import clock
from onloan.access.team import add_team_member
from tests.ledger.books import SETTLED
from tests.support.browser import beside, press, running_browser, touch
from tests.support.server import RunningServer, running_server
from tests.vouchers.tills import Holder, give_voucher

EMAIL, PASSWORD = "tia@boutique.example", "a long enough password"
PHONE = {"width": 390, "height": 780}
WIDTH, HEIGHT = 640, 480


def film(text: str, path: Path) -> Path:
    """What a camera sees that looks at a QR code, as an uncompressed film (YUV4MPEG2) that Chromium plays."""
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix]
    side = HEIGHT // (len(rows) + 8)
    left, top = (WIDTH - side * len(rows)) // 2, (HEIGHT - side * len(rows)) // 2
    light = bytearray([235] * (WIDTH * HEIGHT))
    for y, row in enumerate(rows):
        for x, is_dark in enumerate(row):
            if is_dark:
                for line in range(top + y * side, top + (y + 1) * side):
                    start = line * WIDTH + left + x * side
                    light[start : start + side] = bytes([16]) * side
    grey = bytes([128]) * (WIDTH * HEIGHT // 2)
    frame = b"FRAME\n" + bytes(light) + grey
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode() + frame * 10)
    return path


@pytest.fixture
def ana(sqlite_database: str) -> Holder:
    ahead = SETTLED + timedelta(days=1) - clock.now()
    clock.advance(max(0, int(ahead.total_seconds())))
    add_team_member(email=EMAIL, name="Tia", role="till", password=PASSWORD)
    return give_voucher(expires_at=clock.now() + timedelta(days=60))


def sign_in(browser: Browser, server: RunningServer, *, javascript: bool = True) -> Page:
    """Tia's phone, signed in; what the page asks of other machines, or says on its console, fails the test."""
    page = browser.new_context(viewport=PHONE, locale="en", java_script_enabled=javascript).new_page()  # type: ignore[arg-type]
    page.on("request", lambda request: check_address(request.url, server))
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(f"{server.address}/console/")
    page.fill("input[name=login]", EMAIL)
    page.fill("input[name=password]", PASSWORD)
    press(page.locator("main button.button"))
    expect(page).to_have_url(f"{server.address}/console/till/")
    return page


def check_address(url: str, server: RunningServer) -> None:
    assert url.startswith((server.address, "data:", "blob:")), url


def test_it_scans_takes_and_undoes(ana: Holder, sqlite_database: str, tmp_path: Path) -> None:
    seen = film(ana.code.replace(" ", ""), tmp_path / "voucher.y4m")
    camera = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
              f"--use-file-for-fake-video-capture={seen}")  # fmt: skip
    with running_server(sqlite_database, tmp_path / "home") as server, running_browser(*camera) as browser:
        page = sign_in(browser, server)
        touch(page.get_by_role("button", name="Scan with the camera"))
        expect(page.locator("#amount")).to_have_value("14", timeout=20_000)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.fill("#amount", "9.50")
        press(page.get_by_role("button", name="Take this amount"))
        expect(page.locator("h1")).to_have_text("€9.50 is taken")
        assert ana.code.replace(" ", "") not in page.url
        assert beside(ana.sums)[0] == 450
        press(page.get_by_role("button", name="Undo: put €9.50 back"))
        expect(page.locator("h1")).to_have_text("€9.50 was not taken")
        assert beside(ana.sums)[0] == 1_400


def test_it_says_so_where_the_picture_is_no_code_or_the_camera_is_refused(
    ana: Holder, sqlite_database: str, tmp_path: Path
) -> None:
    seen = film("https://elsewhere.example/a-menu", tmp_path / "menu.y4m")
    camera = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={seen}")
    with running_server(sqlite_database, tmp_path / "home") as server, running_browser(*camera) as browser:
        page = sign_in(browser, server)
        scan = page.get_by_role("button", name="Scan with the camera")
        touch(scan)
        expect(page.locator("#camera-says")).to_have_text("The camera cannot be used here. Type the code instead.")
        page.context.grant_permissions(["camera"])
        touch(scan)
        expect(page.locator("#camera-says")).to_contain_text("no voucher and no slip", timeout=20_000)
        touch(page.get_by_role("button", name="Close the camera"))
        expect(page.locator("#camera")).to_be_hidden()
        expect(page.locator("#code")).to_be_focused()


def test_it_works_typed_without_javascript(ana: Holder, sqlite_database: str, tmp_path: Path) -> None:
    with running_server(sqlite_database, tmp_path / "home") as server, running_browser() as browser:
        page = sign_in(browser, server, javascript=False)
        expect(page.locator("#scan")).to_be_hidden()
        expect(page.locator("#camera")).to_be_hidden()
        page.fill("#code", ana.code.lower())
        press(page.get_by_role("button", name="Show what it holds"))
        press(page.get_by_role("button", name="Take this amount"))
        expect(page.locator("h1")).to_have_text("€14 is taken")
        assert beside(ana.sums)[0] == 0
