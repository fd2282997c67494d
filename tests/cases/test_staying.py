"""What stays after an erasure: derived, said in the answer and in the mails, with its law and its day."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from onloan import clock
from onloan.cases.answers import Ground, Parts
from onloan.cases.desk import compose_answer
from onloan.cases.erasure_steps import finish_erasures
from onloan.cases.models import Erasure
from onloan.cases.rules import Outcome
from onloan.cases.staying import find_stays
from onloan.outbox.mails import render_mail
from onloan.outbox.models import Message
from onloan.payouts.actions import mark_batch_paid
from onloan.people.queries import is_alive
from tests.cases.readers import wait_for_readers
from tests.cases.test_erasing import AFTER, DONE, ask
from tests.ledger.books import join, open_books
from tests.payouts.world import LATER, owe, send

LAW = "Code de commerce, art. L123-22"


@pytest.fixture(autouse=True)
def _nobody_else_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    wait_for_readers(monkeypatch)


def paid_and_erased() -> tuple[UUID, date]:
    """The case, and until when French law asks to keep what was paid."""
    books = open_books(pools=1)
    ana = owe(books)
    mark_batch_paid(batch_id=send(books), user_id=books.team.fay, now=LATER)
    case_id = ask(ana)
    finish_erasures(now=clock.now() + AFTER)
    assert not is_alive(ana) and Erasure.objects.get().participant_id != ana, "nothing leads to them any more"
    return case_id, date(clock.local_day(LATER, "Europe/Paris").year + 10, 12, 31)


def answer(case_id: UUID, outcome: Outcome, parts: Parts) -> str:
    return compose_answer(case_id=case_id, outcome=outcome, parts=parts, now=clock.now() + AFTER)


def read_mail(template: str, language: str = "en") -> str:
    mail = Message.objects.get(template=template)
    return render_mail(template=template, language=language, context=mail.context, secrets={})[1]


def test_the_answer_says_what_stays_by_which_law_until_when(both_databases: str) -> None:
    case_id, until = paid_and_erased()
    stays = find_stays(case_id, language="en", now=clock.now() + AFTER)
    assert stays is not None and stays.is_erased
    assert (stays.accounts_law, stays.accounts_until) == (LAW, until)
    text = answer(case_id, Outcome.DONE, DONE)
    assert f"Until 31 December {until.year}, as the law on accounts asks ({LAW})." in text
    assert "\n- Your answers, yes and no, without your name: until " in text
    assert "\n- This request and our answer, apart from everything else: for three years" in text
    in_part = Parts(
        done=DONE.done, reasons="The law on accounts asks for it.", ground=Ground.LEGAL_OBLIGATION, law=LAW,
        kept_until=until,
    )  # fmt: skip
    assert "\n- Your answers" in answer(case_id, Outcome.PARTLY_DONE, in_part)


def test_of_whoever_was_paid_nothing_no_account_stays(sqlite_database: str) -> None:
    ana = join(open_books(pools=1))
    case_id = ask(ana)
    finish_erasures(now=clock.now() + AFTER)
    stays = find_stays(case_id, language="en", now=clock.now() + AFTER)
    assert stays is not None and stays.accounts_until is None
    assert "law on accounts" not in answer(case_id, Outcome.DONE, DONE)


def test_the_mails_claim_no_more_than_is_so(sqlite_database: str) -> None:
    """A backup holds the key as long as it lasts; and records stay, each with its end."""
    case_id, until = paid_and_erased()
    for language, backup, paid in (
        ("en", "they can still be opened from a backup", f"Until 31 December {until.year}"),
        ("fr", "une sauvegarde permet encore de les ouvrir", f"Jusqu'au 31 décembre {until.year}"),
    ):
        text = read_mail("case_erased", language)
        assert backup in text and paid in text and LAW in text
    last = Erasure.objects.get().backups_until
    assert last is not None
    finish_erasures(now=clock.now() + AFTER + timedelta(days=(last - clock.now().date()).days + 1))
    assert Erasure.objects.get().completed_at is not None
    text = read_mail("case_erasure_complete")
    assert f"Until 31 December {until.year}" in text and "three years after our answer" in text
    assert find_stays(case_id, language="en", now=clock.now()) is not None
