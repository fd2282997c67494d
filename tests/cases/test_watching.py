"""What was sent is not yet what arrived: a mail that failed for good stands on its case and is shouted about."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.clocks import Pause, days_left
from onloan.cases.desk import pause_case, resume_case
from onloan.cases.models import Case, CaseEvent
from onloan.cases.queue_queries import Mark, count_marked, count_waiting, list_undelivered
from onloan.cases.rules import Door, EventKind, Kind, show_reference
from onloan.cases.taking_back import take_back_case
from onloan.cases.timeline import list_events
from onloan.cases.watching import NAMED_MAX, watch_cases, watch_mails, watch_waiting
from onloan.clock import local_day
from onloan.outbox.mails import render_mail
from onloan.outbox.models import Message
from tests.joining.support import open_market

NOW = clock.now()


def test_a_failed_mail_is_noted_once_and_the_team_is_told(both_databases: str) -> None:
    open_market()
    first, second = (
        open_case(
            kind=Kind.ACCESS, country="FR", language="fr", door=Door.PUBLIC_PAGE, text="",
            contact=f"{name}@example.org", now=NOW,
        )
        for name in ("ana", "ben")
    )  # fmt: skip
    assert watch_mails(now=NOW) == 0
    failed = Message.objects.filter(context__case_reference=first.reference)
    failed.update(state="failed", settled_at=NOW, sealed_address=None, sealed_context=None)
    assert watch_mails(now=NOW + timedelta(minutes=10)) == 1
    assert watch_mails(now=NOW + timedelta(minutes=20)) == 0
    assert list_undelivered([first.case_id, second.case_id]) == {first.case_id} and count_marked(
        Mark.UNDELIVERED
    ) == (1, 0)
    (line,) = [event for event in list_events(first.case_id) if event.kind is EventKind.MAIL_FAILED]
    assert (line.text, line.is_shown) == ("case_acknowledged", False)
    # Dora is the one of the team who handles cases.
    assert Message.objects.filter(template="cases_undelivered").count() == 1
    assert CaseEvent.objects.filter(kind=EventKind.MAIL_FAILED).count() == 1


def ask(days_ago: int, country: str = "FR", name: str = "ana") -> UUID:
    return open_case(
        kind=Kind.ACCESS, country=country, language="fr", door=Door.PUBLIC_PAGE, text="",
        contact=f"{name}@example.org", now=NOW - timedelta(days=days_ago),
    ).case_id  # fmt: skip


def test_the_team_reads_which_are_the_most_urgent(sqlite_database: str) -> None:
    open_market()
    late = [ask(60 + n, name=f"ana{n}") for n in range(11)]
    soon = ask(24)
    assert watch_cases(now=NOW) == 12
    context = Message.objects.filter(template="cases_due").values_list("context", flat=True)[0]
    assert (context["late"], context["due_today"], context["due_in_3"], context["due_in_10"]) == (11, 0, 0, 1)
    assert len(context["cases"]) == NAMED_MAX
    reference, kind, days = context["cases"][0].split(" ")
    assert reference == show_reference(Case.objects.get(id=late[-1]).reference) and kind == "access"
    assert int(days) == days_left(Case.objects.get(id=late[-1]).due_on, local_day(NOW, "Europe/Paris")) < -30
    assert show_reference(Case.objects.get(id=soon).reference) not in " ".join(context["cases"])
    _, body = render_mail(template="cases_due", language="en", context=context, secrets={})
    assert f"{reference}, A copy of their data, {-int(days)} days late" in body
    assert "- 11 late" in body and "- 1 due in 4 to 10 days" in body and "/console/requests/" in body
    assert "example.org" not in body


def test_a_question_that_nobody_answers_is_told_after_ten_and_thirty_days(both_databases: str) -> None:
    dora = open_market().team.dora
    case_id, other = ask(0), ask(0, name="ben")
    words = "With which address did you join us?"
    for each in (case_id, other):
        pause_case(case_id=each, user_id=dora, pause=Pause.IDENTITY, question=words, reason=words, now=NOW)
    resume_case(case_id=other, user_id=dora, now=NOW + timedelta(days=1))
    told = [day for day in range(50) if watch_waiting(now=NOW + timedelta(days=day))]
    assert told == [10, 30] and watch_waiting(now=NOW + timedelta(days=50)) == 0
    mails = Message.objects.filter(template="cases_waiting").values_list("context", flat=True)
    reference = show_reference(Case.objects.get(id=case_id).reference)
    assert sorted(mail["cases"][0] for mail in mails) == [f"{reference} access 10", f"{reference} access 30"]
    assert count_waiting(NOW + timedelta(days=9)) == (1, 0) and count_waiting(NOW + timedelta(days=31)) == (1, 1)
    take_back_case(case_id=case_id, now=NOW + timedelta(days=31))
    assert count_waiting(NOW + timedelta(days=31)) == (0, 0), "what is closed waits for nobody"
