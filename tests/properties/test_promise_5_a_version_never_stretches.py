"""Promise 5: a published version never stretches.

More than a version says needs a new one and a fresh consent; adding a market or narrowing asks nobody again. The
rule that decides it is compared with the uses themselves, and versions are published one after another while the
older ones are watched.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from onloan import clock
from onloan.evidence.actions import number_entries
from onloan.offers import models
from onloan.offers.actions import approve_draft, publish_draft, submit_draft
from onloan.offers.document import Permission
from onloan.offers.queries import PublishedVersion, find_market, find_version
from onloan.offers.rules import is_covered, permissions_to_ask
from onloan.offers.texts import notice_hash
from onloan.people.queries import find_participant
from onloan.uses.actions import decide_use
from tests.joining.support import OpenMarket, add_participant, open_market
from tests.support.offers import BEFORE_OPENING, make_team, publish_file, spring_offer, spring_text

subsets = st.sets(st.sampled_from("abc"), min_size=1).map(lambda names: tuple(sorted(names)))
permissions = st.builds(
    Permission,
    id=st.just("card"),
    items=subsets,
    purpose=st.sampled_from(["card", "wall"]),
    channels=subsets,
    territories=subsets,
    recipients=st.sets(st.sampled_from("xy")).map(lambda names: tuple(sorted(names))),
    term_days=st.integers(1, 3),
    why=st.just({"en": "Why not."}),
    excluded_contexts=st.sets(st.sampled_from("pq")).map(lambda names: tuple(sorted(names))),
)


def uses(permission: Permission) -> set[tuple[object, ...]]:
    """Every single use that a yes to ``permission`` allows: item, purpose, place, country, receiver, day, and what
    it may stand beside."""
    beside = {"p", "q", "nothing"} - set(permission.excluded_contexts)
    return set(
        itertools.product(
            permission.items, [permission.purpose], permission.channels, permission.territories,
            [None, *permission.recipients], range(permission.term_days), beside,
        )
    )  # fmt: skip


@given(old=permissions, new=permissions)
def test_a_yes_covers_exactly_the_uses_it_was_given_for(old: Permission, new: Permission) -> None:
    assert is_covered(old, new) == (uses(new) <= uses(old))


@given(old=permissions, mid=permissions, new=permissions)
def test_no_chain_of_versions_stretches_a_yes(old: Permission, mid: Permission, new: Permission) -> None:
    if is_covered(old, mid) and is_covered(mid, new):
        assert is_covered(old, new)


def test_adding_a_market_or_narrowing_asks_nobody() -> None:
    offer = spring_offer()
    more = replace(offer, markets={**offer.markets, "BE": replace(offer.markets["FR"], country="BE")})
    assert permissions_to_ask(offer, more) == ()
    *others, wall = offer.permissions
    assert permissions_to_ask(offer, replace(offer, permissions=(replace(wall, items=("profile_photo",)),))) == ()
    longer = replace(offer, permissions=(*others, replace(wall, term_days=181)))
    assert permissions_to_ask(offer, longer) == ("winner-wall",)
    elsewhere = replace(offer, permissions=(*others, replace(wall, territories=("FR", "GB", "BE"))))
    assert permissions_to_ask(offer, elsewhere) == ("winner-wall",)
    assert permissions_to_ask(replace(offer, permissions=()), offer) == tuple(
        permission.id for permission in offer.permissions
    )


slug_number = itertools.count(1)
EDITS = {
    "term_days: 180": "term_days: 200",
    "term_days: 200": "term_days: 90",
    "[username_masked, profile_photo]": "[username_masked]",
    "[username_masked]": "[username_masked, profile_photo]",
    "channels: [sponsor_page]": "channels: [sponsor_page, shop_app]",
    "The spring pot": "The new spring pot",
}


class Editions(RuleBasedStateMachine):
    """Version upon version of one offer, each one remembered as it was on its first day."""

    @initialize()
    def start(self) -> None:
        self.team = make_team()
        self.text = spring_text().replace("offer: spring-pot", f"offer: pot-x{next(slug_number)}")
        self.first_days: list[tuple[PublishedVersion, str]] = []
        self.publish()

    def publish(self) -> None:
        version = publish_file(self.team, self.text, BEFORE_OPENING)
        self.first_days.append((version, repr(version) + notice_hash(version, "FR", "fr")))

    @rule(edit=st.sampled_from(list(EDITS)))
    def edit_and_publish(self, edit: str) -> None:
        changed = self.text.replace(edit, EDITS[edit])
        if changed != self.text:
            self.text = changed
            self.publish()

    @invariant()
    def each_version_is_what_it_was(self) -> None:
        find_version.cache_clear()
        for version, first_day in getattr(self, "first_days", []):
            now = find_version(version.id)
            assert repr(now) + notice_hash(now, "FR", "fr") == first_day

    @invariant()
    def numbers_follow_one_another(self) -> None:
        kept = [version.number for version, _ in getattr(self, "first_days", [])]
        assert kept == list(range(1, len(kept) + 1))

    @invariant()
    def what_grew_is_asked_anew(self) -> None:
        versions = [version for version, _ in getattr(self, "first_days", [])]
        for old, new in itertools.pairwise(versions):
            asked = permissions_to_ask(old.offer, new.offer)
            for permission in new.offer.permissions:
                covered = is_covered(old.offer.permission(permission.id), permission)
                assert covered == (permission.id not in asked)


def test_an_old_version_never_changes(both_databases: str) -> None:
    run_state_machine_as_test(
        Editions,
        settings=settings(
            max_examples=8, stateful_step_count=6, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def publish_next(market: OpenMarket, old: str, new: str) -> PublishedVersion:
    """The next version of a running offer, with ``old`` replaced in its file."""
    text = models.Version.objects.get(pk=market.version_id).file_text
    assert old in text
    now = clock.now()
    draft_id = submit_draft(text=text.replace(old, new), author_id=market.team.greg, now=now)
    approve_draft(draft_id=draft_id, user_id=market.team.dora, note="Read and fine.", door="console", now=now)
    return find_version(publish_draft(draft_id=draft_id, user_id=market.team.dora, now=now))


@pytest.mark.parametrize(
    ("item", "channel", "allowed"),
    [
        ("username", "sponsor_page", True),
        ("profile_photo", "sponsor_page", False),
        ("username", "shop_app", False),
    ],
)
def test_a_yes_to_the_old_version_allows_nothing_more(
    both_databases: str, item: str, channel: str, allowed: bool
) -> None:
    """The new version asks for more; Ana said yes to the old one, and has allowed just that."""
    market = open_market()
    answers = {permission.id: permission.id == "acceptance-card" for permission in market.offer.permissions}
    ana = add_participant(market, "Ana", answers=answers)
    publish_next(
        market,
        "    items: [username]\n    purpose: referral_acceptance\n    channels: [sponsor_page]",
        "    items: [username, profile_photo]\n    purpose: referral_acceptance\n"
        "    channels: [sponsor_page, shop_app]",
    )
    assert find_market("spring-pot", "FR").version_number == 2
    assert find_participant(ana.participant_id).version_id == market.version_id
    number_entries()
    decision = decide_use(
        participant_id=ana.participant_id, items=(item,), purpose="referral_acceptance", channel=channel,
        country="FR",
    )  # fmt: skip
    assert decision.allowed is allowed
