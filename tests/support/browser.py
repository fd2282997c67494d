"""A real Chromium for story tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import pytest
from django.db import connections
from playwright.sync_api import Browser, Locator, sync_playwright

T = TypeVar("T")

# Without these, Chromium looks for its maker's services at each start.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def running_browser(*more: str) -> Iterator[Browser]:
    """``more`` are arguments beside the usual ones."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium here; .ci/run installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *more])
        try:
            yield browser
        finally:
            browser.close()


def press(button: Locator) -> None:
    """Press what leads to another page, and wait until that page is there to its end. A bare click returns when
    the answer begins: what a test reads then is a page half written, or it leaves before the answer came."""
    with button.page.expect_navigation():
        button.click()


def touch(button: Locator) -> None:
    """Press what stays on the page: something that opens, a camera, a download."""
    button.click()


def beside(function: Callable[[], T]) -> T:
    """What ``function`` returns, asked in a thread of its own: Playwright runs an event loop in this one, where
    Django refuses to wait for a database."""

    def run() -> T:
        try:
            return function()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=1) as executor:
        return executor.submit(run).result()
