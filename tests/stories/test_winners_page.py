"""The worked example in a real browser: a winner is seen, takes it back with one click, and is seen no more."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from onloan import clock
from onloan.access.actions import create_key
from onloan.evidence import queries as log
from onloan.evidence.verify import verify_database
from onloan.people.photos import prepare_photo
from onloan.people.queries import find_participant
from tests.consents.world import ALL, Person, add_person, build_world
from tests.support.browser import beside, press, running_browser
from tests.support.photos import portrait_png
from tests.support.server import ROOT, RunningServer, running_server

EXAMPLE = ROOT / "examples" / "winners_page.py"
# A headless browser says so, and is taken for a robot that makes previews.
PHONE = "Mozilla/5.0 (Linux; Android 9; Phone) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile"
NOBODY_PIXELS = 128


@contextmanager
def running_example(server: RunningServer, key: str, winners: list[str]) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ, "ONLOAN_URL": server.address, "ONLOAN_KEY": key, "WINNERS": " ".join(winners),
        "PORT": str(port), "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, str(EXAMPLE)], env=environment, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(100):
            assert process.poll() is None, "the example ended"
            try:
                with urllib.request.urlopen(address, timeout=30):
                    break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(10)


def look_at(page: Page, photo: str) -> tuple[int, int]:
    """Another page of the same browser shows the photo: its HTTP status, and how wide the picture is. The photo
    here is narrower than the picture of nobody. The browser has it already, and has to ask all the same."""
    other = page.context.new_page()
    with other.expect_response(photo) as answered:
        other.set_content(f'<img src="{photo}">')
    wide: int = other.evaluate("document.images[0].decode().then(() => document.images[0].naturalWidth)")
    other.close()
    return answered.value.status, wide


def people(names: list[str]) -> list[tuple[Person, str]]:
    world = build_world()
    found = []
    for name in names:
        person = add_person(world, ALL, name=name, photo=prepare_photo(portrait_png(200, 400)))
        view = find_participant(person.id)
        assert view is not None
        found.append((person, view.public_id))
    return found


@pytest.mark.slow
def test_a_winner_takes_it_back_and_is_seen_no_more(sqlite_database: str, tmp_path: Path) -> None:
    [(chloe, chloe_id), (_, ben_id)] = people(["Chloé", "Ben"])
    key = create_key(name="shop", scopes=["uses:write"], now=clock.now()).key
    with (
        running_server(sqlite_database, tmp_path / "server-home") as server,
        running_example(server, key, [chloe_id, ben_id]) as address,
        running_browser() as browser,
    ):
        page = browser.new_context(user_agent=PHONE).new_page()
        page.goto(address)
        expect(page.locator("li")).to_have_count(2)
        expect(page.locator("li").first).to_contain_text("C•••")
        photo = page.locator("img").first.get_attribute("src")
        assert photo is not None
        status, wide = look_at(page, photo)
        assert status in {200, 304}
        assert wide == NOBODY_PIXELS // 2

        own = browser.new_context(user_agent=PHONE, locale="en").new_page()
        own.goto(f"{server.address}/en/r/{chloe.receipt_token}/")
        press(own.locator("main form button").last)
        expect(own).to_have_url(re.compile("taken-back"))

        # Whatever page kept the address shows nobody; the winners' page has neither photo nor name.
        assert look_at(page, photo) == (410, NOBODY_PIXELS)
        page.reload()
        expect(page.locator("li").first).to_have_text("Somebody who is not shown")
        expect(page.locator("li").last).to_contain_text("B•••")
        expect(page.locator("img")).to_have_count(1)
    problems, kinds = beside(what_the_log_says)
    assert problems == []
    assert kinds.index("consent_withdrawn") < len(kinds) - 1 - kinds[::-1].index("use_denied")
    assert "use_allowed" in kinds[: kinds.index("consent_withdrawn")]


def what_the_log_says() -> tuple[list[str], list[str]]:
    from onloan.evidence.actions import number_entries

    number_entries()
    size = log.read_checkpoint().size
    entries = [dict(entry.read()) for entry in log.entries(0, size)]
    return [str(problem) for problem in verify_database().problems], [str(entry["kind"]) for entry in entries]
