"""What was used of one person: grouped, complete, and at a cost that is theirs alone."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection

from onloan import clock, ids
from onloan.consents.actions import withdraw_permission
from onloan.uses.actions import decide_use
from onloan.uses.audiences import Asker, decide_audience, prepare_audiences
from onloan.uses.history import groups_statement, list_use_groups
from onloan.uses.models import Use
from tests.consents.world import ALL, NAME, NOTHING, Person, add_person, build_world

PARIS = "Europe/Paris"


def show(person: Person, item: str = "username") -> bool:
    return decide_use(
        participant_id=person.id, items=(item,), purpose="referral_card", channel="invitation_page", country="FR"
    ).allowed


def test_it_groups_what_differs_in_nothing(both_databases: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, ALL, name="Ben")
    assert all([show(ana), show(ana), show(ana, "profile_photo"), show(ben)])
    assert not show(ana, "username_masked")
    groups = list_use_groups(ana.id, time_zone=PARIS)
    assert [(group.items, group.count) for group in groups] == [(("profile_photo",), 1), (("username",), 2)]
    assert {group.day for group in groups} == {clock.local_day(clock.now(), PARIS)}
    assert not list_use_groups(uuid.uuid4(), time_zone=PARIS)


def test_a_use_names_the_end_of_the_consent_that_it_rests_on(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    show(ana)
    (before,) = list_use_groups(ana.id, time_zone=PARIS)
    withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now())
    (after,) = list_use_groups(ana.id, time_zone=PARIS)
    assert before.consent_ends_at is not None and after.consent_ends_at is not None
    assert after.consent_ends_at <= clock.now() < before.consent_ends_at


def test_it_is_over_when_each_of_them_is(both_databases: str) -> None:
    ana = add_person(build_world(), ALL)
    show(ana)
    show(ana)
    one = Use.objects.filter(participant_id=ana.id)[:1].get()
    Use.objects.filter(id=one.id).update(ended_at=clock.now())
    (group,) = list_use_groups(ana.id, time_zone=PARIS)
    assert group.ended_at is None
    Use.objects.filter(participant_id=ana.id).update(ended_at=clock.now())
    (group,) = list_use_groups(ana.id, time_zone=PARIS)
    assert group.ended_at is not None


def test_a_mass_use_is_told_to_whom_it_touched(both_databases: str) -> None:
    world = build_world()
    ana, ben = add_person(world, ALL), add_person(world, NOTHING, name="Ben")
    prepare_audiences()
    decision = decide_audience(
        offer_slug="spring-pot", items=("username",), purpose="referral_card", channel="invitation_page",
        country="FR", by=Asker(user_id=uuid.UUID(int=7)),
    )  # fmt: skip
    assert decision.audience is not None
    (group,) = list_use_groups(ana.id, time_zone=PARIS)
    assert group.is_mass and group.items == ("username",) and group.consent_ends_at is not None
    assert not list_use_groups(ben.id, time_zone=PARIS)


@pytest.mark.parametrize("strangers", [2_000])
def test_it_reads_no_rows_of_others(both_databases: str, strangers: int) -> None:
    ana = add_person(build_world(), ALL)
    show(ana)
    mine = Use.objects.get(participant_id=ana.id)
    values = {name: getattr(mine, name) for name in (field.attname for field in Use._meta.fields)}
    Use.objects.bulk_create(
        [Use(**{**values, "id": ids.new_id(), "participant_id": uuid.uuid4()}) for _ in range(strangers)]
    )
    sql, bound = groups_statement(ana.id, PARIS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE uses_use")
        explain = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
        cursor.execute(explain + sql, bound)
        plan = "\n".join(str(line) for line in cursor.fetchall())
    assert "uses_use_by_participant" in plan
    assert "Seq Scan on uses_use" not in plan and "SCAN used" not in plan
