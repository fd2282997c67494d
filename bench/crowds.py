"""Crowds with known truth: honest people who look odd, cheats who look honest. Seeded: each run is the same.

A crowd is made community by community and never kept as a whole. Accounts are those that people would give; a
mailbox is a word that stands for one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from onloan.referrals.signals import Friend, Person

OPENED = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
_NAMES = ("Ana", "Ben", "Chloé", "Dora", "Emil", "Fay", "Gus", "Hana", "Jade", "Lea", "Nora", "Omar", "Sam", "Zoe")


@dataclass(frozen=True, slots=True)
class Link:
    """Who brought whom. ``is_fraud`` is the truth about it; ``offer`` numbers the campaign."""

    sponsor: Person
    friend: Friend
    is_fraud: bool
    offer: int = 0


@dataclass(frozen=True, slots=True)
class Community:
    """``kind`` says who they are. ``ring`` tells whether the fraudulent links form a ring of two or more."""

    kind: str
    links: list[Link]
    is_ring: bool = False


class Crowd:
    """Draws communities; every person has a number of their own."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.people = 0

    def person(
        self, *, mailbox: str = "", account: str | None = None, name: str = "", disposable: bool = False
    ) -> Person:
        self.people += 1
        number = self.people
        if account is None and self.random.random() < 0.8:
            account = f"account {number}"
        if not name:
            name = self.random.choice(_NAMES)
            # Years and places stand behind names: 1994, 75, 06.
            name += self.random.choice(
                ["", "", "", str(self.random.randint(1960, 2008)), f"{self.random.randint(1, 95):02}"]
            )
        return Person(
            id=UUID(int=number),
            mailbox=mailbox or f"mailbox {number}",
            account=account,
            name=name,
            has_disposable_address=disposable,
        )

    def honest(self) -> Person:
        """Somebody with a mailbox and an account of their own; one in a hundred uses a short-lived address."""
        return self.person(disposable=self.random.random() < 0.01)

    def moment(self) -> datetime:
        return OPENED + timedelta(minutes=self.random.randint(0, 45 * 24 * 60))

    def friend(self, person: Person, joined_at: datetime | None = None) -> Friend:
        return Friend(person=person, joined_at=joined_at or self.moment())

    def communities(self, people_max: int) -> Iterator[Community]:
        """Communities until ``people_max`` people are there; each begins with somebody whom an earlier person
        brought, so that the whole is a few deep trees."""
        kinds, weights = zip(*((kind, weight) for kind, (weight, _) in KINDS.items()), strict=True)
        while self.people < people_max:
            kind = self.random.choices(kinds, weights)[0]
            yield Community(kind, *KINDS[kind][1](self))


Made = tuple[list[Link], bool]


def friends_over_weeks(crowd: Crowd) -> Made:
    """Most people: one to six friends, now and then; some of whom go on."""
    sponsor = crowd.honest()
    links: list[Link] = []
    for _ in range(crowd.random.randint(1, 6)):
        friend = crowd.honest()
        links.append(Link(sponsor, crowd.friend(friend), is_fraud=False))
        if crowd.random.random() < 0.4:
            links.append(Link(friend, crowd.friend(crowd.honest()), is_fraud=False))
    return links, False


def household(crowd: Crowd) -> Made:
    """Two or three people with one account, who invite each other and a friend."""
    account = f"joint {crowd.people}"
    first = crowd.person(account=account)
    links = [
        Link(first, crowd.friend(crowd.person(account=account)), is_fraud=False)
        for _ in range(crowd.random.randint(1, 2))
    ]
    return [*links, Link(first, crowd.friend(crowd.honest()), is_fraud=False)], False


def large_family(crowd: Crowd) -> Made:
    """Five people with one account: more than a household is taken to be."""
    account = f"family {crowd.people}"
    first = crowd.person(account=account)
    return [Link(first, crowd.friend(crowd.person(account=account)), is_fraud=False) for _ in range(4)], False


def family_mailbox(crowd: Crowd) -> Made:
    """Two people of a family who read one mailbox under two labels."""
    mailbox = f"family mailbox {crowd.people}"
    return [
        Link(crowd.person(mailbox=mailbox), crowd.friend(crowd.person(mailbox=mailbox)), is_fraud=False)
    ], False


