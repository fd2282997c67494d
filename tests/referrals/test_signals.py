"""What a human may want to look at: facts in, signals out."""

from __future__ import annotations

import ast
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import translation

import onloan.referrals
from onloan.referrals.marks import canonical_mailbox, mailbox_hash
from onloan.referrals.signals import (
    Found,
    Friend,
    Person,
    SignalKind,
    ask_for_human,
    find_signals,
    is_disposable,
    tell_person,
    tell_team,
)

NOON = datetime(2026, 12, 3, 12, 0, tzinfo=UTC)
COUNTS = {"people": 5, "friends": 12, "names": 4, "links": 3}


def person(**facts: object) -> Person:
    given: dict[str, object] = {"id": uuid.uuid4(), "mailbox": uuid.uuid4().hex, "account": None, **facts}
    return Person(**given)  # type: ignore[arg-type]


def friends_named(*names: str, minutes_apart: float = 90) -> list[Friend]:
    return [
        Friend(person=person(name=name), joined_at=NOON + timedelta(minutes=minutes_apart * number))
        for number, name in enumerate(names)
    ]


def look(
    friends: list[Friend], *, sponsor: Person | None = None, accounts: dict[str, int] | None = None
) -> list[Found]:
    return find_signals(sponsor=sponsor or person(), friends=friends, people_of_account=accounts or {})


def kinds_of(found: list[Found]) -> set[SignalKind]:
    return {signal.kind for signal in found}


@pytest.mark.parametrize(
    ("email", "mailbox"),
    [
        ("ana+shop@example.org", "ana@example.org"),
        ("a.n.a+x@gmail.com", "ana@gmail.com"),
        ("Ana@GoogleMail.com", "ana@gmail.com"),
        ("a.na@example.org", "a.na@example.org"),
        ("+@example.org", "+@example.org"),
    ],
)
def test_it_knows_a_mailbox_under_its_labels(email: str, mailbox: str) -> None:
    assert canonical_mailbox(email) == mailbox


def test_a_mark_says_nothing_about_the_address() -> None:
    assert mailbox_hash("ana+1@example.org") == mailbox_hash("ana@example.org") != mailbox_hash("ben@example.org")
    assert "ana" not in mailbox_hash("ana@example.org")


def test_it_sees_a_link_used_by_its_owner() -> None:
    ana = person(mailbox="m")
    found = look([Friend(person=person(mailbox="m"), joined_at=NOON)], sponsor=ana)
    assert kinds_of(found) == {SignalKind.OWN_LINK}
    assert ask_for_human(kinds_of(found))


def test_people_who_gave_nothing_share_nothing() -> None:
    friend = Friend(person=person(mailbox=None), joined_at=NOON)
    assert look([friend], sponsor=person(mailbox=None)) == []


@pytest.mark.parametrize("people", [2, 3])
def test_a_household_with_one_account_is_never_held_for_it(people: int) -> None:
    ana = person(account="joint")
    friend = Friend(person=person(account="joint"), joined_at=NOON)
    found = look([friend], sponsor=ana, accounts={"joint": people})
    assert kinds_of(found) == {SignalKind.OWN_ACCOUNT}
    assert not ask_for_human(kinds_of(found))


def test_four_people_with_one_account_are_looked_at_by_a_human() -> None:
    friend = Friend(person=person(account="mule"), joined_at=NOON)
    found = look([friend], accounts={"mule": 4})
    assert [(signal.kind, dict(signal.details)) for signal in found] == [
        (SignalKind.SHARED_ACCOUNT, {"people": 4})
    ]
    assert ask_for_human(kinds_of(found))


def test_ten_friends_within_an_hour_are_a_burst_and_nine_are_not() -> None:
    ten = friends_named(*"abcdefghij", minutes_apart=6)
    found = look(ten)
    assert kinds_of(found) == {SignalKind.VELOCITY}
    assert {signal.friend_id for signal in found} == {friend.person.id for friend in ten}
    assert {signal.details["friends"] for signal in found} == {10}
    assert look(ten[:9]) == []
    assert look(friends_named(*"abcdefghij", minutes_apart=7)) == []


def test_a_burst_alone_holds_nothing() -> None:
    """A class, an office, a newsletter: people come at once for honest reasons."""
    assert not ask_for_human([SignalKind.VELOCITY])
    assert not ask_for_human([SignalKind.DISPOSABLE_ADDRESS, SignalKind.DISPOSABLE_ADDRESS])
    assert ask_for_human([SignalKind.VELOCITY, SignalKind.DISPOSABLE_ADDRESS])


def test_it_sees_names_that_count_upwards() -> None:
    found = look(friends_named("sam1", "Sam2", "Lea", "sam 3", "sam_5"))
    assert kinds_of(found) == {SignalKind.SEQUENTIAL_NAMES}
    assert len(found) == 4


@pytest.mark.parametrize(
    "names",
    [
        ("sam1", "sam2", "sam3"),
        ("sam75", "sam82", "sam91", "sam99"),
        ("sam4", "sam3", "sam2", "sam1"),
        ("sam1", "lea2", "tom3", "zoe4"),
        ("Ana", "Ben", "Chloé", "Dora"),
    ],
)
def test_names_with_years_places_or_other_stems_are_no_series(names: tuple[str, ...]) -> None:
    assert look(friends_named(*names)) == []


def test_a_relay_that_its_owner_keeps_is_not_disposable() -> None:
    assert is_disposable("x@mailinator.com")
    assert is_disposable("x@any.mailinator.com")
    for domain in ("gmail.com", "privaterelay.appleid.com", "mozmail.com", "anonaddy.me", "example.org"):
        assert not is_disposable(f"x@{domain}")


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("kind", list(SignalKind))
def test_each_signal_is_a_sentence_for_each_reader(kind: SignalKind, language: str) -> None:
    with translation.override(language):
        sentences = {
            tell_team(kind, COUNTS),
            tell_person(kind, COUNTS, is_sponsor=True),
            tell_person(kind, COUNTS, is_sponsor=False),
        }
    for sentence in sentences:
        assert sentence.endswith(".") and "{" not in sentence
        assert len(sentence) < 200


def test_what_looks_knows_no_right_and_no_permission() -> None:
    """A right costs nothing: the modules that look for signals cannot even reach what people asked or allowed."""
    folder = Path(next(iter(onloan.referrals.__path__)))
    for name in ("signals.py", "marks.py", "rings.py", "graph.py", "looking.py", "reviews.py"):
        text = (folder / name).read_text(encoding="utf-8")
        imported = {
            module
            for node in ast.walk(ast.parse(text))
            for module in (
                [node.module or ""] if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names] if isinstance(node, ast.Import)
                else []
            )
        }  # fmt: skip
        assert not {module for module in imported if module.startswith(("onloan.consents", "onloan.uses"))}, name
        assert not {module for module in imported if module.startswith(("onloan.cases", "onloan.joining"))}, name
        for word in ("restricted", "objected", "consent_", "complaint"):
            assert word not in text.replace("complained", ""), f"{name} speaks of {word}"
