"""Promise 4: no offer can waive a right, sell data, or borrow it without an end, through any door.

Good and bad files are handed in, planted past the linter, signed, approved and published by all sorts of people in
any order. Whatever stands as a version afterwards breaks no rule, and two people approved its very file.
"""

from __future__ import annotations

import itertools
import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from onloan import db, ids
from onloan.errors import OnloanError
from onloan.offers import models
from onloan.offers.actions import approve_draft, publish_draft, sign_off, submit_draft
from onloan.offers.errors import OfferRefused, OfferUnreadable
from onloan.offers.lint import check_text
from onloan.offers.rules import hash_file
from tests.support.offers import BEFORE_OPENING, Team, make_team, spring_text

NOW = BEFORE_OPENING
SPRING = spring_text()

BAD = {
    "no end": SPRING.replace("term_days: 180", "term: forever"),
    "very long": SPRING.replace("term_days: 180", "term_days: 36500"),
    "the whole world": SPRING.replace("    term_days: 180", "    territories: worldwide\n    term_days: 180"),
    "a voice": SPRING.replace("items: [profile_photo]", "items: [profile_photo, voice]"),
    "everything": SPRING.replace("items: [profile_photo]", "items: [likeness]"),
    "paid with data": SPRING.replace("to: sponsor, cash:", "to: sponsor, requires_permission: winner-wall, cash:"),
    "a waiver": SPRING + "\nclauses:\n  - You waive your right to object, for good.\n",
    "a sale": SPRING + "\nclauses:\n  - We may sell your photo to our partners.\n",
    "at will": SPRING + "\ncancel: at_will\n",
    "open purpose": SPRING.replace("purpose: winner_wall", "purpose: any promotional purpose"),
}
GOOD = {
    "shipped": SPRING,
    "shorter": SPRING.replace("term_days: 180", "term_days: 90"),
    "held": SPRING.replace(
        "FR: {opens: 2026-11-01, closes: 2027-01-15,",
        "FR: {opens: 2026-11-01, closes: open_ended, notice_days: 30,",
    ),
}
slug_number = itertools.count(1)


@pytest.mark.parametrize("name", BAD)
def test_each_bad_file_is_refused(name: str) -> None:
    """Otherwise the machine below would prove nothing."""
    report = check_text(BAD[name], name)
    assert report.of("BLOCK")
    assert report.of("SYNTAX") == []


@pytest.mark.parametrize("name", GOOD)
def test_each_good_file_is_not(name: str) -> None:
    assert check_text(GOOD[name], name).exit_code == 0