def school_class(crowd: Crowd) -> Made:
    """A class within half an hour; in one class of ten the teacher numbered the names."""
    sponsor, start = crowd.honest(), crowd.moment()
    is_numbered = crowd.random.random() < 0.1
    return [
        Link(
            sponsor,
            crowd.friend(
                crowd.person(name=f"classe6b{number}" if is_numbered else ""),
                start + timedelta(minutes=crowd.random.random() if is_numbered else crowd.random.randint(0, 30)),
            ),
            is_fraud=False,
        )
        for number in range(1, crowd.random.randint(15, 28))
    ], False


def office_burst(crowd: Crowd) -> Made:
    """A message to all colleagues: many within an hour, a few of whom hide behind short-lived addresses."""
    sponsor, start = crowd.honest(), crowd.moment()
    return [
        Link(sponsor, crowd.friend(crowd.honest(), start + timedelta(minutes=crowd.random.randint(0, 55))), False)
        for _ in range(crowd.random.randint(12, 40))
    ], False


def two_campaigns(crowd: Crowd) -> Made:
    """Two friends: one invites the other in spring, the other the one in autumn."""
    one, other = crowd.honest(), crowd.honest()
    again, back = (
        crowd.person(mailbox=str(person.mailbox), account=person.account, name=str(person.name))
        for person in (one, other)
    )
    return [Link(one, crowd.friend(other), False), Link(back, crowd.friend(again), False, offer=1)], False


def own_labels(crowd: Crowd) -> Made:
    """One person who invites themselves under labels of one mailbox."""
    first = crowd.person()
    return [
        Link(first, crowd.friend(crowd.person(mailbox=str(first.mailbox))), is_fraud=True)
        for _ in range(crowd.random.randint(1, 5))
    ], False


def bot_farm(crowd: Crowd) -> Made:
    """Many at once from short-lived addresses; half of the farms count in their names."""
    sponsor, start = crowd.person(), crowd.moment()
    stem = crowd.random.choice(["user", "win", "lucky"]) if crowd.random.random() < 0.5 else ""
    return [
        Link(
            sponsor,
            crowd.friend(
                crowd.person(name=f"{stem}{number}" if stem else "", disposable=crowd.random.random() < 0.95),
                start + timedelta(seconds=50 * number + crowd.random.randint(0, 30)),
            ),
            is_fraud=True,
        )
        for number in range(1, crowd.random.randint(20, 60))
    ], False


def one_account_for_many(crowd: Crowd) -> Made:
    """Made-up friends, each with a good address, all paid to one account."""
    account = f"mule {crowd.people}"
    sponsor = crowd.person(account=account)
    return [
        Link(sponsor, crowd.friend(crowd.person(account=account)), is_fraud=True)
        for _ in range(crowd.random.randint(5, 20))
    ], False


def ring(crowd: Crowd) -> Made:
    """Two to six people in a circle: the last one is the first one, under another label."""
    people = [crowd.person() for _ in range(crowd.random.randint(2, 6))]
    people.append(crowd.person(mailbox=str(people[0].mailbox)))
    honest = Link(people[1], crowd.friend(crowd.honest()), is_fraud=False)
    links = [
        Link(sponsor, crowd.friend(friend), is_fraud=True)
        for sponsor, friend in zip(people, people[1:], strict=False)
    ]
    return [*links, honest], True


def like_a_couple(crowd: Crowd) -> Made:
    """One person who made up one friend with another mailbox and the same account: what a couple looks like."""
    account = f"couple {crowd.people}"
    return [Link(crowd.person(account=account), crowd.friend(crowd.person(account=account)), is_fraud=True)], False


def careful(crowd: Crowd) -> Made:
    """Made-up friends with other mailboxes and other accounts: nothing tells them from people."""
    sponsor = crowd.person()
    return [
        Link(sponsor, crowd.friend(crowd.person()), is_fraud=True) for _ in range(crowd.random.randint(1, 3))
    ], False


KINDS: dict[str, tuple[float, Callable[[Crowd], Made]]] = {
    "friends over weeks": (1_000, friends_over_weeks),
    "household": (150, household),
    "large family, one account": (1, large_family),
    "family mailbox": (1, family_mailbox),
    "school class": (8, school_class),
    "office burst": (8, office_burst),
    "two campaigns": (30, two_campaigns),
    "own labels": (15, own_labels),
    "bot farm": (3, bot_farm),
    "one account for many": (3, one_account_for_many),
    "ring": (8, ring),
    "like a couple": (5, like_a_couple),
    "careful": (5, careful),
}
"""How often each kind of community is drawn. How common cheats are in the world is not known; what the figures say
about precision depends on it."""

LOOKS_HONEST = frozenset({"like a couple", "careful"})
"""Cheats that no signal is meant to see: holding them would hold honest people."""
