"""Other tests read on the same PostgreSQL server, so its files hold a little longer what a test has deleted."""

from __future__ import annotations

import time

import pytest

from onloan.cases import sweeping


def wait_for_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on whoever asks whether nobody reads any more waits for those others, whose transactions end."""
    is_past = sweeping.is_past

    def wait(erased_in: int | None) -> bool:
        while not is_past(erased_in):
            time.sleep(0.02)
        return True

    monkeypatch.setattr(sweeping, "is_past", wait)
