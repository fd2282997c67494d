"""Nothing is kept of which nobody said how long: every table has a period, and the job keeps to it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.sessions.models import Session

from onloan import clock, ids
from onloan.cases import retention
from onloan.cases.actions import close_case, open_case
from onloan.cases.erasure_rules import RETENTION_NOTICE
from onloan.cases.models import Case, CaseEvent, RetentionRun
from onloan.cases.period_rules import years_before
from onloan.cases.rules import Door, Kind, Outcome
from onloan.consents.actions import withdraw_permission
from onloan.consents.models import Consent, Receipt
from onloan.errors import MustStopError
from onloan.markets.rules import market_facts
from onloan.offers import retention as promised
from onloan.offers.retention import claims_since, claims_until, retention_lines
from onloan.outbox.actions import FAILED_KEPT, SENT_KEPT
from onloan.payouts.rules import ACCOUNT_KEPT_FOR
from onloan.people.actions import CODES_KEPT_FOR
from tests.consents.world import ALL, NAME, PHOTO, WALL, add_person, build_world
from tests.uses.test_duties import dora

DAY = timedelta(days=1)


def test_every_table_is_in_one_class(sqlite_database: str) -> None:
    assert retention.find_unclassed() == []


def test_a_table_without_a_period_stops_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    known = retention.RECORD_CLASSES
    for classes in (known[1:], (*known, known[0])):
        monkeypatch.setattr(retention, "RECORD_CLASSES", classes)
        with pytest.raises(MustStopError, match="offers_offer"):
            retention.require_periods()


SAID = {
    "evidence": "The record of what happened, which names nobody",
    "messages": "Mails to you",
    "profiles": "Your e-mail, your name and your link",
    "photos": "Your photo",
    "objections to advertising": "The list of addresses that get no advertising",
    "codes by mail": "A code by mail, and the form that waits for it",
    "changes and look-ups": "What you changed, and who of the team looked at your file",
    "answers and receipts": "Your answers, yes and no, and their receipts",
    "uses": "Each use of what is yours, and how often it was shown",
    "duties": "What recipients were told, and the copies that were taken down",
    "books": "Your rewards and vouchers, and each movement of your money",
    "archive of payments": "What you were paid",
    "accounts of people": "The name on your account and its number",
    "checks against cheating": "What the checks against cheating noticed",
    "clicks": "A click on a link",
    "requests and complaints": "Your requests and complaints",
    "feedback": "What you told us about the offer",
}
"""The line of the notice that says how long each class is kept."""

NOT_SAID = {
    "offers": "what was promised in public is about nobody",
    "team": "it is about colleagues, systems and recipients",
    "sessions": "the notice says beside its cookies how long somebody stays signed in",
    "answers of the API": "they are kept for 7 days, for the merchant's systems, and hold what these sent",
    "breaches": "what happened and to how many, never to whom",
}


def test_the_notice_says_of_each_class_how_long_it_is_kept(sqlite_database: str) -> None:
    assert sorted([*SAID, *NOT_SAID]) == sorted(each.name for each in retention.RECORD_CLASSES)
    for country in ("FR", "DE", "GB"):
        lines = dict(retention_lines(market_facts(country)))
        assert set(SAID.values()) <= set(lines) and all(lines.values())


def test_the_notice_says_the_periods_that_the_jobs_keep(sqlite_database: str) -> None:
    assert timedelta(days=promised.PROFILE_NOTICE_DAYS) == RETENTION_NOTICE
    assert timedelta(days=promised.MAIL_SENT_DAYS) == SENT_KEPT
    assert timedelta(days=promised.MAIL_FAILED_DAYS) == FAILED_KEPT
    assert timedelta(hours=promised.CODE_HOURS) == CODES_KEPT_FOR
    assert timedelta(days=promised.ACCOUNT_DAYS) == ACCOUNT_KEPT_FOR
    german, french = (dict(retention_lines(market_facts(country))) for country in ("DE", "FR"))
    answers = SAID["answers and receipts"]
    assert "then 3 years from the end of the year" in german[answers]
    assert "then 5 years, because" in french[answers]
    assert french[SAID["messages"]] == "30 days when they were sent, 90 days when they could not be."


def test_cases_go_three_years_after_their_answer(both_databases: str) -> None:
    build_world()
    member, now = dora(), clock.now()
    opened = [
        open_case(
            kind=Kind.ACCESS, country="FR", language="fr", door=Door.PUBLIC_PAGE, text="", now=now,
            contact=f"chloe{number}@example.org",
        )
        for number in range(2)
    ]  # fmt: skip
    close_case(case_id=opened[0].case_id, user_id=member, outcome=Outcome.DONE, now=now)
    limit = years_before(now, -3)
    assert retention.forget_past(now=limit - DAY) == 0
    assert retention.forget_past(now=limit + DAY) >= 1
    assert [case.id for case in Case.objects.all()] == [opened[1].case_id], "what is not answered stays"
    assert not CaseEvent.objects.filter(case_id=opened[0].case_id).exists()
    # The case and the line that says when it came in.
    assert RetentionRun.objects.get(record_class="requests and complaints").count == 2
    [line] = [each for each in retention.list_periods(limit + DAY) if "complaints" in str(each.label)]
    assert (line.count, line.last_at) == (2, limit + DAY)


def test_what_one_day_deletes_of_a_class_stands_in_one_row(both_databases: str) -> None:
    noon = datetime(2027, 5, 3, 12, tzinfo=UTC)
    for hours, count in ((0, 4), (1, 0), (2, 3), (24, 1)):
        retention.note_run(record_class="messages", count=count, now=noon + timedelta(hours=hours))
    assert sorted(RetentionRun.objects.values_list("count", flat=True)) == [1, 7]
    [line] = [each for each in retention.list_periods(noon + DAY) if each.label == "Mails and messages"]
    assert (line.count, line.last_at) == (8, noon + DAY)


def test_a_live_permission_keeps_its_receipt_and_an_old_one_does_not(sqlite_database: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL)
    now = clock.now()
    for permission in (NAME, PHOTO, WALL):
        withdraw_permission(participant_id=ana.id, permission_id=permission, now=now)
    limit = years_before(now, -5)
    assert retention.forget_past(now=limit) == 0
    retention.forget_past(now=limit + DAY)
    assert not Consent.objects.filter(participant_id=ana.id).exists()
    assert not Receipt.objects.filter(participant_id=ana.id).exists()
    assert Consent.objects.filter(participant_id=ben.id).count() == len(ALL)


@pytest.mark.parametrize(
    ("country", "ended_on", "last_day"),
    [
        # Three years to the end of the year: whenever in the year it ended.
        ("DE", date(2026, 1, 1), date(2029, 12, 31)),
        ("DE", date(2026, 3, 10), date(2029, 12, 31)),
        ("DE", date(2026, 12, 31), date(2029, 12, 31)),
        # Ten years are 3,652 or 3,653 days, and not ten times 365.
        ("IT", date(2026, 3, 10), date(2036, 3, 10)),
        ("FR", date(2026, 3, 10), date(2031, 3, 10)),
        ("GB", date(2026, 3, 10), date(2032, 3, 10)),
        ("ES", date(2024, 2, 29), date(2029, 2, 28)),
        ("PT", date(2026, 3, 10), date(2031, 3, 10)),
    ],
)
def test_a_claim_can_be_brought_for_years_of_the_calendar(country: str, ended_on: date, last_day: date) -> None:
    assert claims_until(country, ended_on) == last_day
    assert claims_since(country, last_day) <= ended_on < claims_since(country, last_day + DAY)


@pytest.mark.parametrize("country", ["DE", "IT"])
def test_a_proof_is_there_until_the_last_day_of_a_claim(sqlite_database: str, country: str) -> None:
    ana = add_person(build_world(), ALL)
    now = clock.now()
    for permission in (NAME, PHOTO, WALL):
        withdraw_permission(participant_id=ana.id, permission_id=permission, now=now)
    for model in (Consent, Receipt):
        model.objects.update(country=country)
    last_day = claims_until(country, clock.local_day(now, "Europe/Berlin"))
    last_hour = datetime.combine(last_day, time(23, 30), ZoneInfo("Europe/Berlin"))
    retention.forget_past(now=last_hour)
    assert Consent.objects.count() == len(ALL) and Receipt.objects.count() == 1
    retention.forget_past(now=last_hour + timedelta(hours=1))
    assert not Consent.objects.exists() and not Receipt.objects.exists()


def test_sessions_end(sqlite_database: str) -> None:
    now = clock.now()
    for key, ends in (("past", now - DAY), ("live", now + DAY)):
        Session.objects.create(session_key=key + ids.new_id().hex[:8], session_data="", expire_date=ends)
    assert retention.forget_past(now=now) == 1
    assert Session.objects.get().session_key.startswith("live")
