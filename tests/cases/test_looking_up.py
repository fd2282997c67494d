"""Nobody is looked up without a reason that they can read, and a file closes again."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.errors import LookupFoundNobody, LookupOver, LookupReasonNeeded
from onloan.cases.looking_up import LookupReason, look_up, open_file
from onloan.cases.rules import Door, Kind
from onloan.errors import NotAllowed
from onloan.joining.actions import Joined
from onloan.people.change_queries import list_lookups
from onloan.people.models import LookupRecord
from tests.joining.support import add_participant, open_market
from tests.referrals.crowd import member

pytestmark = pytest.mark.usefixtures("sqlite_database")
WHY = "Complaint 4K7M-2Q9X about a voucher"


@pytest.fixture
def ana(sqlite_database: str) -> Joined:
    return add_participant(open_market())


def look(user_id: UUID, typed: str, text: str = WHY) -> list[UUID]:
    return look_up(user_id=user_id, typed=typed, reason=LookupReason.COMPLAINT, text=text, now=clock.now())


def test_each_way_to_a_person_leads_to_one_masked_file(ana: Joined) -> None:
    dora = member("Dora", "dpo")
    opened = open_case(
        kind=Kind.ACCESS, country="FR", language="fr", door=Door.MY_PAGE, text="", now=clock.now(),
        participant_id=ana.participant_id,
    )  # fmt: skip
    for typed in (ana.public_id, " ANA@example.org ", opened.reference.lower()):
        [record_id] = look(dora, typed)
        file = open_file(record_id=record_id, user_id=dora, now=clock.now())
        assert file.person.id == ana.participant_id
        assert (file.email, file.lookup.reason) == ("a•••@e•••.org", WHY)
    lines = list_lookups(ana.participant_id)
    assert [(line.member_name, line.kind, line.reason) for line in lines] == [("Dora", "complaint", WHY)] * 3
    assert not any(WHY.encode() in bytes(row.sealed_reason) for row in LookupRecord.objects.all())


def test_without_a_reason_or_a_role_nothing_is_seen(ana: Joined) -> None:
    with pytest.raises(LookupReasonNeeded):
        look(member("Dora", "dpo"), ana.public_id, text="because")
    for role in ("growth", "finance", "auditor", "till"):
        with pytest.raises(NotAllowed):
            look(member(role.title(), role), ana.public_id)
    with pytest.raises(LookupFoundNobody):
        look(member("Dora", "dpo"), "nobody@example.org")
    assert not LookupRecord.objects.exists()


def test_a_file_closes_after_an_hour_and_is_nobody_elses(ana: Joined) -> None:
    dora = member("Dora", "dpo")
    [record_id] = look(dora, ana.public_id)
    with pytest.raises(LookupOver):
        open_file(record_id=record_id, user_id=member("Sam"), now=clock.now())
    with pytest.raises(LookupOver):
        open_file(record_id=record_id, user_id=dora, now=clock.now() + timedelta(minutes=61))