class Doors(RuleBasedStateMachine):
    """People of every role at every door; ``drafts`` are whatever lies in the table, by whichever way."""

    drafts: Bundle[uuid.UUID] = Bundle("drafts")
    people = st.sampled_from(["greg", "dora", "fay"])

    @initialize()
    def hire(self) -> None:
        self.team: Team = make_team()
        self.slug = f"spring-pot-x{next(slug_number)}"

    def text(self, name: str) -> str:
        return {**BAD, **GOOD}[name].replace("offer: spring-pot", f"offer: {self.slug}")

    def who(self, person: str) -> uuid.UUID:
        key: uuid.UUID = getattr(self.team, person)
        return key

    @rule(target=drafts, name=st.sampled_from([*GOOD, *BAD]), person=people)
    def hand_in(self, name: str, person: str) -> uuid.UUID:
        try:
            draft_id = submit_draft(text=self.text(name), author_id=self.who(person), now=NOW)
        except (OfferRefused, OfferUnreadable):
            assert name in BAD
            return uuid.uuid4()
        except OnloanError:
            assert person != "greg"
            return uuid.uuid4()
        assert name in GOOD
        return draft_id

    @rule(target=drafts, name=st.sampled_from([*BAD]), approved=st.booleans())
    def plant(self, name: str, approved: bool) -> uuid.UUID:
        """A door that forgot the linter, and even the second person: rows written straight into the tables."""
        text = self.text(name)
        draft = models.Draft.objects.create(
            id=ids.new_id(), slug=self.slug, file_text=text, file_hash=hash_file(text), author_id=self.team.greg,
            created_at=NOW, report={"findings": []},
        )  # fmt: skip
        for user_id, role in ((self.team.greg, "growth"), (self.team.dora, "dpo")):
            if approved:
                models.Approval.objects.create(
                    id=ids.new_id(), draft=draft, user_id=user_id, role=role, file_hash=draft.file_hash,
                    note="Planted here.", door="console", approved_at=NOW,
                )  # fmt: skip
        key: uuid.UUID = draft.pk
        return key

    @rule(draft_id=drafts, person=people)
    def sign(self, draft_id: uuid.UUID, person: str) -> None:
        for code in ("E-CLOSING-DATE", "E-OPEN-ENDED"):
            attempt(lambda code=code: sign_off(  # type: ignore[misc]
                draft_id=draft_id, user_id=self.who(person), code=code, note="This may pass.", now=NOW
            ))  # fmt: skip

    @rule(draft_id=drafts, person=people)
    def approve(self, draft_id: uuid.UUID, person: str) -> None:
        attempt(lambda: approve_draft(
            draft_id=draft_id, user_id=self.who(person), note="Read and fine.", door="console", now=NOW
        ))  # fmt: skip

    @rule(draft_id=drafts, person=people)
    def publish(self, draft_id: uuid.UUID, person: str) -> None:
        attempt(lambda: publish_draft(draft_id=draft_id, user_id=self.who(person), now=NOW))

    @rule(name=st.sampled_from([*BAD]))
    def tamper(self, name: str) -> None:
        """Change what was published or approved: the database refuses, whoever asks."""
        text = self.text(name)
        for table in ("offers_draft", "offers_version"):
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT COUNT(*) FROM {table}")
                if cursor.fetchone()[0] == 0:
                    continue
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"UPDATE {table} SET file_text = %s", [text])

    @invariant()
    def each_version_breaks_no_rule(self) -> None:
        for version in models.Version.objects.filter(offer__slug=getattr(self, "slug", "")):
            report = check_text(version.file_text, "published")
            assert report.exit_code == 0
            assert hash_file(version.file_text) == version.file_hash
            approvals = models.Approval.objects.filter(draft_id=version.draft_id, file_hash=version.file_hash)
            assert {"growth", "dpo"} <= {approval.role for approval in approvals}
            assert len({approval.user_id for approval in approvals}) == 2
            signed = set(models.SignOff.objects.filter(draft_id=version.draft_id).values_list("code", flat=True))
            assert {finding.code for finding in report.of("HOLD")} <= signed


def attempt(act: object) -> None:
    """Whatever is refused is refused with a code; nothing else may come out."""
    assert callable(act)
    try:
        act()
    except OnloanError as error:
        assert error.code.startswith("E-")


def test_no_door_publishes_what_a_rule_refuses(both_databases: str) -> None:
    run_state_machine_as_test(
        Doors,
        settings=settings(
            max_examples=15, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_a_planted_file_is_refused_at_the_last_step(both_databases: str) -> None:
    """The machine above finds it too; this one says it plainly: two approvals do not help a bad file."""
    team = make_team()
    for name, text in BAD.items():
        draft = models.Draft.objects.create(
            id=ids.new_id(), slug="spring-pot", file_text=text, file_hash=hash_file(text), author_id=team.greg,
            created_at=NOW, report={"findings": []},
        )  # fmt: skip
        for user_id in (team.greg, team.dora):
            models.Approval.objects.create(
                id=ids.new_id(), draft=draft, user_id=user_id, role="dpo", file_hash=draft.file_hash,
                note="Planted here.", door="console", approved_at=NOW,
            )  # fmt: skip
        with pytest.raises(OfferRefused):
            publish_draft(draft_id=draft.pk, user_id=team.dora, now=NOW)
        assert not models.Version.objects.exists(), name
    assert db.fetch_one("SELECT COUNT(*) FROM offers_market") == (0,)
