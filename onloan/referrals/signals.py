"""What a human may want to look at before a reward counts. Pure: facts in, signals out.

A signal is about one friend of one sponsor. It refuses nothing: the strongest only asks a human to look. The facts
are who brought whom and when, the mailbox, the account for payment and the name to show. Nothing here knows what
a person allows, took back, asked for or complained about, and nothing is of a special category (GDPR art. 9). One
kind says the opposite of having found something: that no program looked, as the person asked for.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from disposable_email_domains import blocklist
from django.utils.translation import gettext as _


class SignalKind(StrEnum):
    OWN_LINK = "own_link"
    SPONSOR_RING = "sponsor_ring"
    SHARED_ACCOUNT = "shared_account"
    OWN_ACCOUNT = "own_account"
    VELOCITY = "velocity"
    DISPOSABLE_ADDRESS = "disposable_address"
    SEQUENTIAL_NAMES = "sequential_names"
    NOT_CHECKED = "not_checked"

    @property
    def holds_alone(self) -> bool:
        """Whether this signal is enough to ask a human; the others are only so together."""
        return self in _HOLD_ALONE


_HOLD_ALONE = frozenset({
    SignalKind.OWN_LINK, SignalKind.SPONSOR_RING, SignalKind.SHARED_ACCOUNT, SignalKind.NOT_CHECKED
})  # fmt: skip
SIGNAL_KINDS = tuple(kind.value for kind in SignalKind)

HOUSEHOLD_MAX = 3
"""So many people with one account are a household: that alone never holds a reward."""
VELOCITY_FRIENDS = 10
VELOCITY_WITHIN = timedelta(hours=1)
SEQUENCE_NAMES = 4
SEQUENCE_STEP_MAX = 5
"""``sam3`` and ``sam8`` may be neighbours in a series; ``sam75`` and ``sam91`` are years or places."""
TOGETHER_MIN = 2

_ENDS_IN_NUMBER = re.compile(r"^(.*?)[ ._-]*(\d{1,6})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What signals know of one person. The hashes are marks (see ``marks``); None where nothing was given."""

    id: UUID
    mailbox: str | None
    account: str | None
    name: str | None = None
    has_disposable_address: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Friend:
    person: Person
    joined_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A signal about one friend. ``details`` holds counts only."""

    kind: SignalKind
    friend_id: UUID
    details: Mapping[str, int]


def find_signals(
    *, sponsor: Person, friends: Sequence[Friend], people_of_account: Mapping[str, int]
) -> list[Found]:
    """Every signal about these friends of one sponsor. ``people_of_account`` counts who shares an account."""
    found: list[Found] = []
    for friend in friends:
        found += _compare(sponsor, friend.person, people_of_account)
    for friend_id, count in _find_bursts(friends).items():
        found.append(Found(kind=SignalKind.VELOCITY, friend_id=friend_id, details={"friends": count}))
    for friend_id, count in _find_sequences(friends).items():
        found.append(Found(kind=SignalKind.SEQUENTIAL_NAMES, friend_id=friend_id, details={"names": count}))
    return found


def _compare(sponsor: Person, friend: Person, people_of_account: Mapping[str, int]) -> Iterable[Found]:
    if friend.mailbox is not None and friend.mailbox == sponsor.mailbox:
        yield Found(kind=SignalKind.OWN_LINK, friend_id=friend.id, details={})
    sharing = people_of_account.get(friend.account, 0) if friend.account is not None else 0
    if sharing > HOUSEHOLD_MAX:
        yield Found(kind=SignalKind.SHARED_ACCOUNT, friend_id=friend.id, details={"people": sharing})
    elif friend.account is not None and friend.account == sponsor.account:
        yield Found(kind=SignalKind.OWN_ACCOUNT, friend_id=friend.id, details={"people": max(2, sharing)})
    if friend.has_disposable_address:
        yield Found(kind=SignalKind.DISPOSABLE_ADDRESS, friend_id=friend.id, details={})


def _find_bursts(friends: Sequence[Friend]) -> dict[UUID, int]:
    """Friends who joined among at least ``VELOCITY_FRIENDS`` within an hour, each with the largest such number."""
    ordered = sorted(friends, key=lambda friend: friend.joined_at)
    largest: dict[UUID, int] = {}
    first = 0
    for last, friend in enumerate(ordered):
        while friend.joined_at - ordered[first].joined_at > VELOCITY_WITHIN:
            first += 1
        count = last - first + 1
        if count >= VELOCITY_FRIENDS:
            for member in ordered[first : last + 1]:
                largest[member.person.id] = max(count, largest.get(member.person.id, 0))
    return largest


def _find_sequences(friends: Sequence[Friend]) -> dict[UUID, int]:
    """Friends whose names are one stem with a number that rises in small steps, in the order they joined."""
    by_stem: dict[str, list[tuple[UUID, int]]] = defaultdict(list)
    for friend in sorted(friends, key=lambda friend: friend.joined_at):
        match = _ENDS_IN_NUMBER.match(friend.person.name or "")
        if match is not None:
            by_stem[match[1].casefold()].append((friend.person.id, int(match[2])))
    found: dict[UUID, int] = {}
    for numbered in by_stem.values():
        run: list[tuple[UUID, int]] = []
        for friend_id, number in [*numbered, (None, -1)]:
            if run and friend_id is not None and 0 < number - run[-1][1] <= SEQUENCE_STEP_MAX:
                run.append((friend_id, number))
                continue
            if len(run) >= SEQUENCE_NAMES:
                found.update({member: len(run) for member, _number in run})
            run = [(friend_id, number)] if friend_id is not None else []
    return found


def ask_for_human(kinds: Iterable[SignalKind]) -> bool:
    """Whether signals of these kinds about one friend hold the rewards for them until a human has looked."""
    different = set(kinds)
    return any(kind.holds_alone for kind in different) or len(different) >= TOGETHER_MIN


def is_disposable(email: str) -> bool:
    """Whether the address is of a service for a few minutes, by a list that is kept for it.

    A mail relay that its owner keeps (Hide My Email, Firefox Relay, addy.io) is not on that list.
    """
    labels = email.rpartition("@")[2].split(".")
    return any(".".join(labels[start:]) in blocklist for start in range(len(labels) - 1))


def tell_team(kind: SignalKind, details: Mapping[str, int]) -> str:
    """The signal as a sentence for the member who decides, in the active language."""
    if kind is SignalKind.SPONSOR_RING and details.get("people", 0) < 2:
        return _("Sponsor and friend appear to be one person, by marks that they share with others.")
    return {
        SignalKind.OWN_LINK: _("Sponsor and friend joined with the same mailbox."),
        SignalKind.SPONSOR_RING: _(
            "{people} people brought each other in a circle, so somebody in it joined more than once."
        ),
        SignalKind.SHARED_ACCOUNT: _("{people} people are paid to the same account."),
        SignalKind.OWN_ACCOUNT: _("Sponsor and friend are paid to the same account, as in a household."),
        SignalKind.VELOCITY: _("{friends} friends of one sponsor joined within an hour."),
        SignalKind.DISPOSABLE_ADDRESS: _("The friend's address is of a service for a few minutes."),
        SignalKind.SEQUENTIAL_NAMES: _("{names} friends of one sponsor have the same name with a rising number."),
        SignalKind.NOT_CHECKED: _(
            "This person asked that no program checks them, so none looked. Nothing speaks against this reward."
        ),
    }[kind].format(**details)


def _tell_not_checked() -> str:
    return _("You asked that no program checks you, so a person looks at this reward instead.")


def tell_person(kind: SignalKind, details: Mapping[str, int], *, is_sponsor: bool) -> str:
    """The signal in plain words for the person whose reward waits, saying nothing about who somebody else is."""
    words = _SPONSOR_WORDS if is_sponsor else _FRIEND_WORDS
    return words[kind]().format(**details)


_SPONSOR_WORDS = {
    SignalKind.OWN_LINK: lambda: _("Someone joined by your link with the same mailbox as yours."),
    SignalKind.SPONSOR_RING: lambda: _("People who joined by each other's links form a circle that includes you."),
    SignalKind.SHARED_ACCOUNT: lambda: _(
        "Someone you invited gave an account for payment that {people} people gave."
    ),
    SignalKind.OWN_ACCOUNT: lambda: _("Someone you invited is paid to the same account as you."),
    SignalKind.VELOCITY: lambda: _("{friends} people joined by your link within an hour."),
    SignalKind.DISPOSABLE_ADDRESS: lambda: _(
        "Someone joined by your link with an e-mail address that lasts for a short time only."
    ),
    SignalKind.SEQUENTIAL_NAMES: lambda: _(
        "{names} people joined by your link with names that differ by a number only."
    ),
    SignalKind.NOT_CHECKED: _tell_not_checked,
}
_FRIEND_WORDS = {
    SignalKind.OWN_LINK: lambda: _("You joined by a link whose owner has the same mailbox as you."),
    SignalKind.SPONSOR_RING: lambda: _("People who joined by each other's links form a circle that includes you."),
    SignalKind.SHARED_ACCOUNT: lambda: _("You gave an account for payment that {people} people gave."),
    SignalKind.OWN_ACCOUNT: lambda: _("You are paid to the same account as the person who invited you."),
    SignalKind.VELOCITY: lambda: _("{friends} people joined within an hour by the link that you used."),
    SignalKind.DISPOSABLE_ADDRESS: lambda: _(
        "You joined with an e-mail address that lasts for a short time only."
    ),
    SignalKind.SEQUENTIAL_NAMES: lambda: _(
        "{names} people joined by the link that you used, with names that differ by a number only."
    ),
    SignalKind.NOT_CHECKED: _tell_not_checked,
}
