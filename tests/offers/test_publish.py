"""From a file to a version: two people, one file, the linter at each step."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import DatabaseError, connection, transaction

from onloan import db, ids
from onloan.access.models import User
from onloan.errors import NotAllowed, NotFound
from onloan.evidence.models import QueuedEntry
from onloan.offers import errors, models
from onloan.offers.actions import approve_draft, publish_draft, sign_off, submit_draft
from onloan.offers.queries import (
    find_draft,
    find_file_text,
    find_market,
    find_version,
    find_version_number,
    list_changes,
    list_drafts,
    list_markets,
    list_versions,
)
from onloan.offers.rules import hash_file
from onloan.offers.switch import suspend_market
from onloan.offers.texts import (
    notice_hash,
    published_notice,
    published_terms,
    render_all,
    render_notice,
    render_terms,
)
from tests.support.offers import (
    BEFORE_OPENING,
    WHILE_OPEN,
    Team,
    make_team,
    open_spring,
    publish_file,
    spring_offer,
    spring_text,
)

NOW = BEFORE_OPENING
NEXT_TITLE = spring_text().replace("The spring pot", "The second spring pot")
# An offer that runs without a closing day needs somebody to answer for it.
HELD = spring_text().replace(
    "FR: {opens: 2026-11-01, closes: 2027-01-15,", "FR: {opens: 2026-11-01, closes: open_ended, notice_days: 30,"
)


def submit(team: Team, text: str = spring_text()) -> uuid.UUID:
    return submit_draft(text=text, author_id=team.greg, now=NOW)


def approve(team: Team, draft_id: uuid.UUID) -> None:
    approve_draft(draft_id=draft_id, user_id=team.dora, note="Read and fine.", door="console", now=NOW)


def test_the_builder_equals_the_shipped_file(both_databases: str) -> None:
    assert publish_file(make_team(), spring_text()).offer == spring_offer()


def test_it_publishes_what_two_people_approved(both_databases: str) -> None:
    team = make_team()
    version = publish_file(team, spring_text())

    assert (version.offer_slug, version.number) == ("spring-pot", 1)
    assert version.file_hash == hash_file(spring_text())
    assert find_file_text(version.id) == spring_text()
    assert [(market.country, market.state) for market in list_markets()] == [("FR", "draft"), ("GB", "draft")]
    draft = list_drafts()[0]
    assert [line.name for line in draft.approvals] == ["Greg", "Dora"]
    assert (draft.version_number, draft.is_approved()) == (1, True)
    bodies = [bytes(entry.body).decode() for entry in QueuedEntry.objects.all()]
    assert sum('"kind":"offer_published"' in body and version.file_hash in body for body in bodies) == 1


def test_it_keeps_nothing_of_a_file_that_a_rule_refuses(both_databases: str) -> None:
    team = make_team()
    refused = spring_text().replace("term_days: 180", "term: forever")
    with pytest.raises(errors.OfferRefused) as caught:
        submit(team, refused)
    assert "E-TERM" in str(caught.value)
    assert list_drafts() == []


def test_it_keeps_nothing_of_a_file_that_cannot_be_read(both_databases: str) -> None:
    team = make_team()
    with pytest.raises(errors.OfferUnreadable):
        submit(team, "onloan: [1")
    assert list_drafts() == []


def test_it_refuses_a_second_approval_by_the_author(both_databases: str) -> None:
    team = make_team()
    draft_id = submit(team)
    with pytest.raises(errors.FourEyes):
        approve_draft(draft_id=draft_id, user_id=team.greg, note="I like it a lot.", door="console", now=NOW)
    with pytest.raises(errors.FourEyes):
        publish_draft(draft_id=draft_id, user_id=team.greg, now=NOW)
    assert list_versions("spring-pot") == []


def test_it_refuses_people_whose_role_does_not_allow_it(both_databases: str) -> None:
    team = make_team()
    with pytest.raises(NotAllowed):
        submit_draft(text=spring_text(), author_id=team.fay, now=NOW)
    draft_id = submit(team)
    with pytest.raises(NotAllowed):
        approve_draft(draft_id=draft_id, user_id=team.fay, note="Read and fine.", door="console", now=NOW)
    approve(team, draft_id)
    with pytest.raises(NotAllowed):
        publish_draft(draft_id=draft_id, user_id=team.fay, now=NOW)


def test_it_refuses_when_the_approver_has_left(both_databases: str) -> None:
    team = make_team()
    draft_id = submit(team)
    approve(team, draft_id)
    User.objects.filter(pk=team.dora).update(is_active=False)
    with pytest.raises(errors.FourEyes):
        publish_draft(draft_id=draft_id, user_id=team.greg, now=NOW)


def test_it_counts_each_approval_once(both_databases: str) -> None:
    team = make_team()
    draft_id = submit(team)
    approve(team, draft_id)
    with pytest.raises(errors.AlreadyApproved):
        approve(team, draft_id)
    assert len(find_draft(draft_id).approvals) == 2


def test_it_asks_for_a_note_of_some_length(both_databases: str) -> None:
    team = make_team()
    draft_id = submit(team)
    for note in ("", "ok", "x" * 1001, "a note with a bell \x07"):
        with pytest.raises(errors.NoteNeeded):
            approve_draft(draft_id=draft_id, user_id=team.dora, note=note, door="console", now=NOW)


def test_it_waits_for_a_sign_off_of_each_point_that_holds_the_file_up(both_databases: str) -> None:
    team = make_team()
    draft_id = submit(team, HELD)
    codes = find_draft(draft_id).unsigned_codes()
    assert codes
    with pytest.raises(errors.HoldUnsigned) as caught:
        approve(team, draft_id)
    assert codes[0] in str(caught.value)
    with pytest.raises(errors.FourEyes):
        sign_off(draft_id=draft_id, user_id=team.greg, code=codes[0], note="I wrote it so.", now=NOW)
    with pytest.raises(errors.HoldUnknown):
        sign_off(draft_id=draft_id, user_id=team.dora, code="E-OTHER", note="This may pass.", now=NOW)
    for code in codes:
        sign_off(draft_id=draft_id, user_id=team.dora, code=code, note="This may pass.", now=NOW)
    with pytest.raises(errors.HoldSigned):
        sign_off(draft_id=draft_id, user_id=team.dora, code=codes[0], note="This may pass.", now=NOW)
    approve(team, draft_id)
    publish_draft(draft_id=draft_id, user_id=team.dora, now=NOW)
    signed = find_draft(draft_id).sign_offs
    assert [(line.name, line.note) for line in signed] == [("Dora", "This may pass.")] * len(codes)


def test_it_asks_again_at_publishing_for_what_holds_the_file_up(both_databases: str) -> None:
    """A rule can be added between approval and publishing; here the approvals came by another way."""
    team = make_team()
    draft = models.Draft.objects.create(
        id=ids.new_id(), slug="spring-pot", file_text=HELD, file_hash=hash_file(HELD), author_id=team.greg,
        created_at=NOW, report={"findings": []},
    )  # fmt: skip
    for user_id, role in ((team.greg, "growth"), (team.dora, "dpo")):
        models.Approval.objects.create(
            id=ids.new_id(), draft=draft, user_id=user_id, role=role, file_hash=draft.file_hash,
            note="Read and fine.", door="console", approved_at=NOW,
        )  # fmt: skip
    with pytest.raises(errors.HoldUnsigned):
        publish_draft(draft_id=draft.pk, user_id=team.dora, now=NOW)
    assert list_versions("spring-pot") == []


def test_it_publishes_a_file_once(both_databases: str) -> None:
    team = make_team()
    publish_file(team, spring_text())
    with pytest.raises(errors.AlreadyPublished):
        publish_file(team, spring_text())
    assert len(list_versions("spring-pot")) == 1


def test_it_keeps_each_version_at_its_address(both_databases: str) -> None:
    team = make_team()
    first = publish_file(team, spring_text())
    second = publish_file(team, NEXT_TITLE)
    assert [line.number for line in list_versions("spring-pot")] == [2, 1]
    assert find_version_number("spring-pot", 1) == first
    assert published_terms(first, "GB", "en").title == "Terms: The spring pot"
    assert published_terms(second, "GB", "en").title == "Terms: The second spring pot"
    for version in (first, second):
        kept = published_notice(version, "FR", "fr")
        assert kept.section("edition").paragraphs[0].count(str(version.number)) >= 1
    with pytest.raises(NotFound):
        find_version_number("spring-pot", 3)
    with pytest.raises(NotFound):
        published_terms(first, "DE", "en")


def test_it_keeps_the_texts_as_they_were_rendered(both_databases: str) -> None:
    version = publish_file(make_team(), spring_text())
    for country in ("FR", "GB"):
        for language in ("en", "fr"):
            assert published_terms(version, country, language) == render_terms(version.offer, country, language)
            kept, fresh = (
                published_notice(version, country, language),
                render_notice(version.offer, country, language),
            )
            assert kept.sections[:-1] == fresh.sections[:-1]
    hashes = {notice_hash(version, country, language) for country in ("FR", "GB") for language in ("en", "fr")}
    assert all(len(value) == 64 for value in hashes)
    assert len(hashes) == 4


def test_it_moves_running_markets_to_the_new_version(both_databases: str) -> None:
    team = make_team()
    open_spring(team)
    second = publish_file(team, NEXT_TITLE, WHILE_OPEN)
    market = find_market("spring-pot", "FR")
    assert (market.state, market.version_id, market.version_number) == ("open", second.id, 2)
    assert [line.version_number for line in list_changes(market.id)] == [2, 1, 1]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda text: text.replace("2027-01-15", "2027-01-16"), errors.DatesMoved),
        (lambda text: text.replace("opens: 2026-11-01", "opens: 2026-11-02"), errors.DatesMoved),
        (lambda text: "\n".join(line for line in text.split("\n") if not line.startswith("  FR: {opens"))
         .replace("FR: 10.00 EUR, ", "").replace("FR: 14.00 EUR, ", "").replace("FR: 4.00 EUR, ", "")
         .replace("[FR, GB]", "[GB]"), errors.MarketDropped),
    ],
)  # fmt: skip
def test_it_keeps_what_a_running_market_promised(
    both_databases: str, change: Callable[[str], str], error: type[Exception]
) -> None:
    team = make_team()
    open_spring(team)
    with pytest.raises(error):
        publish_file(team, change(spring_text()), WHILE_OPEN)
    assert len(list_versions("spring-pot")) == 1
    assert find_market("spring-pot", "FR").version_number == 1


def test_it_moves_dates_of_a_market_that_never_opened(both_databases: str) -> None:
    team = make_team()
    publish_file(team, spring_text())
    publish_file(team, spring_text().replace("2027-01-15", "2027-01-16"))
    assert find_market("spring-pot", "FR").closes_at.isoformat() == "2027-01-16T23:00:00+00:00"


def test_it_leaves_no_version_when_the_notice_has_a_gap(both_databases: str) -> None:
    """The linter refuses such a file too; the check at publishing does not lean on it."""
    offer = spring_offer()
    with pytest.raises(errors.NoticeIncomplete) as caught:
        render_all(replace(offer, controller=replace(offer.controller, address=" ")))
    assert "controller.address" in str(caught.value)
    with pytest.raises(errors.NoticeIncomplete) as caught:
        render_all(replace(offer, representatives=()))
    assert "representative.name" in str(caught.value)
    assert "GB" in str(caught.value)


IMMUTABLE = [models.Draft, models.Approval, models.SignOff, models.Version, models.MarketChange]


@pytest.mark.parametrize("model", IMMUTABLE, ids=lambda model: model.__name__)
def test_the_database_changes_nothing_that_was_published(both_databases: str, model: type[db.UUIDModel]) -> None:
    team = make_team()
    publish_file(team, HELD)
    row = model.objects.first()  # type: ignore[attr-defined]
    assert row is not None
    table, key = model._meta.db_table, db.uuid_value(row.pk)
    column = "note" if hasattr(row, "note") else "reason" if hasattr(row, "reason") else "file_hash"
    for sql in (f"UPDATE {table} SET {column} = 'other' WHERE id = %s", f"DELETE FROM {table} WHERE id = %s"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [key])


def test_the_database_takes_no_version_of_one_person(both_databases: str) -> None:
    team = make_team()
    draft_id = submit(team)
    offer = models.Offer.objects.create(id=ids.new_id(), slug="spring-pot", created_at=NOW)

    def insert(file_hash: str) -> None:
        models.Version.objects.create(
            id=ids.new_id(), offer=offer, draft_id=draft_id, number=1, file_hash=file_hash,
            file_text=spring_text(), document={}, texts={}, published_at=NOW, published_by_user_id=team.dora,
        )  # fmt: skip

    with pytest.raises(DatabaseError), transaction.atomic():
        insert(hash_file(spring_text()))
    approve(team, draft_id)
    with pytest.raises(DatabaseError), transaction.atomic():
        insert("0" * 64)
    with transaction.atomic():
        insert(hash_file(spring_text()))


def test_a_suspended_market_stays_suspended_under_a_new_version(both_databases: str) -> None:
    team = make_team()
    open_spring(team)
    suspend_market(
        offer_slug="spring-pot", country="FR", reason="We look at it again.", user_id=team.dora, now=WHILE_OPEN
    )
    publish_file(team, NEXT_TITLE, WHILE_OPEN)
    assert find_market("spring-pot", "FR").state == "suspended"


def test_versions_published_at_once_follow_one_another(both_databases: str) -> None:
    team = make_team()
    drafts = [submit(team, spring_text().replace("The spring pot", f"Spring pot {n}")) for n in range(4)]
    for draft_id in drafts:
        approve(team, draft_id)
    failures: list[BaseException] = []
    start = threading.Barrier(len(drafts))

    def publish(draft_id: uuid.UUID) -> None:
        try:
            start.wait()
            publish_draft(draft_id=draft_id, user_id=team.dora, now=NOW)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=publish, args=(draft_id,)) for draft_id in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    lines = list_versions("spring-pot")
    assert [line.number for line in lines] == [4, 3, 2, 1]
    assert {market.version_id for market in list_markets()} == {lines[0].id}


def test_it_reads_a_version_once(both_databases: str) -> None:
    version = publish_file(make_team(), spring_text())
    assert find_version(version.id) is find_version(version.id)
    with pytest.raises(NotFound):
        find_version(ids.new_id())
