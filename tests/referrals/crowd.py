"""People who join under addresses and names of their choice, and a team that decides."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime, timedelta

from onloan.access.models import User
from onloan.joining.actions import Joined, JoinRequest, join
from onloan.ledger.models import Reward
from onloan.referrals.looking import look_at_accounts, look_for_signals
from tests.referrals.support import NOW, Campaign, report

LOOKED = NOW + timedelta(hours=1)


def join_with(
    email: str, campaign: Campaign, *, via: Joined | None = None, name: str = "", now: datetime = NOW
) -> Joined:
    request = JoinRequest(
        offer_slug=campaign.offer.slug,
        country="FR",
        version_id=campaign.version_id,
        email=email,
        username=name or f"P{uuid.uuid4().hex[:6]}x",
        over_18=True,
        answers={},
        language="fr",
        page_hash="0" * 64,
        now=now,
    )
    return join(request=replace(request, via_code=via.link_code) if via else request)


def bring(sponsor: Joined, email: str, campaign: Campaign, *, name: str = "", now: datetime = NOW) -> Joined:
    """A friend who joins and qualifies."""
    friend = join_with(email, campaign, via=sponsor, name=name, now=now)
    report(friend, occurred_at=now, now=now)
    return friend


def own_link(campaign: Campaign) -> tuple[Joined, Joined]:
    """Mallory, and the friend who is Mallory again; both looked at."""
    mallory = join_with("mallory@people.example", campaign)
    again = bring(mallory, "mallory+2@people.example", campaign)
    look_for_signals(now=LOOKED, limit=100)
    return mallory, again


def states_of(person: Joined) -> list[str]:
    return sorted(Reward.objects.filter(participant_id=person.participant_id).values_list("state", flat=True))


def member(name: str, role: str = "support") -> uuid.UUID:
    email = f"{name.lower()}@boutique.example"
    user = User.objects.filter(email=email).first() or User.objects.create_user(email, name=name, role=role)
    found: uuid.UUID = user.pk
    return found


def give_account(person: Joined, account: str, *, now: datetime = LOOKED) -> None:
    """The row that paying writes when a person says where to pay them, and the job that sees it."""
    from onloan import ids
    from onloan.payouts.models import Payee
    from onloan.people.queries import find_participant

    view = find_participant(person.participant_id)
    assert view is not None
    Payee.objects.update_or_create(
        participant_id=person.participant_id,
        defaults={"account_hash": account, "given_at": now},
        create_defaults={
            "id": ids.new_id(), "offer_id": view.offer_id, "kind": "iban", "country": "FR",
            "account_hash": account, "last_characters": "0189", "given_at": now,
        },
    )  # fmt: skip
    while look_at_accounts(now=now):
        pass
