"""The longest name without a space fits beside a photo on a narrow phone."""

from __future__ import annotations

from tests.support.browser import running_browser
from tests.support.server import ROOT

NARROW_PHONE = {"width": 320, "height": 640}
INVITATION = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<style>%s</style><main><div class="sponsor"><img src="data:," width="64" height="64" alt="">
<p class="lead"><strong>%s</strong> invites you</p></div></main></html>"""


def test_a_long_name_breaks_and_the_page_does_not_scroll_sideways() -> None:
    style = (ROOT / "onloan" / "static" / "onloan.css").read_text(encoding="utf-8")
    with running_browser() as browser:
        page = browser.new_page(viewport=NARROW_PHONE)
        page.set_content(INVITATION % (style, "W" * 24))
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW_PHONE["width"]
