"""The archive's pages: a list without a name, and one name after a purpose and a reason."""

from __future__ import annotations

import io
import logging

import pytest
from django.test import Client

from onloan.access.models import User
from onloan.payouts.actions import mark_batch_paid
from onloan.payouts.models import ArchivedPayment, ArchiveReading
from tests.ledger.books import Books, open_books
from tests.payouts.world import LATER, owe, send

ADDRESS = "/console/money/archive/"
REASON = "Sample 14 of the annual audit."


@pytest.fixture
def books(sqlite_database: str) -> Books:
    return open_books(pools=1)


def sign_in(books: Books, language: str = "en") -> Client:
    client = Client(HTTP_HOST="127.0.0.1", HTTP_ACCEPT_LANGUAGE=language)
    client.force_login(User.objects.get(id=books.team.fay), backend="onloan.console.backend.TeamBackend")
    return client


def pay(books: Books) -> str:
    """Ana was paid by transfer; the address of her archived payment."""
    owe(books, name="Ana Zoé Lopez")
    mark_batch_paid(batch_id=send(books), user_id=books.team.fay, now=LATER)
    return f"{ADDRESS}{ArchivedPayment.objects.get().id}/"


def test_a_name_opens_after_a_purpose_and_a_reason_only(books: Books) -> None:
    fay = sign_in(books)
    assert "No transfer has been paid yet" in fay.get(ADDRESS).content.decode()
    address = pay(books)
    reference = ArchivedPayment.objects.get().reference
    listed = fay.get(ADDRESS).content.decode()
    assert reference in listed and "€4" in listed and "31 December 2036" in listed and "Ana" not in listed
    found = fay.post(ADDRESS, {"reference": reference.lower()})
    assert found.status_code == 302 and found["Location"] == address
    missing = fay.post(ADDRESS, {"reference": "R-NONE"})
    assert missing.status_code == 404 and "E-ARCHIVE-REFERENCE" in missing.content.decode()
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logging.getLogger().addHandler(handler)
    try:
        for fields, code, field in (
            ({"purpose": "", "reason": REASON}, "E-ARCHIVE-PURPOSE", "purpose"),
            ({"purpose": "marketing", "reason": REASON}, "E-ARCHIVE-PURPOSE", "purpose"),
            ({"purpose": "audit", "reason": "because"}, "E-ARCHIVE-REASON", "reason"),
        ):
            refused = fay.post(address, fields)
            page = refused.content.decode()
            assert refused.status_code in {403, 422} and code in page and f'href="#{field}"' in page
            assert f'id="{field}-error"' in page and "Ana" not in page
        assert not ArchiveReading.objects.exists()
        opened = fay.post(address, {"purpose": "audit", "reason": REASON})
    finally:
        logging.getLogger().removeHandler(handler)
    page = opened.content.decode()
    assert "Ana Zoé Lopez" in page and "FR •••• 2606" in page and REASON in page
    assert "no-store" in opened["Cache-Control"]
    again = fay.get(address).content.decode()
    assert "Ana" not in again and REASON in again, "who looked stays, the name does not"
    for secret in ("Ana", "Lopez", "2606", REASON):
        assert secret not in written.getvalue()


def test_nobody_but_finance_comes_near_it(books: Books) -> None:
    address = pay(books)
    for role in ("growth", "dpo", "support", "auditor"):
        user = User.objects.create_user(f"{role}@shop.example", name=role, role=role)
        client = Client(HTTP_HOST="127.0.0.1")
        client.force_login(user, backend="onloan.console.backend.TeamBackend")
        assert client.get(ADDRESS).status_code == client.get(address).status_code == 403
        assert client.post(address, {"purpose": "audit", "reason": REASON}).status_code == 403
        assert "money/archive" not in client.get("/console/money/").content.decode()
    assert not ArchiveReading.objects.exists()


def test_it_speaks_french(books: Books) -> None:
    address = pay(books)
    fay = sign_in(books, "fr")
    assert "Archive des paiements" in fay.get(ADDRESS).content.decode()
    page = fay.post(address, {"purpose": "", "reason": ""}).content.decode()
    assert "un contrôle fiscal" not in page and "le fisc" in page and "Choose" not in page
