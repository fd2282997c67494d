"""A one-time code goes to an address, and says nothing about it."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from onloan import clock, keys
from onloan.outbox.models import Message
from onloan.outbox.statements import seal_about
from onloan.people import actions, codes
from onloan.people.errors import CodesBusy, EmailNotValid
from onloan.people.models import EmailCode
from tests.people.support import add_person
from tests.support.at_once import at_once

NOW = clock.now()


def send(email: str = "ana@example.org", **changes: object) -> UUID | None:
    values = {
        "email": email, "offer_id": None, "market_id": None, "purpose": "join", "language": "fr", "now": NOW,
    }  # fmt: skip
    return actions.send_code(**{**values, **changes})  # type: ignore[arg-type]


def test_it_mails_six_digits_in_a_sealed_message(both_databases: str) -> None:
    send()
    message = Message.objects.get()
    assert message.template == "join_code" and message.language == "fr"
    key = keys.derive_key("outbox")
    assert message.sealed_address is not None and message.sealed_context is not None
    assert keys.unseal(key, bytes(message.sealed_address), seal_about(message.id)) == b"ana@example.org"
    secret = json.loads(keys.unseal(key, bytes(message.sealed_context), seal_about(message.id)))
    assert len(secret["code"]) == 6 and secret["code"].isdigit()
    assert "ana" not in json.dumps(message.context)


def test_it_stores_neither_address_nor_code(both_databases: str) -> None:
    send()
    row = EmailCode.objects.values().get()
    assert "ana" not in repr(row)
    assert row["expires_at"] == NOW + timedelta(minutes=10)


def test_it_answers_alike_for_known_and_unknown_and_mails_a_sign_in_code(both_databases: str) -> None:
    offer_id = uuid4()
    add_person(offer_id=offer_id, email="ana@example.org")
    for email in ("ana@example.org", "ben@example.org"):
        assert send(email, offer_id=offer_id) is not None
    templates = list(Message.objects.order_by("id").values_list("template", flat=True))
    assert templates == ["sign_in_code", "join_code"]


@pytest.mark.parametrize("email", ["", "ana", "a" * 300 + "@example.org", "ana@example.org\nBcc: x@example.org"])
def test_it_stores_nothing_for_what_is_no_address(both_databases: str, email: str) -> None:
    with pytest.raises(EmailNotValid):
        send(email)
    assert not EmailCode.objects.exists() and not Message.objects.exists()


def test_it_sends_five_codes_an_hour_to_an_address_and_no_sixth(both_databases: str) -> None:
    for _ in range(5):
        assert send() == EmailCode.objects.order_by("-id")[0].id
    assert send(" ANA@example.org") is None
    assert Message.objects.count() == 5
    send("ben@example.org")
    assert EmailCode.objects.count() == 6
    send(now=NOW + timedelta(hours=1, seconds=1))


def test_it_holds_the_bound_for_requests_at_once(both_databases: str) -> None:
    sent = at_once(12, send)
    assert sent.count(None) == 7 and EmailCode.objects.filter(is_long=True).count() == 1
    assert EmailCode.objects.count() == Message.objects.count() == 5


def test_it_bounds_the_codes_of_all_together(both_databases: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "CODES_PER_MINUTE_MAX", 3)
    for name in ("ana", "ben", "chloe"):
        send(f"{name}@example.org")
    with pytest.raises(CodesBusy):
        send("dora@example.org")
    send("dora@example.org", now=NOW + timedelta(minutes=2))


@pytest.mark.parametrize("purpose", ["request", "sighting", "follow", "change", "sign_in"])
def test_each_purpose_has_a_mail_that_names_it(sqlite_database: str, purpose: str) -> None:
    send(purpose=purpose)
    assert Message.objects.get().template == f"{purpose}_code"


def test_it_purges_codes_and_drafts_after_a_day(both_databases: str) -> None:
    send()
    assert actions.purge_codes(now=NOW + timedelta(hours=24)) == 0
    assert actions.purge_codes(now=NOW + timedelta(hours=25, seconds=1)) == 1
    assert not EmailCode.objects.exists()
