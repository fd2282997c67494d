"""A request has its clock, its acknowledgement and its effect at one commit, and costs nothing."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction

from onloan import clock, keys
from onloan.cases import actions, queries, rates
from onloan.cases.actions import OpenedCase
from onloan.cases.errors import CaseClosed, ContactNeeded, TextNeeded, TextNotValid, TooManyCases
from onloan.cases.models import Case
from onloan.cases.rules import Door, Kind, Outcome, State
from onloan.consents.models import Consent
from onloan.errors import BadInput, NotAllowed, NotFound, OnloanError
from onloan.evidence.models import QueuedEntry
from onloan.ledger.models import Account, Transfer
from onloan.outbox.models import Message
from onloan.outbox.statements import seal_about
from onloan.people.errors import EmailNotValid
from onloan.people.queries import find_participant
from tests.joining.support import PERMISSIONS, OpenMarket, add_participant, open_market

NOW = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
RECEIVED_IN_PARIS = date(2027, 1, 1)


def open_case(kind: Kind = Kind.ACCESS, **changes: object) -> OpenedCase:
    values: dict[str, object] = {
        "kind": kind, "country": "FR", "language": "fr", "door": Door.PUBLIC_PAGE, "text": "It is my photo.",
        "contact": "Ana@example.org", "now": NOW,
    }  # fmt: skip
    return actions.open_case(**{**values, **changes})  # type: ignore[arg-type]


def open_from_my_page(participant_id: UUID, kind: Kind, **changes: object) -> OpenedCase:
    own = {"door": Door.MY_PAGE, "contact": None, "participant_id": participant_id, "now": clock.now()}
    return open_case(kind, **{**own, **changes})


def join_and_allow_all(market: OpenMarket) -> UUID:
    return add_participant(market, answers=dict.fromkeys(PERMISSIONS, True)).participant_id


def money() -> object:
    return sorted(map(repr, Account.objects.values())), sorted(map(repr, Transfer.objects.values()))


def entries() -> list[dict[str, object]]:
    bodies = QueuedEntry.objects.order_by("queue_number").values_list("body", flat=True)
    return [json.loads(bytes(body)) for body in bodies]


def test_it_starts_the_clock_on_the_day_of_the_market(both_databases: str) -> None:
    opened = open_case()
    case = queries.find_case(opened.case_id)
    assert case.line.received_at == NOW and case.line.state is State.OPEN
    assert opened.legal_due_on == case.line.legal_due_on == date(2027, 2, 1)
    assert clock.local_day(NOW, "Europe/Paris") == RECEIVED_IN_PARIS
    assert case.line.due_on <= case.line.legal_due_on
    assert case.text == "It is my photo." and case.contact == "ana@example.org"


def test_it_acknowledges_by_mail_with_reference_and_day(both_databases: str) -> None:
    opened = open_case()
    message = Message.objects.get()
    assert message.template == "case_acknowledged" and message.language == "fr"
    assert message.context["case_reference"] == opened.reference
    assert message.context["legal_due_on"] == opened.legal_due_on.isoformat()
    assert message.context["authority"] == "CNIL"
    assert message.sealed_address is not None
    sealed = bytes(message.sealed_address)
    assert keys.unseal(keys.derive_key("outbox"), sealed, seal_about(message.id)) == b"ana@example.org"


def test_it_keeps_contact_and_text_sealed_and_out_of_the_evidence(both_databases: str) -> None:
    open_case()
    stored = repr(Case.objects.values().get()) + repr(list(Message.objects.values())) + repr(entries())
    assert "ana" not in stored.lower() and "photo" not in stored
    assert [(entry["kind"], entry["case"], entry["market"]) for entry in entries()] == [
        ("case_opened", "access", "FR")
    ]


def test_it_answers_alike_for_a_known_and_an_unknown_address(both_databases: str) -> None:
    add_participant(open_market())
    Message.objects.all().delete()
    known, unknown = open_case(contact="ana@example.org"), open_case(contact="nobody@example.org")
    assert (known.due_on, known.legal_due_on) == (unknown.due_on, unknown.legal_due_on)
    assert {case.participant_id for case in queries.list_cases()} == {None}
    first, second = Message.objects.order_by("id").values("template", "participant_id", "state")
    assert first == second


@pytest.mark.parametrize("kind", list(Kind))
def test_it_takes_every_right_from_both_doors(both_databases: str, kind: Kind) -> None:
    person = add_participant(open_market()).participant_id
    open_case(kind)
    open_from_my_page(person, kind)
    assert Case.objects.filter(kind=kind).count() == 2
    assert Message.objects.filter(template="case_acknowledged", participant_id=person).count() == 1


@pytest.mark.parametrize(
    ("kind", "end_reason", "flag"),
    [
        (Kind.WITHDRAWAL, "withdrawn", None),
        (Kind.RESTRICTION, "restricted", "restricted_at"),
        (Kind.OBJECTION, "objected", "objected_at"),
    ],
)
def test_it_acts_on_the_gate_at_the_same_commit_and_on_no_money(
    both_databases: str, kind: Kind, end_reason: str, flag: str | None
) -> None:
    person = join_and_allow_all(open_market())
    before = money()
    open_from_my_page(person, kind)
    ended = Consent.objects.filter(participant_id=person).values_list("end_reason", flat=True)
    assert set(ended) == {end_reason} and len(ended) == len(PERMISSIONS)
    found = find_participant(person)
    assert found is not None
    set_flags = {name for name in ("restricted_at", "objected_at") if getattr(found, name) is not None}
    assert set_flags == ({flag} if flag else set())
    assert money() == before


@pytest.mark.parametrize("kind", [Kind.WITHDRAWAL, Kind.RESTRICTION, Kind.OBJECTION])
def test_it_does_nothing_in_somebody_elses_name(both_databases: str, kind: Kind) -> None:
    person = join_and_allow_all(open_market())
    open_case(kind, contact="ana@example.org")
    assert not Consent.objects.filter(ended_at__isnull=False).exists()
    found = find_participant(person)
    assert found is not None and found.restricted_at is None and found.objected_at is None


@pytest.mark.parametrize(
    ("kind", "changes", "error"),
    [
        (Kind.COMPLAINT, {"text": " "}, TextNeeded),
        (Kind.COMPLAINT, {"text": "x" * 4_001}, TextNotValid),
        (Kind.ACCESS, {"text": "a\x00"}, TextNotValid),
        (Kind.ACCESS, {"contact": None}, ContactNeeded),
        (Kind.ACCESS, {"contact": "   "}, ContactNeeded),
        (Kind.ACCESS, {"contact": "ana"}, EmailNotValid),
        (Kind.ACCESS, {"contact": "ana@example.org\nBcc: all@example.org"}, EmailNotValid),
        (Kind.ACCESS, {"country": "ZZ"}, BadInput),
        (Kind.ACCESS, {"country": "fr"}, BadInput),
        (Kind.ACCESS, {"language": "xx"}, BadInput),
        (Kind.ACCESS, {"door": Door.MY_PAGE, "participant_id": uuid4()}, NotFound),
    ],
)
def test_it_refuses_bad_input_and_keeps_nothing(
    both_databases: str, kind: Kind, changes: dict[str, object], error: type[OnloanError]
) -> None:
    with pytest.raises(error):
        open_case(kind, **changes)
    assert not Case.objects.exists() and not Message.objects.exists() and not QueuedEntry.objects.exists()


def test_it_slows_a_flood_from_one_address_and_from_everybody(
    both_databases: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(rates.CASES_PER_DAY_MAX):
        open_case()
    open_case(contact="ANA@example.org")
    assert Case.objects.count() == Message.objects.count() == rates.CASES_PER_DAY_MAX
    open_case(contact="ben@example.org")
    open_case(now=NOW + timedelta(days=1, seconds=1))
    monkeypatch.setattr(rates, "PUBLIC_CASES_PER_MINUTE_MAX", 5)
    with pytest.raises(TooManyCases):
        open_case(contact="chloe@example.org")
    open_case(contact=None, door=Door.STAFF)


def test_it_lists_what_is_due_first_and_what_is_closed_last(both_databases: str) -> None:
    market = open_market()
    late = open_case(Kind.COMPLAINT, now=NOW - timedelta(days=60))
    soon = open_case(now=NOW - timedelta(days=20))
    later = open_case(now=NOW)
    done = open_case(now=NOW - timedelta(days=90))
    actions.close_case(case_id=done.case_id, user_id=market.team.dora, outcome=Outcome.DONE, now=NOW)
    lines = queries.list_cases()
    assert [line.id for line in lines] == [late.case_id, soon.case_id, later.case_id, done.case_id]
    assert queries.count_open_cases(now=NOW) == (3, 1)
    assert [line.id for line in queries.list_cases(state=State.CLOSED)] == [done.case_id]


def test_it_shows_a_person_their_own_requests_only(both_databases: str) -> None:
    market = open_market()
    ana, ben = (add_participant(market, name).participant_id for name in ("Ana", "Ben"))
    opened = open_from_my_page(ana, Kind.ACCESS)
    assert [line.id for line in queries.list_cases_of(ana)] == [opened.case_id]
    assert queries.list_cases_of(ben) == []


def test_it_is_closed_once_by_somebody_who_may(both_databases: str) -> None:
    market = open_market()
    case_id = open_case().case_id
    close = actions.close_case
    with pytest.raises(NotAllowed):
        close(case_id=case_id, user_id=market.team.fay, outcome=Outcome.DONE, now=NOW)
    with pytest.raises(NotFound):
        close(case_id=uuid4(), user_id=market.team.dora, outcome=Outcome.DONE, now=NOW)
    close(case_id=case_id, user_id=market.team.dora, outcome=Outcome.REFUSED, now=NOW)
    with pytest.raises(CaseClosed):
        close(case_id=case_id, user_id=market.team.dora, outcome=Outcome.DONE, now=NOW)
    line = queries.find_case(case_id).line
    assert line.state is State.CLOSED and line.outcome is Outcome.REFUSED
    assert entries()[-1]["kind"] == "case_closed" and entries()[-1]["reason"] == "refused"


def test_it_has_a_clock_or_is_not_saved(both_databases: str) -> None:
    case_id = open_case().case_id
    closed = {"state": "closed", "closed_at": NOW, "closed_by_user_id": uuid4(), "outcome": "refused"}
    for change in (
        {"due_on": date(2030, 1, 1)}, {"state": "closed"}, {"kind": "wish"}, {"legal_due_on": None},
        {"about": "money"}, {"kind": "rectification", "about": "checks"}, {"sealed_contact": None},
        {"alarm_days": 3}, {**closed, "kind": "withdrawal"}, {**closed, "kind": "objection", "about": "marketing"},
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            Case.objects.filter(id=case_id).update(**change)
