"""The usual answer stands where a request did itself, and nowhere else."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from onloan import clock, ids
from onloan.cases.actions import open_case
from onloan.cases.answers import find_missing
from onloan.cases.desk import compose_answer
from onloan.cases.models import Case
from onloan.cases.pack.actions import note_taken, prepare_packs
from onloan.cases.queries import find_case
from onloan.cases.rules import About, Door, Kind, Outcome
from onloan.cases.usual import UsualAnswer, find_usual_answer
from onloan.people.actions import lift_flag
from onloan.uses.models import Takedown
from tests.joining.support import OpenMarket, add_participant, open_market


@pytest.fixture
def market(sqlite_database: str) -> OpenMarket:
    return open_market()


def ask(kind: Kind, participant_id: UUID | None, about: About = About.NOTHING) -> UUID:
    return open_case(
        kind=kind, about=about, country="FR", language="fr", text="Please.", now=clock.now(),
        door=Door.MY_PAGE if participant_id else Door.PUBLIC_PAGE, participant_id=participant_id,
        contact=None if participant_id else "chloe@example.org",
    ).case_id  # fmt: skip


def usual(case_id: UUID) -> UsualAnswer | None:
    found = find_usual_answer(find_case(case_id))
    if found is not None:
        # It goes out as it is.
        line = find_case(case_id).line
        assert found.outcome is Outcome.DONE and not find_missing(
            line.kind, found.outcome, found.parts, line.due_on
        )
        assert found.parts.done in compose_answer(
            case_id=case_id, outcome=found.outcome, parts=found.parts, now=clock.now()
        )
    return found


@pytest.mark.parametrize("kind", [Kind.OBJECTION, Kind.RESTRICTION, Kind.WITHDRAWAL])
def test_what_stopped_at_once_has_one_in_the_persons_language(market: OpenMarket, kind: Kind) -> None:
    ana = add_participant(market).participant_id
    found = usual(ask(kind, ana))
    assert found is not None and any(word in found.parts.done for word in ("récompenses", "données", "affichons"))
    assert usual(ask(kind, None)) is None, "nothing was done for anybody"


def test_an_objection_to_one_thing_is_answered_about_that(market: OpenMarket) -> None:
    ana = add_participant(market).participant_id
    checks, marketing = (usual(ask(Kind.OBJECTION, ana, about)) for about in (About.CHECKS, About.MARKETING))
    assert checks is not None and "récompenses" in checks.parts.done and "\n" not in checks.parts.done
    assert marketing is not None and "récompenses" not in marketing.parts.done
    case_id = ask(Kind.OBJECTION, ana, About.CHECKS)
    lift_flag(participant_id=ana, flag="checks_objected")
    assert usual(case_id) is None, "they ended it themselves"


def test_a_copy_has_one_once_the_whole_of_it_was_taken(market: OpenMarket) -> None:
    ana, now = add_participant(market).participant_id, clock.now()
    case_id = ask(Kind.ACCESS, ana)
    assert usual(case_id) is None
    prepare_packs(now=now)
    assert usual(case_id) is None
    note_taken(participant_id=ana, is_portable=False, gaps=("changes",), now=now)
    assert usual(case_id) is None
    note_taken(participant_id=ana, is_portable=False, gaps=(), now=now + timedelta(minutes=1))
    assert usual(case_id) is not None


def test_there_is_none_while_something_is_left(market: OpenMarket) -> None:
    ana, now = add_participant(market).participant_id, clock.now()
    case_id = ask(Kind.RESTRICTION, ana)
    assert usual(ask(Kind.COMPLAINT, ana)) is None and usual(ask(Kind.ERASURE, ana)) is None
    Takedown.objects.create(
        id=ids.new_id(), participant_id=ana, offer_id=market.offer_id, use_id=ids.new_id(), is_mass=False,
        consent_number=1, items=["username"], purpose="referral_card", channel="invitation_page", recipient="",
        cause="restricted", made_at=now, due_at=now + timedelta(hours=24),
    )  # fmt: skip
    assert usual(case_id) is None
    Takedown.objects.all().delete()
    assert usual(case_id) is not None
    Case.objects.filter(id=case_id).update(letter_waits_since=now)
    assert usual(case_id) is None
