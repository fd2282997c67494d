"""A code confirms an address once, within ten minutes and five tries, and brings the draft back."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from onloan import clock
from onloan.people import queries
from onloan.people.actions import VerifiedEmail, check_code, save_draft, send_code
from onloan.people.codes import WRONG_TRIES_PER_DAY_MAX
from onloan.people.errors import CodeNotValid, DraftTooLarge, EmailNotConfirmed
from onloan.people.models import EmailCode
from tests.people.support import add_person, read_mailed_code

NOW = clock.now()
MARKET = uuid4()


def send(email: str = "ana@example.org", offer_id: UUID | None = None, purpose: str = "join") -> str:
    send_code(
        email=email, offer_id=offer_id, market_id=MARKET, purpose=purpose, language="en", now=NOW
    )  # fmt: skip
    return read_mailed_code()


def latest() -> EmailCode:
    return EmailCode.objects.order_by("-id")[0]


def try_wrongly(code: str, times: int, **changes: object) -> None:
    for _ in range(times):
        with pytest.raises(CodeNotValid):
            check(wrong(code), **changes)


def check(code: str, **changes: object) -> VerifiedEmail:
    values = {"email": "ana@example.org", "code": code, "purpose": "join", "now": NOW}
    return check_code(**{**values, **changes})  # type: ignore[arg-type]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_it_confirms_an_address_however_it_is_typed(both_databases: str) -> None:
    verified = check(f" {send()} ", email=" Ana@EXAMPLE.org")
    assert verified.email == "ana@example.org"
    assert verified.market_id == MARKET and verified.participant_id is None and verified.draft is None
    assert EmailCode.objects.get(id=verified.code_id).verified_at == NOW


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "１２３４５６", "12 345", "0" * 10_000, "\x00", "0" * 16]
)
def test_it_refuses_what_is_no_code(sqlite_database: str, code: str) -> None:
    send()
    with pytest.raises(CodeNotValid):
        check(code)


def test_it_confirms_once(both_databases: str) -> None:
    code = send()
    check(code)
    with pytest.raises(CodeNotValid):
        check(code)


def test_it_refuses_a_code_after_ten_minutes(both_databases: str) -> None:
    code = send()
    with pytest.raises(CodeNotValid):
        check(code, now=NOW + timedelta(minutes=10))


def test_it_refuses_another_persons_code_and_another_purpose(both_databases: str) -> None:
    code = send()
    with pytest.raises(CodeNotValid):
        check(code, email="ben@example.org")
    with pytest.raises(CodeNotValid):
        check(code, purpose="sign_in")
    check(code)


def test_it_takes_five_tries_and_counts_each_although_it_fails(both_databases: str) -> None:
    code = send()
    for _ in range(5):
        with pytest.raises(CodeNotValid):
            check(wrong(code))
    assert EmailCode.objects.get().loose_attempts == 5
    with pytest.raises(CodeNotValid):
        check(code)


def test_it_takes_five_tries_of_the_browser_that_asked_and_closes_that_way_alone(both_databases: str) -> None:
    code = send()
    try_wrongly(code, 5, asked_id=latest().id)
    assert (latest().attempts, latest().loose_attempts) == (5, 0)
    check(code, asked_id=latest().id)


def test_no_try_of_a_stranger_closes_the_code_of_whoever_asked(both_databases: str) -> None:
    code = send()
    asked_id = latest().id
    try_wrongly(code, 6)
    send("ben@example.org")
    try_wrongly(code, 6, asked_id=latest().id)
    with pytest.raises(CodeNotValid):
        check(code)
    assert check(code, asked_id=asked_id).code_id == asked_id


def test_a_browser_may_type_the_code_of_an_earlier_mail(both_databases: str) -> None:
    first = send()
    send()
    assert check(first, asked_id=latest().id).email == "ana@example.org"


def test_the_fifth_code_of_an_hour_is_long_and_nobody_closes_it(both_databases: str) -> None:
    sent = [send() for _ in range(5)]
    assert [len(code) for code in sent] == [6, 6, 6, 6, 19] and latest().is_long
    try_wrongly(sent[0], 30)
    later = NOW + timedelta(minutes=59)
    try_wrongly(sent[0], 30, now=later)
    assert (latest().attempts, latest().loose_attempts) == (0, 0)
    with pytest.raises(CodeNotValid):
        check(sent[-1], now=NOW + timedelta(hours=1))
    check(f" {sent[-1].replace(' ', '-')} ", now=later)


def test_after_twenty_wrong_tries_of_a_day_only_whoever_asked_opens_a_short_code(both_databases: str) -> None:
    codes = [send() for _ in range(4)]
    try_wrongly(codes[0], 5)
    assert sum(EmailCode.objects.values_list("loose_attempts", flat=True)) == WRONG_TRIES_PER_DAY_MAX
    later = NOW + timedelta(hours=23)
    send_code(email="ana@example.org", offer_id=None, market_id=None, purpose="join", language="en", now=later)
    assert latest().is_long and len(read_mailed_code()) == 19
    check(read_mailed_code(), now=later)
    check(codes[-1], asked_id=EmailCode.objects.order_by("-id")[1].id)
    with pytest.raises(CodeNotValid):
        check(codes[0])
    assert len(send(purpose="sign_in")) == 6, "each purpose has its own count"


def test_wrong_tries_are_bounded_over_a_day_not_by_code_alone(both_databases: str) -> None:
    for hours in (0, 2, 4, 6):
        now = NOW + timedelta(hours=hours)
        send_code(email="ana@example.org", offer_id=None, market_id=None, purpose="join", language="en", now=now)
        try_wrongly(read_mailed_code(), 9, now=now)
    now = NOW + timedelta(hours=8)
    EmailCode.objects.update(is_long=False)
    send_code(email="ana@example.org", offer_id=None, market_id=None, purpose="join", language="en", now=now)
    assert latest().is_long


def test_it_counts_a_wrong_try_against_every_live_code(both_databases: str) -> None:
    first = send()
    send()
    with pytest.raises(CodeNotValid):
        check(wrong(first))
    assert sorted(EmailCode.objects.values_list("loose_attempts", flat=True)) == [1, 1]
    check(first)


def test_it_says_who_joined_already_to_them_alone(both_databases: str) -> None:
    offer_id = uuid4()
    person = add_person(offer_id=offer_id, email="ana@example.org")
    verified = check(send(offer_id=offer_id))
    assert verified.participant_id == person.id


def test_it_brings_back_what_was_typed_in_another_browser(both_databases: str) -> None:
    verified = check(send())
    draft = {"username": "Ana", "answers": {"invitation-card": False}}
    save_draft(code_id=verified.code_id, draft=draft, now=NOW)
    assert queries.read_draft(verified.code_id) == draft
    again = check(send())
    assert again.code_id != verified.code_id and again.draft == draft
    assert queries.read_draft(verified.code_id) is None, "a draft is kept once"
    assert queries.read_draft(again.code_id) == draft


def test_it_keeps_a_draft_sealed(both_databases: str) -> None:
    verified = check(send())
    save_draft(code_id=verified.code_id, draft={"username": "Ana Martin"}, now=NOW)
    assert b"Ana" not in bytes(EmailCode.objects.get().sealed_draft or b"")


def test_it_brings_no_draft_of_another_market_or_address(both_databases: str) -> None:
    verified = check(send())
    save_draft(code_id=verified.code_id, draft={"username": "Ana"}, now=NOW)
    assert check(send("ben@example.org"), email="ben@example.org").draft is None
    send_code(
        email="ana@example.org", offer_id=None, market_id=uuid4(), purpose="join", language="en", now=NOW
    )  # fmt: skip
    assert check(read_mailed_code()).draft is None


def test_it_keeps_no_draft_without_a_fresh_confirmation(both_databases: str) -> None:
    send()
    with pytest.raises(EmailNotConfirmed):
        save_draft(code_id=EmailCode.objects.get().id, draft={}, now=NOW)
    with pytest.raises(EmailNotConfirmed):
        save_draft(code_id=uuid4(), draft={}, now=NOW)
    verified = check(send())
    with pytest.raises(EmailNotConfirmed):
        save_draft(code_id=verified.code_id, draft={}, now=NOW + timedelta(hours=24))


def test_it_bounds_a_draft(both_databases: str) -> None:
    verified = check(send())
    with pytest.raises(DraftTooLarge):
        save_draft(code_id=verified.code_id, draft={"photo": "x" * 200_000}, now=NOW)
    assert queries.read_draft(verified.code_id) is None
