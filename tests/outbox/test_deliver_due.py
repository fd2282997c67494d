"""Messages leave once their cause is committed, arrive, and leave nothing secret behind."""

from __future__ import annotations

import threading
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from standardwebhooks import Webhook

from onloan import clock, db, ids
from onloan.db import action
from onloan.errors import NotFound
from onloan.outbox import delivery, rules
from onloan.outbox.actions import (
    _claim_due,
    _settle_delivered,
    add_endpoint,
    deliver_due,
    forget_settled,
    resend_message,
    retire_endpoint,
)
from onloan.outbox.errors import EndpointRefused, ResendRefused
from onloan.outbox.models import Endpoint, Message
from onloan.outbox.queries import has_endpoint, list_endpoints, list_messages, waiting_since
from onloan.outbox.statements import mail_statement, webhook_statement
from tests.outbox.receiver import listening

pytestmark = pytest.mark.usefixtures("both_databases")

EARNED = rules.WebhookEvent.REWARD_EARNED


def nobody(participant_id: UUID) -> str | None:
    return None


@action
def write(*statements: db.Statement) -> None:
    db.execute(statements)


def write_code_mail() -> None:
    write(
        mail_statement(
            template="join_code",
            language="en",
            context={"campaign": "The spring pot", "expires_minutes": 20},
            address="ana@people.example",
            secrets={"code": "123456"},
        )
    )


def write_event(reference: UUID | None = None) -> UUID:
    reference = reference or ids.new_id()
    write(webhook_statement(event=EARNED, payload={"amount_minor": 500}, idempotency_ref=reference))
    return reference


def mails() -> list[EmailMessage]:
    folder = Path(settings.EMAIL_FILE_PATH)
    if not folder.exists():
        return []
    return [
        message_from_bytes(path.read_bytes().split(b"\n" + b"-" * 79)[0], policy=policy.default)  # type: ignore[misc]
        for path in sorted(folder.iterdir())
    ]


