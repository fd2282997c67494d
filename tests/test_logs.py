"""What a server writes down about requests names nobody and opens nothing."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from django.test import Client

from onloan.consents import queries
from onloan.portal import consents

TOKEN = "ABCDEFGHJKMNPQRSTVWXYZ0123"


@pytest.fixture
def written(sqlite_database: str) -> Iterator[io.StringIO]:
    """What the server's own handler writes."""
    (handler,) = [one for one in logging.getLogger().handlers if type(one) is logging.StreamHandler]
    stream = io.StringIO()
    before = handler.setStream(stream)
    yield stream
    if before is not None:
        handler.setStream(before)


def test_it_keeps_the_address_of_a_refused_form_out_of_the_log(written: io.StringIO) -> None:
    client = Client(HTTP_HOST="127.0.0.1", enforce_csrf_checks=True)
    assert client.post(f"/en/r/{TOKEN}/take-back/").status_code == 403
    assert TOKEN not in written.getvalue()
    assert "403, page receipt-take-back, csrf" in written.getvalue()


def test_it_keeps_the_address_and_the_words_of_a_failure_out_of_the_log(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(token: str) -> queries.ReceiptView | None:
        raise RuntimeError("a row with ana@example.org in it")

    monkeypatch.setattr(consents, "find_receipt", fail)
    client = Client(HTTP_HOST="127.0.0.1", raise_request_exception=False)
    assert client.get(f"/en/r/{TOKEN}/").status_code == 500
    assert TOKEN not in written.getvalue()
    assert "ana@" not in written.getvalue()
    assert "500, page receipt, RuntimeError, at " in written.getvalue()


def test_it_leaves_other_records_alone(written: io.StringIO) -> None:
    logging.getLogger("onloan.jobs").warning("%s entries wait", 12)
    assert written.getvalue() == "12 entries wait\n"
