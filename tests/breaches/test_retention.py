"""A record cannot be removed before its time, and no wording of it is lost: whoever tries, and however."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onloan.breaches import actions, telling
from onloan.breaches.actions import close_breach, reopen_breach
from onloan.breaches.models import Breach, Entry, Telling
from onloan.breaches.queries import find_breach
from onloan.breaches.retention import BREACH_YEARS
from onloan.breaches.rules import EntryKind, Risk
from onloan.cases.period_rules import years_before
from onloan.cases.retention import forget_past
from tests.breaches.test_telling import begin
from tests.breaches.world import NOW, WHY, assess, change, open_with_people, record
from tests.joining.support import open_market

DAY = timedelta(days=1)
TEXTS = st.text("abcdé \n", max_size=40).map(str.strip)


@pytest.fixture
def closed(both_databases: str) -> UUID:
    dora = open_market().team.dora
    breach_id = record(dora)
    assess(breach_id, dora, Risk.UNLIKELY)
    close_breach(breach_id=breach_id, reason=WHY, user_id=dora, now=NOW)
    return breach_id


def test_there_is_no_action_that_deletes() -> None:
    written = [name for module in (actions, telling) for name in vars(module)]
    assert not [name for name in written if name.startswith(("delete", "remove", "forget", "erase", "purge"))]


def test_the_database_refuses_to_lose_a_record_or_to_change_an_entry(closed: UUID) -> None:
    attempts = [
        lambda: Breach.objects.filter(id=closed).delete(),
        lambda: Breach.objects.filter(id=closed)._raw_delete("default"),
        lambda: Entry.objects.filter(breach_id=closed).delete(),
        lambda: Entry.objects.filter(breach_id=closed).update(note="It was nothing."),
        lambda: Breach.objects.filter(id=closed).update(recorded_at=NOW - 9 * 365 * DAY),
        lambda: Breach.objects.filter(id=closed).update(released_at=NOW),
        lambda: Breach.objects.filter(id=closed).update(released_at=years_before(NOW, -5) - DAY),
    ]
    for number, attempt in enumerate(attempts):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
        assert (Breach.objects.count(), Entry.objects.count()) == (1, 3), number


def test_what_people_were_told_stays_as_it_was_sent(both_databases: str) -> None:
    begin(open_with_people(1))
    for attempt in (lambda: Telling.objects.update(texts={}), lambda: Telling.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    assert Telling.objects.get().texts


def test_the_job_deletes_it_five_years_after_it_was_closed(closed: UUID) -> None:
    limit = years_before(NOW, -BREACH_YEARS)
    forget_past(now=limit - DAY)
    assert Breach.objects.count() == 1
    forget_past(now=limit + DAY)
    assert (Breach.objects.count(), Entry.objects.count()) == (0, 0)


def test_an_open_one_stays_and_a_reopened_one_begins_its_years_anew(closed: UUID) -> None:
    dora = Breach.objects.get().recorded_by_user_id
    reopen_breach(breach_id=closed, reason=WHY, user_id=dora, now=NOW + DAY)
    forget_past(now=years_before(NOW, -20))
    assert Breach.objects.count() == 1
    close_breach(breach_id=closed, reason=WHY, user_id=dora, now=NOW + 30 * DAY)
    forget_past(now=years_before(NOW, -5) + 29 * DAY)
    assert Breach.objects.count() == 1
    forget_past(now=years_before(NOW, -5) + 31 * DAY)
    assert not Breach.objects.exists()


@pytest.mark.parametrize(
    "closed_on", [datetime(2028, 2, 29, 18, tzinfo=UTC), datetime(2027, 3, 1, 0, 30, tzinfo=UTC)]
)
def test_the_job_and_the_database_count_years_alike(both_databases: str, closed_on: datetime) -> None:
    """A leap day once made one of the two a day shorter: then the job fails each time until the other agrees."""
    dora = open_market().team.dora
    breach_id = record(dora, aware_at=closed_on - DAY, now=closed_on - DAY)
    assess(breach_id, dora, Risk.UNLIKELY)
    close_breach(breach_id=breach_id, reason=WHY, user_id=dora, now=closed_on)
    for hours in range(-36, 60, 6):
        forget_past(now=years_before(closed_on, -5) + timedelta(hours=hours))
        assert Breach.objects.exists() or hours >= 0
    assert not Breach.objects.exists()


@given(wordings=st.lists(st.tuples(TEXTS, TEXTS, st.integers(0, 9) | st.none()), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_wording_that_ever_stood_there_can_be_read(
    sqlite_database: str, wordings: list[tuple[str, str, int | None]]
) -> None:
    """Reading the entries up to any point gives the record as it stood there."""
    dora = open_market(slug=f"spring-{Breach.objects.count()}").team.dora
    breach_id = record(dora)
    stood = []
    for effects, measures, count in wordings:
        account = find_breach(breach_id).account
        if (effects, measures, count) != (account.effects, account.measures, account.people_count):
            change(breach_id, dora, effects=effects, measures=measures, people_count=count)
            stood.append((effects, measures, count))
    read = []
    values: dict[str, object] = {}
    for entry in find_breach(breach_id).entries:
        values |= entry.values
        if entry.kind is EntryKind.CHANGED:
            read.append((values["effects"], values["measures"], values["people_count"]))
    assert read == stood