def break_mail_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Point mails at a port of this machine where nothing listens."""
    monkeypatch.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
    monkeypatch.setattr(settings, "EMAIL_HOST", "127.0.0.1", raising=False)
    monkeypatch.setattr(settings, "EMAIL_PORT", 1, raising=False)


class TestMails:
    def test_it_reads_a_participants_address_when_the_mail_leaves(self) -> None:
        ana = ids.new_id()
        write(
            mail_statement(
                template="reward_earned",
                language="en",
                context={"kind": "cash", "amount": "4.00 EUR", "due_on": "2027-06-16"},
                participant_id=ana,
            )
        )
        addresses = {ana: "ana@people.example"}
        assert deliver_due(now=clock.now(), read_address=addresses.get) == 1
        (mail,) = mails()
        assert mail["To"] == "ana@people.example"
        assert mail["Subject"] == "€4 in cash is yours"
        assert "paid by 16 June 2027" in mail.get_content()
        assert mail["Auto-Submitted"] == "auto-generated"

    def test_it_sends_nothing_before_the_commit_and_nothing_after_a_rollback(self) -> None:
        with pytest.raises(NotFound), transaction.atomic():
            db.execute([mail_statement(template="receipt", language="en", context={}, address="a@b.example")])
            raise NotFound
        assert deliver_due(now=clock.now(), read_address=nobody) == 0
        assert mails() == []

    def test_it_keeps_code_and_address_sealed_and_wipes_them_once_sent(self) -> None:
        write_code_mail()
        row = Message.objects.get()
        kept = bytes(row.sealed_address) + bytes(row.sealed_context) + str(row.context).encode()
        assert b"ana@" not in kept and b"123456" not in kept
        deliver_due(now=clock.now(), read_address=nobody)
        assert "123456" in mails()[0].get_content()
        row.refresh_from_db()
        assert (row.state, row.sealed_address, row.sealed_context) == ("sent", None, None)

    def test_it_gives_up_when_the_person_has_no_address_any_more(self) -> None:
        write(mail_statement(template="receipt", language="en", context={}, participant_id=ids.new_id()))
        deliver_due(now=clock.now(), read_address=nobody)
        (line,) = list_messages(state="failed")
        assert (line.last_error_code, line.attempts) == ("NO-ADDRESS", 1)

    def test_it_climbs_the_ladder_then_fails_and_wipes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        break_mail_server(monkeypatch)
        write_code_mail()
        now = clock.now()
        for step in rules.CODE_MAIL_RETRIES:
            assert deliver_due(now=now, read_address=nobody) == 1
            assert deliver_due(now=now + step - timedelta(seconds=1), read_address=nobody) == 0
            now += step
        assert deliver_due(now=now, read_address=nobody) == 1
        row = Message.objects.get()
        assert (row.state, row.last_error_code) == ("failed", "NO-CONNECTION")
        assert (row.sealed_address, row.sealed_context) == (None, None)

    def test_it_hurries_with_every_one_time_code(self) -> None:
        codes = {template for template in rules.TEMPLATES if template.endswith("_code")} - {"voucher_code"}
        assert codes == rules.CODE_TEMPLATES

    def test_it_goes_on_with_a_confirmation_whose_code_has_run_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        confirmation = {"case_reference": "4K7M-2Q9X", "expires_minutes": 10}
        write(
            mail_statement(
                template="case_acknowledged", language="en", context=confirmation, address="a@b.example",
                secrets={"code": "123456"},
            )
        )  # fmt: skip
        now = clock.now()
        with monkeypatch.context() as broken:
            break_mail_server(broken)
            for step in rules.MAIL_RETRIES[:5]:
                assert deliver_due(now=now, read_address=nobody) == 1
                now += step
        assert now > clock.now() + timedelta(hours=4)
        assert deliver_due(now=now, read_address=nobody) == 1
        said = mails()[0].get_content()
        assert "123456" in said and "10 minutes after you wrote to us; later, ask for a new one" in said

    def test_it_sends_the_others_when_one_cannot_be_prepared(self) -> None:
        write(mail_statement(template="receipt", language="en", context={}, address="a@b.example"))
        Message.objects.update(context={"due_on": "not a day"})
        write_code_mail()
        assert deliver_due(now=clock.now(), read_address=nobody) == 2
        assert len(mails()) == 1
        assert list_messages(state="waiting")[0].last_error_code == "NOT-PREPARED"
        assert [line.template for line in list_messages(state="sent")] == ["join_code"]

    def test_it_refuses_a_context_that_could_say_who_somebody_is(self) -> None:
        with pytest.raises(AssertionError):
            mail_statement(template="receipt", language="en", context={"username": "Ana"}, address="a@b.example")

    def test_the_database_refuses_a_secret_that_outlives_the_sending(self) -> None:
        write_code_mail()
        with pytest.raises(Exception, match="keeps_no_secret"), transaction.atomic():
            Message.objects.update(state="sent", settled_at=clock.now())


class TestEvents:
    def test_it_signs_an_event_so_that_anybodys_library_accepts_it(self) -> None:
        with listening() as merchant:
            made = add_endpoint(url=merchant.address, events=[EARNED], now=clock.now())
            reference = write_event()
            assert deliver_due(now=clock.now(), read_address=nobody) == 1
        _, headers, body = merchant.received[0]
        content = Webhook(made.secret).verify(body, headers)
        assert content["type"] == "reward.earned"
        assert content["data"] == {"amount_minor": 500}
        assert headers["webhook-id"] == f"msg_{reference.hex}"
        assert list_endpoints()[0].last_answered_at is not None

    def test_it_writes_an_event_once_however_often_its_cause_is_repeated(self) -> None:
        with listening() as merchant:
            add_endpoint(url=merchant.address, events=[EARNED], now=clock.now())
            reference = write_event()
            write_event(reference)
            deliver_due(now=clock.now(), read_address=nobody)
            write_event(reference)
            deliver_due(now=clock.now(), read_address=nobody)
        assert len(merchant.received) == 1

    def test_it_tells_each_endpoint_and_tries_only_the_one_that_failed_again(self) -> None:
        with listening() as shop, listening() as warehouse:
            warehouse.status = 500
            for merchant in (shop, warehouse):
                add_endpoint(url=merchant.address, events=[EARNED], now=clock.now())
            write_event()
            deliver_due(now=clock.now(), read_address=nobody)
            warehouse.status = 200
            deliver_due(now=clock.now() + timedelta(seconds=6), read_address=nobody)
        assert (len(shop.received), len(warehouse.received)) == (1, 2)
        assert len(set(warehouse.ids)) == 1, "the id says that it is the same event"

    def test_it_follows_no_redirect(self) -> None:
        with listening() as merchant, listening() as elsewhere:
            merchant.status, merchant.location = 307, elsewhere.address
            add_endpoint(url=merchant.address, events=[EARNED], now=clock.now())
            write_event()
            deliver_due(now=clock.now(), read_address=nobody)
        assert elsewhere.received == []
        assert list_messages(state="waiting")[0].last_error_code == "HTTP-307"

    def test_it_cuts_off_an_answer_that_drips(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(delivery, "ANSWER_SECONDS_MAX", 0.5)
        with listening() as merchant:
            merchant.drips = True
            add_endpoint(url=merchant.address, events=[EARNED], now=clock.now())
            write_event()
            deliver_due(now=clock.now(), read_address=nobody)
        assert list_messages(state="waiting")[0].last_error_code == "TIMEOUT"

    def test_it_ends_as_failed_and_can_be_sent_again_by_hand(self) -> None:
        with listening() as merchant:
            merchant.status = 503
            add_endpoint(url=merchant.address, events=[EARNED], now=clock.now())
            write_event()
            now = clock.now()
            for step in (*rules.WEBHOOK_RETRIES, timedelta(0)):
                assert deliver_due(now=now, read_address=nobody) == 1
                now += step
            (dead,) = list_messages(state="failed")
            assert (dead.last_error_code, dead.attempts) == ("HTTP-503", len(rules.WEBHOOK_RETRIES) + 1)
            merchant.status = 200
            resend_message(message_id=dead.id, now=now)
            deliver_due(now=now, read_address=nobody)
            assert list_messages(state="failed") == []
            with pytest.raises(ResendRefused):
                resend_message(message_id=dead.id, now=now)

    def test_it_stops_telling_an_endpoint_that_answers_gone(self) -> None:
        with listening() as merchant:
            merchant.status = 410
            add_endpoint(url=merchant.address, events=[EARNED], now=clock.now())
            write_event()
            deliver_due(now=clock.now(), read_address=nobody)
            write_event()
            deliver_due(now=clock.now(), read_address=nobody)
        assert len(merchant.received) == 1
        assert not has_endpoint(EARNED)

    def test_it_keeps_an_event_that_nobody_wants_until_somebody_does(self) -> None:
        write_event()
        deliver_due(now=clock.now(), read_address=nobody)
        (unsent,) = list_messages(state="failed")
        assert unsent.last_error_code == "NO-ENDPOINT"
        with listening() as merchant:
            add_endpoint(url=merchant.address, events=[EARNED], now=clock.now())
            resend_message(message_id=unsent.id, now=clock.now())
            deliver_due(now=clock.now(), read_address=nobody)
        assert len(merchant.received) == 1
        assert list_messages(state="failed") == []

    def test_it_sends_nothing_to_a_retired_endpoint(self) -> None:
        with listening() as merchant:
            merchant.status = 500
            made = add_endpoint(url=merchant.address, events=[EARNED], now=clock.now())
            write_event()
            deliver_due(now=clock.now(), read_address=nobody)
            retire_endpoint(endpoint_id=made.id)
            deliver_due(now=clock.now() + timedelta(minutes=1), read_address=nobody)
        assert len(merchant.received) == 1
        assert list_messages(state="failed")[0].last_error_code == "ENDPOINT-RETIRED"

    def test_it_keeps_the_secret_of_an_endpoint_sealed(self) -> None:
        made = add_endpoint(url="https://shop.example/hooks", events=[EARNED], now=clock.now())
        assert made.secret.startswith("whsec_")
        assert made.secret[6:20].encode() not in bytes(Endpoint.objects.get().sealed_secret)

    @pytest.mark.parametrize(
        "url",
        [
            "ftp://shop.example/",
            "http://shop.example/hooks",
            "https://user:word@shop.example/",
            "https://shop.example/ a",
            "https:///nowhere",
            "https://shop.example/#part",
            "https://shop.example:99999/",
            "https://shop.example/" + "x" * 500,
            "javascript:alert(1)",
            "",
        ],
    )
    def test_it_refuses_an_address_that_no_event_should_go_to(self, url: str) -> None:
        with pytest.raises(EndpointRefused):
            add_endpoint(url=url, events=[EARNED], now=clock.now())
        assert list_endpoints() == []

    def test_it_refuses_an_endpoint_twice_or_for_nothing(self) -> None:
        add_endpoint(url="https://shop.example/hooks", events=[EARNED], now=clock.now())
        for url, events in [("https://shop.example/hooks", [EARNED]), ("https://b.example/", ["person.erased"])]:
            with pytest.raises(EndpointRefused):
                add_endpoint(url=url, events=events, now=clock.now())


class TestManyProcesses:
    def test_it_sends_each_message_once_while_many_deliver(self) -> None:
        with listening() as merchant:
            add_endpoint(url=merchant.address, events=[EARNED], now=clock.now())
            references = [write_event() for _ in range(40)]

            def deliver() -> None:
                for _ in range(6):
                    deliver_due(now=clock.now(), limit=7, read_address=nobody)
                connections.close_all()

            workers = [threading.Thread(target=deliver) for _ in range(6)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
            while deliver_due(now=clock.now(), read_address=nobody):
                pass
        assert sorted(merchant.ids) == sorted(f"msg_{reference.hex}" for reference in references)

    def test_it_loses_nothing_when_a_process_dies_after_claiming(self) -> None:
        with listening() as merchant:
            add_endpoint(url=merchant.address, events=[EARNED], now=clock.now())
            write_event()
            now = clock.now()
            # The first run spreads the event; the process that claims it then dies.
            merchant.status = 500
            deliver_due(now=now, read_address=nobody)
            merchant.status = 200
            later = now + timedelta(minutes=1)
            assert len(_claim_due(now=later, limit=50)) == 1
            assert deliver_due(now=later + rules.LEASE - timedelta(seconds=1), read_address=nobody) == 0
            assert deliver_due(now=later + rules.LEASE, read_address=nobody) == 1
        assert list_messages(state="sent") != []

    def test_it_settles_only_its_own_try(self) -> None:
        for _ in range(2):
            write_code_mail()
        now = clock.now()
        late = _claim_due(now=now, limit=50)
        (again,) = _claim_due(now=now + rules.LEASE, limit=1)
        _settle_delivered(messages=late, now=now)
        (waiting,) = list_messages(state="waiting")
        assert (waiting.id, waiting.attempts) == (again.id, 2)
        _settle_delivered(messages=[again], now=now)
        assert len(list_messages(state="sent")) == 2

    def test_it_never_sends_inside_a_transaction(self) -> None:
        with pytest.raises(AssertionError), transaction.atomic():
            deliver_due(now=clock.now(), read_address=nobody)
        assert not connection.in_atomic_block


def test_it_forgets_what_ended_long_ago() -> None:
    write_code_mail()
    now = clock.now()
    deliver_due(now=now, read_address=nobody)
    assert forget_settled(now=now + timedelta(days=29)) == 0
    assert forget_settled(now=now + timedelta(days=31)) == 1
    assert Message.objects.count() == 0


def test_it_says_how_long_the_oldest_message_waits() -> None:
    write_code_mail()
    waited = waiting_since(clock.now() + timedelta(minutes=5))
    assert timedelta(minutes=4) < waited < timedelta(minutes=6)


def test_a_mail_comes_under_the_merchants_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "EMAIL_FROM", "onloan@example.org")
    assert delivery.write_sender("Boutique Exemple SAS") == "Boutique Exemple SAS <onloan@example.org>"
    assert delivery.write_sender("") == "onloan@example.org"
    assert "\n" not in delivery.write_sender("Shop\nBcc: x@example.org")
    monkeypatch.setattr(settings, "EMAIL_FROM", "Our shop <onloan@example.org>")
    assert delivery.write_sender("Boutique Exemple SAS") == "Our shop <onloan@example.org>"
