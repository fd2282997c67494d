"""People are told in their language, each once, whatever becomes of the job that does it."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connections

from onloan import db
from onloan.breaches import telling
from onloan.breaches.errors import PeopleToldAlready
from onloan.breaches.models import Breach, Telling
from onloan.breaches.queries import find_breach
from onloan.breaches.rules import Duty, EntryKind, Risk
from onloan.breaches.telling import find_audience, preview_mails, settle_tellings, start_telling, tell_people
from onloan.errors import OnloanError
from onloan.evidence.actions import number_entries
from onloan.evidence.models import LoggedEntry
from onloan.outbox import actions as outbox
from onloan.outbox.actions import deliver_due
from onloan.outbox.models import Message
from onloan.people.models import Participant
from tests.breaches.world import NOW, TEXTS, WORDS, assess, change, open_with_people, record
from tests.joining.support import OpenMarket, add_participant
from tests.support.at_once import at_once

ROOT = Path(__file__).parents[2]
MINUTE = timedelta(minutes=1)
LATER = NOW + timedelta(hours=1)


def begin(market: OpenMarket, *, offer_slug: str = "") -> UUID:
    dora = market.team.dora
    breach_id = record(dora)
    change(breach_id, dora, countries=("FR",))
    assess(breach_id, dora)
    start(breach_id, dora, offer_slug=offer_slug)
    return breach_id


def start(breach_id: UUID, dora: UUID, **changes: object) -> None:
    values = {"offer_slug": "", "texts": TEXTS, "is_again": False, "now": LATER, **changes}
    start_telling(breach_id=breach_id, user_id=dora, **values)  # type: ignore[arg-type]


def told() -> list[UUID | None]:
    rows = Message.objects.filter(template="breach_told").order_by("id")
    return list(rows.values_list("participant_id", flat=True))


def people() -> list[UUID]:
    return list(Participant.objects.order_by("id").values_list("id", flat=True))


def test_everybody_is_told_once_in_bounded_batches(both_databases: str) -> None:
    breach_id = begin(open_with_people(5))
    assert tell_people(now=LATER, limit=2) == 0, "whoever is joining at that moment has joined a minute later"
    (view,) = find_breach(breach_id).tellings
    assert (view.people_count, view.told_count, view.waiting_count) == (5, 0, 5)
    assert Duty.TELLING in find_breach(breach_id).duties
    assert [tell_people(now=LATER + MINUTE, limit=2) for _ in range(5)] == [2, 2, 1, 0, 0]
    assert told() == people()
    (view,) = find_breach(breach_id).tellings
    assert (view.told_count, view.waiting_count, view.under_way_count) == (5, 0, 5)
    assert Telling.objects.get().reached_id is None, "nothing leads to anybody any more"
    number_entries()
    body = bytes(LoggedEntry.objects.order_by("-log_index").values_list("body", flat=True)[0])
    assert b'"count":5' in body and b'"kind":"breach_people_told"' in body and b'"role":"dpo"' in body


@pytest.mark.parametrize("dies_at", ["in its mails", "after its mails"])
def test_a_job_that_dies_in_a_batch_tells_nobody_twice(
    both_databases: str, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    """The mails of a batch and how far it came are one transaction: both are there, or neither."""
    begin(open_with_people(5))
    assert tell_people(now=LATER + MINUTE, limit=2) == 2
    run = db.execute

    def die(*values: object, **more: object) -> None:
        if dies_at == "after its mails":
            run(*values)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(telling.db, "execute", die)
    with pytest.raises(KeyboardInterrupt):
        tell_people(now=LATER + MINUTE, limit=2)
    monkeypatch.setattr(telling.db, "execute", run)
    assert told() == people()[:2]
    while tell_people(now=LATER + MINUTE, limit=2):
        pass
    assert told() == people()


@pytest.mark.slow
def test_a_killed_process_and_its_successor_tell_everybody_once(both_databases: str) -> None:
    """With kill -9, at whatever step it is: what is there is whole, and the next one goes on from it."""
    begin(open_with_people(12))
    everybody = people()
    connections.close_all()
    for told_before_kill in (2, 3):
        process = start_process()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write("\n" * (told_before_kill + 2))
        process.stdin.flush()
        for _ in range(told_before_kill):
            assert process.stdout.readline() == "told\n"
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        row = Telling.objects.get()
        assert told() == everybody[: row.told_count] and row.reached_id == everybody[row.told_count - 1]
        assert row.told_count < 12 and row.finished_at is None
        connections.close_all()
    process = start_process()
    process.communicate("\n" * 99)
    assert process.returncode == 0 and told() == everybody
    row = Telling.objects.get()
    assert (row.told_count, row.reached_id) == (12, None) and row.finished_at is not None


def start_process() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.breaches.telling_process", (LATER + MINUTE).isoformat()],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_two_workers_at_once_tell_nobody_twice(both_databases: str) -> None:
    begin(open_with_people(8))
    at_work = at_once(3, lambda: sum(tell_people(now=LATER + MINUTE, limit=1) for _ in range(12)))
    assert not [each for each in at_work if isinstance(each, Exception)]
    while Telling.objects.filter(finished_at=None).exists():
        tell_people(now=LATER + MINUTE, limit=3)
    assert told() == people()


def test_it_waits_while_many_of_its_mails_are_still_to_be_sent(
    sqlite_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(open_with_people(5))
    monkeypatch.setattr(telling, "MAILS_DUE_MAX", 2)
    assert [tell_people(now=LATER + MINUTE, limit=2) for _ in range(2)] == [2, 0]
    while deliver_due(now=LATER + MINUTE, limit=50, read_address=lambda person: "ana@people.example"):
        pass
    assert tell_people(now=LATER + MINUTE, limit=2) == 2


def test_who_is_erased_or_joins_afterwards_is_not_written_to(sqlite_database: str) -> None:
    market = open_with_people(3)
    breach_id = begin(market)
    gone = people()[1]
    Participant.objects.filter(id=gone).update(erased_at=LATER)
    late = add_participant(market, "Ben").participant_id
    Participant.objects.filter(id=late).update(joined_at=LATER + MINUTE)
    while tell_people(now=LATER + 2 * MINUTE, limit=10):
        pass
    assert set(told()) == set(people()) - {gone, late}
    assert find_breach(breach_id).tellings[0].told_count == 2


def test_what_did_not_arrive_is_counted_and_stays_when_mails_are_forgotten(sqlite_database: str) -> None:
    breach_id = begin(open_with_people(3))
    while tell_people(now=LATER + MINUTE, limit=10):
        pass
    assert settle_tellings(now=LATER + MINUTE) == 0, "they are on their way"
    nobody = people()[0]
    mails = LATER + 2 * MINUTE
    deliver_due(
        now=mails, limit=50, read_address=lambda person: None if person == nobody else "ana@people.example"
    )
    while deliver_due(now=mails, limit=50, read_address=lambda person: "ana@people.example"):
        pass
    assert settle_tellings(now=mails) == 1 and settle_tellings(now=mails) == 0
    Message.objects.all().delete()
    breach = find_breach(breach_id)
    assert (breach.tellings[0].failed_count, breach.tellings[0].under_way_count) == (1, 0)
    assert breach.entries[-1].kind is EntryKind.MAILS_SETTLED and breach.entries[-1].values == {"count": 1}


def test_the_mail_is_the_one_that_was_previewed_and_names_nobody(sqlite_database: str) -> None:
    breach_id = begin(open_with_people(1))
    reference = Breach.objects.get(id=breach_id).reference
    (seen,) = preview_mails(reference=reference, countries=["FR"], offer_slug="", texts=TEXTS)
    while tell_people(now=LATER + MINUTE, limit=10):
        pass
    sent: list[str] = []
    (row,) = Message.objects.filter(template="breach_told")
    assert WORDS["what"] not in str(row.context), "what stands in the row is sealed until it is sent"
    claimed = outbox._claim_due(now=LATER + MINUTE, limit=99)
    for message in claimed:
        letter = outbox._prepare_mail(message, lambda _: "ana@people.example")
        if message.template == "breach_told" and not isinstance(letter, outbox.Outcome):
            sent.append(f"{letter.subject}\n{letter.body}")
    assert sent == [f"{seen.subject}\n{seen.body}"]
    assert all(words in seen.body for words in WORDS.values()) and "Boutique" in seen.body


def test_nothing_is_sent_without_each_language_each_part_and_a_risk(sqlite_database: str) -> None:
    market = open_with_people(1)
    dora = market.team.dora
    breach_id = record(dora)

    def refuse(code: str, **changes: object) -> None:
        with pytest.raises(OnloanError) as caught:
            start(breach_id, dora, **changes)
        assert caught.value.code == code
        assert not Telling.objects.exists()

    refuse("E-BREACH-RISK")
    assess(breach_id, dora, Risk.RISK)
    refuse("E-BREACH-COUNTRY")
    change(breach_id, dora, countries=("FR",))
    refuse("E-BREACH-COUNTRY", offer_slug="another")
    refuse("E-BREACH-TEXTS", texts={})
    refuse("E-BREACH-TEXTS", texts={"fr": {**WORDS, "effects": " "}})
    refuse("E-BREACH-TEXTS", texts={"en": WORDS})
    refuse("E-BREACH-NAMES", texts={"fr": {**WORDS, "what": "We sent it to eva@example.org."}})
    refuse("E-BREACH-TEXT", texts={"fr": {**WORDS, "what": "a" * 4_001}})
    Participant.objects.update(language="en")
    assert find_audience(["FR"], "", LATER).languages == ("en", "fr"), "people who joined in another language, too"


def test_a_second_press_sends_nothing_again(both_databases: str) -> None:
    market = open_with_people(2)
    breach_id = begin(market, offer_slug="spring-pot")
    for is_again in (False, True):
        with pytest.raises(PeopleToldAlready):
            start(breach_id, market.team.dora, is_again=is_again)
    while tell_people(now=LATER + MINUTE, limit=10):
        pass
    with pytest.raises(PeopleToldAlready):
        start(breach_id, market.team.dora)
    start(breach_id, market.team.dora, is_again=True)
    assert Telling.objects.count() == 2
