"""Whatever is sent twice, by a second tap or a slow line, is taken in once; other words are something else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from onloan import clock, ids
from onloan.cases.actions import OpenedCase, open_case
from onloan.cases.desk import add_note
from onloan.cases.feedback import send_feedback
from onloan.cases.feedback_models import Feedback
from onloan.cases.feedback_rules import FeedbackDoor
from onloan.cases.following import add_message
from onloan.cases.intake import take_in
from onloan.cases.letters import CameBy, Written, confirm_by_letter, write_down
from onloan.cases.models import Case, Erasure, Sighting
from onloan.cases.once import SAID_AGAIN_WITHIN
from onloan.cases.rates import CASES_PER_DAY_MAX
from onloan.cases.rules import Door, ErasureWay, EventKind, Kind
from onloan.cases.sighting_queries import SightingReport
from onloan.cases.sightings import report_sighting
from onloan.cases.timeline import list_events
from onloan.offers.queries import find_market
from onloan.outbox.models import Message
from tests.joining.support import OpenMarket, add_participant, open_market
from tests.support.at_once import at_once

TODAY = clock.local_day(clock.now(), "Europe/Paris")
Send = Callable[[UUID], object]


def ask_publicly(key: UUID | None, text: str = "It is late.", email: str = "ana@example.org") -> OpenedCase:
    return take_in(
        kind=Kind.COMPLAINT, country="FR", language="fr", email=email, text=text, case_id=key, now=clock.now()
    )


def take_letter(market: OpenMarket, key: UUID, text: str = "Send me all of it.") -> OpenedCase:
    written = Written(
        kind=Kind.ACCESS, text=text, country="FR", language="fr", received_on=TODAY, came_by=CameBy.LETTER,
        postal_address="3 rue des Lilas\n75020 Paris",
    )  # fmt: skip
    return write_down(user_id=market.team.dora, written=written, case_id=key, now=clock.now())


def remark(market: OpenMarket, key: UUID, text: str = "Why a photo?") -> UUID:
    return send_feedback(
        offer_slug=market.offer.slug, country=market.country, version_number=1, topic="asked", text=text,
        door=FeedbackDoor.OFFER_PAGE, language="en", feedback_id=key, now=clock.now(),
    )  # fmt: skip


def both_at_once(send: Send) -> list[object]:
    """What two taps on one button got."""
    key = ids.new_id()
    return [*at_once(2, lambda: send(key))]


def test_two_taps_at_once_are_one(both_databases: str) -> None:
    market = open_market()
    ana = add_participant(market).participant_id
    sends: list[Send] = [
        ask_publicly,
        lambda key: take_letter(market, key),
        lambda key: open_case(
            case_id=key, kind=Kind.COMPLAINT, country="FR", language="fr", door=Door.MY_PAGE, text="It is late.",
            participant_id=ana, now=clock.now(),
        ),
    ]  # fmt: skip
    for count, send in enumerate(sends, start=1):
        first, second = sorted(both_at_once(send), key=lambda opened: getattr(opened, "is_resent", False))
        assert isinstance(first, OpenedCase) and isinstance(second, OpenedCase)
        assert (first.is_resent, second.is_resent) == (False, True)
        said = [(each.case_id, each.reference, each.legal_due_on, each.code_id) for each in (first, second)]
        assert said[0] == said[1] and Case.objects.count() == count
        assert len([event for event in list_events(first.case_id) if event.kind is EventKind.RECEIVED]) == 1
    assert Message.objects.filter(template="case_acknowledged").count() == 2
    assert len(set(both_at_once(lambda key: remark(market, key)))) == 1 and Feedback.objects.count() == 1


def test_other_words_from_a_page_one_went_back_to_are_something_else(sqlite_database: str) -> None:
    market, key = open_market(), ids.new_id()
    first = ask_publicly(key)
    for other in (ask_publicly(key, text="It is wrong, too."), ask_publicly(key, email="ben@example.org")):
        assert other.case_id != first.case_id and not other.is_resent
    letter = take_letter(market, ids.new_id())
    assert take_letter(market, letter.case_id, "And how long you keep it.").case_id != letter.case_id
    again = remark(market, ids.new_id())
    assert remark(market, again, "And why my name?") != again
    assert (Case.objects.count(), Feedback.objects.count()) == (5, 2)


def test_without_a_key_each_is_one_of_its_own(sqlite_database: str) -> None:
    open_market()
    assert ask_publicly(None).case_id != ask_publicly(None).case_id


def test_the_last_one_of_a_day_may_be_sent_twice(sqlite_database: str) -> None:
    open_market()
    keys = [ids.new_id() for _ in range(CASES_PER_DAY_MAX)]
    sent = [ask_publicly(key) for key in keys]
    assert ask_publicly(keys[-1]).reference == sent[-1].reference


def test_what_was_seen_is_reported_once(sqlite_database: str) -> None:
    market, key = open_market(), ids.new_id()
    ana = add_participant(market).participant_id
    report = SightingReport(
        item="username", channel="", seen_on=TODAY, address="https://elsewhere.example/", words="There.",
        picture=None,
    )  # fmt: skip
    one, two = (
        report_sighting(
            report=report, offer_id=find_market(market.offer.slug, "FR").offer_id, country="FR", language="fr",
            participant_id=ana, case_id=key, now=clock.now(),
        )
        for _ in range(2)
    )  # fmt: skip
    assert one.id == two.id and (Case.objects.count(), Sighting.objects.count()) == (1, 1)


def test_a_second_tap_on_erase_sends_no_second_mail(sqlite_database: str) -> None:
    ana, key = add_participant(open_market()).participant_id, ids.new_id()
    for _ in range(2):
        opened = open_case(
            case_id=key, kind=Kind.ERASURE, country="FR", language="fr", door=Door.MY_PAGE, text="",
            participant_id=ana, way=ErasureWay.PAID_FIRST, now=clock.now(),
        )  # fmt: skip
    assert opened.is_resent and Erasure.objects.count() == 1
    mails = Message.objects.filter(template__startswith="case_").values_list("template", flat=True)
    assert sorted(mails) == ["case_acknowledged", "case_erasure_begun"]


def test_what_is_added_or_told_twice_is_said_once(sqlite_database: str) -> None:
    market = open_market()
    opened, now = ask_publicly(ids.new_id()), clock.now()
    said = {"case_id": opened.case_id, "user_id": market.team.dora}
    for _ in range(2):
        add_message(case_id=opened.case_id, text="It was in May.", now=now)
        add_note(**said, text="We asked the shop.", is_shown=True, now=now)
        add_note(**said, text="Ask Lyon.", is_shown=False, now=now)
    kinds = [EventKind.MESSAGE_FROM_PERSON, EventKind.MESSAGE_TO_PERSON, EventKind.NOTE]
    assert [event.kind for event in list_events(opened.case_id)][1:] == kinds
    assert Message.objects.filter(template="case_progress").count() == 1
    add_note(**said, text="We asked the shop.", is_shown=True, now=now + SAID_AGAIN_WITHIN)
    assert Message.objects.filter(template="case_progress").count() == 2


def test_a_letter_is_said_to_have_gone_once(sqlite_database: str) -> None:
    market = open_market()
    letter = take_letter(market, ids.new_id())
    for after in (timedelta(0), timedelta(seconds=1)):
        confirm_by_letter(case_id=letter.case_id, user_id=market.team.dora, now=clock.now() + after)
    told = [event for event in list_events(letter.case_id) if event.kind is EventKind.MESSAGE_TO_PERSON]
    assert len(told) == 1


@pytest.mark.parametrize("text", ["", "no key", "0190f5a0-0000-4000-8000-000000000001"])
def test_only_a_key_that_a_form_gave_is_one(text: str) -> None:
    assert ids.read_id(text) is None
    assert ids.read_id(str(ids.new_id())) is not None
