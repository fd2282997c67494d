"""What the team does with a case: nothing gets lost, nothing goes out incomplete, no day passes unnoticed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from onloan import ids
from onloan.cases import clocks, desk, watching
from onloan.cases.actions import close_case, open_case
from onloan.cases.answers import Asked, Ground, Parts, list_outcomes
from onloan.cases.clocks import IDENTITY_ANSWERED_WITHIN_DAYS, Pause
from onloan.cases.erasing import choose_way
from onloan.cases.erasure_steps import finish_erasures
from onloan.cases.errors import (
    AnsweredDay,
    AnswerIncomplete,
    AnswerUnfit,
    AnswerWords,
    CaseClosed,
    CaseNotIdentified,
    ErasureGround,
    ExtensionRefused,
    IdentityCopy,
    IdentityUnasked,
    NoticesOpen,
    ObjectionStands,
    PauseRefused,
    TextNotValid,
    WithdrawalStands,
)
from onloan.cases.following import add_message
from onloan.cases.identifying import identify_case
from onloan.cases.models import Case, CaseEvent, CasePause, Erasure
from onloan.cases.queries import count_complaints, find_case
from onloan.cases.queue_queries import Tab, count_late, read_queue
from onloan.cases.rules import About, Door, ErasureWay, EventKind, Kind, Outcome
from onloan.cases.timeline import list_events
from onloan.cases.watching import watch_cases, watch_waiting
from onloan.errors import BadInput, NotAllowed
from onloan.outbox.models import Message
from onloan.uses.models import Takedown
from tests.joining.support import OpenMarket, add_participant, open_market

NOW = datetime(2027, 1, 31, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=3)
REASONS = "Three systems have to be searched, and one is being repaired."
DONE = Parts(done="We sent you a copy of everything we keep about you.")
NO = Parts(
    done="We looked for everything that you asked about.", reasons="It concerns somebody else's photo, too."
)


@pytest.fixture
def market(sqlite_database: str) -> OpenMarket:
    return open_market()


def ask(kind: Kind = Kind.ACCESS, country: str = "FR", participant_id: UUID | None = None) -> UUID:
    return open_case(
        kind=kind,
        country=country,
        language="en",
        door=Door.PUBLIC_PAGE if participant_id is None else Door.MY_PAGE,
        text="It is about my photo.",
        contact=None if participant_id else "chloe@example.org",
        participant_id=participant_id,
        now=NOW,
    ).case_id


def mails(template: str) -> int:
    return Message.objects.filter(template=template).count()


def test_more_time_is_told_once_with_reasons(market: OpenMarket) -> None:
    case_id, dora = ask(), market.team.dora
    with pytest.raises(ExtensionRefused):
        desk.extend_case(case_id=case_id, user_id=dora, reasons="busy", now=NOW)
    due = desk.extend_case(case_id=case_id, user_id=dora, reasons=REASONS, now=NOW)
    assert due.legal == date(2027, 4, 30) == find_case(case_id).line.legal_due_on
    with pytest.raises(ExtensionRefused):
        desk.extend_case(case_id=case_id, user_id=dora, reasons=REASONS, now=NOW)
    assert mails("case_extended") == 1
    late = ask()
    with pytest.raises(ExtensionRefused):
        desk.extend_case(case_id=late, user_id=dora, reasons=REASONS, now=NOW + timedelta(days=30))
    with pytest.raises(NotAllowed):
        desk.extend_case(case_id=late, user_id=market.team.greg, reasons=REASONS, now=NOW)


def test_a_question_stops_the_clock_with_a_stored_reason(market: OpenMarket) -> None:
    case_id, dora = ask(country="GB"), market.team.dora
    asked = {
        "case_id": case_id,
        "user_id": dora,
        "pause": Pause.IDENTITY,
        "question": "Which address did you use?",
    }
    with pytest.raises(PauseRefused):
        desk.pause_case(**asked, reason="", now=NOW)
    desk.pause_case(**asked, reason="Two people of this name wrote from one address.", now=NOW)
    with pytest.raises(PauseRefused):
        desk.pause_case(**asked, reason="Two people of this name wrote from one address.", now=NOW)
    assert b"Two people" not in bytes(CasePause.objects.get().sealed_reason)
    assert watch_cases(now=NOW + timedelta(days=60)) == 0
    desk.resume_case(case_id=case_id, user_id=dora, now=NOW + timedelta(days=9))
    assert find_case(case_id).line.legal_due_on == date(2027, 3, 9)
    assert watch_cases(now=NOW + timedelta(days=60)) == 1
    with pytest.raises(PauseRefused):
        desk.resume_case(case_id=case_id, user_id=dora, now=NOW)
    french = ask()
    meaning = {
        "case_id": french,
        "user_id": dora,
        "pause": Pause.CLARIFICATION,
        "question": "Which photo is meant?",
    }
    with pytest.raises(PauseRefused):
        desk.pause_case(**meaning, reason="The text names two photos of theirs.", now=NOW)


def ask_who(case_id: UUID, dora: UUID, now: datetime) -> None:
    desk.pause_case(
        case_id=case_id, user_id=dora, pause=Pause.IDENTITY, question="Which address did you use?",
        reason="Two people of this name wrote from one address.", now=now,
    )  # fmt: skip


def test_the_law_counts_from_the_reply_and_not_from_the_click(both_databases: str) -> None:
    dora = open_market().team.dora
    british, french = ask(country="GB"), ask(country="FR")
    for case_id in (british, french):
        ask_who(case_id, dora, NOW)
        add_message(case_id=case_id, text="I wrote from another address then.", now=NOW + timedelta(days=32))
        add_message(case_id=case_id, text="Did you read it?", now=NOW + timedelta(days=40))
        desk.resume_case(case_id=case_id, user_id=dora, now=NOW + timedelta(days=52))
    # 31 January and 32 days: they answered on 4 March, and the team looked on 24 March.
    assert find_case(british).line.clock_from == date(2027, 3, 4)
    assert find_case(british).line.legal_due_on == date(2027, 4, 5), "4 April is a Sunday"
    assert find_case(french).line.clock_from == date(2027, 3, 4), "32 days were waited for"
    answered = CasePause.objects.values_list("answered_at", flat=True).distinct()
    assert list(answered) == [NOW + timedelta(days=32)]


def test_a_reply_that_nobody_read_is_late_in_time_and_shouted_about(both_databases: str) -> None:
    case_id, dora = ask(country="GB"), open_market().team.dora
    ask_who(case_id, dora, NOW)
    late = NOW + timedelta(days=70)
    assert (count_late(late), watch_cases(now=late), watch_waiting(now=late)) == (0, 0, 1), "it stands still"
    add_message(case_id=case_id, text="I wrote from another address then.", now=NOW + timedelta(days=32))
    line = find_case(case_id).line
    assert line.legal_due_on == date(2027, 4, 5) and find_case(case_id).waits_for is Pause.IDENTITY
    assert (count_late(late), watch_cases(now=late), watch_waiting(now=late)) == (1, 1, 0)
    [row] = read_queue(tab=Tab.LATE, now=late).rows
    assert row.case.id == case_id and row.is_late and not row.is_waiting
    desk.remind_person(case_id=case_id, user_id=dora, now=late)
    assert count_late(late) == 0, "asked again, it stands still again"


def test_whoever_knows_the_day_of_the_answer_says_it(market: OpenMarket) -> None:
    case_id, dora = ask(country="GB"), market.team.dora
    ask_who(case_id, dora, NOW)
    later = NOW + timedelta(days=52)
    for day in (NOW.date() - timedelta(days=1), later.date() + timedelta(days=1)):
        with pytest.raises(AnsweredDay):
            desk.resume_case(case_id=case_id, user_id=dora, answered_on=day, now=later)
    assert find_case(case_id).waits_for is Pause.IDENTITY
    desk.resume_case(case_id=case_id, user_id=dora, answered_on=date(2027, 3, 4), now=later)
    assert find_case(case_id).line.clock_from == date(2027, 3, 4)
    assert CasePause.objects.get().answered_at == datetime(2027, 3, 4, tzinfo=UTC)
    other = ask(country="GB")
    ask_who(other, dora, NOW)
    desk.resume_case(case_id=other, user_id=dora, answered_on=NOW.date(), now=later)
    assert CasePause.objects.get(case_id=other).answered_at == NOW, "not before it was asked"


def test_a_colleague_who_knows_the_person_counts_from_their_reply_too(market: OpenMarket) -> None:
    ana, case_id = add_participant(market), ask(country="GB")
    ask_who(case_id, market.team.dora, NOW)
    add_message(case_id=case_id, text="I am Ana, of the spring pot.", now=NOW + timedelta(days=32))
    identify_case(
        case_id=case_id, user_id=market.team.dora, typed=ana.public_id, how="They named two friends.",
        is_mandate_seen=False, now=NOW + timedelta(days=52),
    )  # fmt: skip
    assert find_case(case_id).line.clock_from == date(2027, 3, 4)


def test_somebody_who_does_not_answer_is_reminded_or_left_alone(market: OpenMarket) -> None:
    case_id, dora = ask(), market.team.dora
    for act in (desk.remind_person, desk.go_on_unanswered):
        with pytest.raises(PauseRefused):
            act(case_id=case_id, user_id=dora, now=NOW)
    ask_who(case_id, dora, NOW)
    for _ in range(2):
        desk.remind_person(case_id=case_id, user_id=dora, now=NOW + timedelta(days=12))
    assert mails("case_reminder") == 1
    told = [event.text for event in list_events(case_id, only_shown=True)][-1]
    assert "On 31 January 2027 we asked you" in told and told.endswith("Which address did you use?")
    assert find_case(case_id).waits_for is Pause.IDENTITY
    desk.go_on_unanswered(case_id=case_id, user_id=dora, now=NOW + timedelta(days=20))
    assert find_case(case_id).waits_for is None
    assert find_case(case_id).line.clock_from == date(2027, 2, 20)
    assert not list_events(case_id)[-1].is_shown
    other = ask()
    ask_who(other, dora, NOW)
    add_message(case_id=other, text="Why do you ask?", now=NOW + timedelta(days=5))
    desk.go_on_unanswered(case_id=other, user_id=dora, now=NOW + timedelta(days=20))
    assert find_case(other).line.clock_from == date(2027, 2, 5), "their word counts, whatever it was"


@pytest.mark.parametrize(
    ("kind", "outcome", "parts", "missing"),
    [
        (Kind.ACCESS, Outcome.DONE, Parts(done="Done."), "what was done"),
        (Kind.ACCESS, Outcome.REFUSED, DONE, "the reasons"),
        (Kind.ACCESS, Outcome.PARTLY_DONE, DONE, "the reasons"),
        (
            Kind.ERASURE,
            Outcome.PARTLY_DONE,
            Parts(done=NO.done, reasons=NO.reasons, ground=Ground.LEGAL_CLAIMS, law="C. civ. 2224"),
            "the day on which it goes",
        ),
        (
            Kind.ERASURE,
            Outcome.REFUSED,
            replace(NO, ground=Ground.LEGAL_CLAIMS, law="C. civ. 2224", kept_until=date(2027, 1, 31)),
            "a day to come",
        ),
    ],
)
def test_no_answer_goes_out_without_its_parts(
    market: OpenMarket, kind: Kind, outcome: Outcome, parts: Parts, missing: str
) -> None:
    case_id = ask(kind, participant_id=add_participant(market).participant_id)
    with pytest.raises(AnswerIncomplete) as refused:
        desk.answer_case(case_id=case_id, user_id=market.team.dora, outcome=outcome, parts=parts, now=NOW)
    assert missing in str(refused.value)
    assert Case.objects.get().state == "open" and mails("case_answered") == 0


@pytest.mark.parametrize(
    "done",
    [
        "We will pay you ten euros if you withdraw your complaint.",
        "Nous versons dix euros si vous retirez votre plainte.",
        "You must contact us first before you complain to anybody else.",
    ],
)
def test_no_answer_buys_off_a_right_or_bars_the_way(market: OpenMarket, done: str) -> None:
    case_id = ask(Kind.COMPLAINT)
    with pytest.raises(AnswerWords):
        desk.answer_case(
            case_id=case_id, user_id=market.team.dora, outcome=Outcome.DONE, parts=Parts(done=done), now=NOW
        )


def test_a_refused_erasure_rests_on_a_ground_of_the_closed_list(market: OpenMarket) -> None:
    case_id = ask(Kind.ERASURE, participant_id=add_participant(market).participant_id)
    for outcome in (Outcome.REFUSED, Outcome.PARTLY_DONE):
        with pytest.raises(ErasureGround) as refused:
            desk.compose_answer(case_id=case_id, outcome=outcome, parts=NO, now=NOW)
        assert (refused.value.code, refused.value.status) == ("E-ERASE-GROUND", 422)
    assert desk.compose_answer(case_id=case_id, outcome=Outcome.DONE, parts=DONE, now=NOW)


def test_nobody_is_sent_away_as_unknown_who_was_not_asked(market: OpenMarket) -> None:
    """And had no time to answer, or did answer; who is known is answered."""
    unknown = replace(NO, ground=Ground.NOT_IDENTIFIABLE)
    case_id, dora = ask(Kind.ERASURE), market.team.dora
    wait = timedelta(days=IDENTITY_ANSWERED_WITHIN_DAYS)

    def is_refused(now: datetime, of: UUID = case_id) -> bool:
        try:
            desk.compose_answer(case_id=of, outcome=Outcome.REFUSED, parts=unknown, now=now)
        except IdentityUnasked as error:
            assert (error.code, error.field) == ("E-IDENTITY-UNASKED", "ground")
            return True
        return False

    assert is_refused(NOW + wait)
    question = "In which month did you join, and whom did you invite?"
    desk.pause_case(
        case_id=case_id, user_id=dora, pause=Pause.IDENTITY, question=question, reason=question, now=NOW
    )
    assert is_refused(NOW + wait - timedelta(hours=1)) and not is_refused(NOW + wait)
    known = ask(Kind.ERASURE, participant_id=add_participant(market).participant_id)
    assert is_refused(NOW + wait, known)
    with pytest.raises(ErasureGround):
        desk.compose_answer(case_id=known, outcome=Outcome.PARTLY_DONE, parts=unknown, now=NOW + wait)
    desk.answer_case(case_id=case_id, user_id=dora, outcome=Outcome.REFUSED, parts=unknown, now=NOW + wait)
    answer = find_case(case_id).answer
    assert "could not find it out (GDPR, article 12(2))" in answer and "CNIL" in answer
    assert "What stays" not in answer

    answered = ask(Kind.ERASURE)
    desk.pause_case(
        case_id=answered, user_id=dora, pause=Pause.IDENTITY, question=question, reason=question, now=NOW
    )
    desk.resume_case(case_id=answered, user_id=dora, now=NOW + timedelta(days=2))
    assert is_refused(NOW + wait, answered)


def test_an_unfounded_erasure_is_refused_with_the_proof_and_stopped(market: OpenMarket) -> None:
    """The proof is kept for whoever asks for it later, and not sent."""
    ana, dora = add_participant(market).participant_id, market.team.dora
    case_id = ask(Kind.ERASURE, participant_id=ana)
    proof = "Forty requests in two days, each stopped within a minute, from one script."
    for written in ("", "They ask too often."):
        with pytest.raises(AnswerIncomplete) as refused:
            desk.answer_case(
                case_id=case_id, user_id=dora, outcome=Outcome.REFUSED, now=NOW,
                parts=replace(NO, ground=Ground.UNFOUNDED, proof=written),
            )  # fmt: skip
        assert refused.value.field == "proof"
    parts = replace(NO, ground=Ground.UNFOUNDED, proof=proof, law="L123-22", kept_until=date(2040, 1, 1))
    with pytest.raises(ErasureGround):
        desk.compose_answer(case_id=case_id, outcome=Outcome.PARTLY_DONE, parts=parts, now=NOW)
    desk.answer_case(case_id=case_id, user_id=dora, outcome=Outcome.REFUSED, parts=parts, now=NOW)
    answer = find_case(case_id).answer
    assert "manifestly unfounded or excessive (GDPR, article 12(5))" in answer
    assert proof not in answer and "L123-22" not in answer
    notes = [event for event in list_events(case_id) if event.kind is EventKind.NOTE]
    assert [(note.text, note.is_shown) for note in notes] == [(proof, False)]
    assert not Erasure.objects.exists()


def test_a_permission_that_is_taken_back_is_not_refused(market: OpenMarket) -> None:
    case_id, dora = ask(Kind.WITHDRAWAL), market.team.dora
    for outcome in (Outcome.REFUSED, Outcome.PARTLY_DONE):
        with pytest.raises(WithdrawalStands) as refused:
            desk.answer_case(case_id=case_id, user_id=dora, outcome=outcome, parts=NO, now=NOW)
        assert (refused.value.code, refused.value.field) == ("E-WITHDRAWAL-STANDS", "outcome")
        with pytest.raises(WithdrawalStands):
            close_case(case_id=case_id, user_id=dora, outcome=outcome, now=NOW)
    assert Case.objects.get().state == "open" and mails("case_answered") == 0


def test_an_answer_does_not_contradict_itself(market: OpenMarket) -> None:
    case_id = ask(Kind.ERASURE, participant_id=add_participant(market).participant_id)
    stays = replace(NO, ground=Ground.LEGAL_OBLIGATION, law="L123-22", kept_until=date(2020, 1, 1))
    with pytest.raises(AnswerUnfit) as refused:
        desk.answer_case(case_id=case_id, user_id=market.team.dora, outcome=Outcome.DONE, parts=stays, now=NOW)
    assert (refused.value.code, refused.value.field) == ("E-ANSWER-UNFIT", "reasons")
    text = desk.compose_answer(case_id=case_id, outcome=Outcome.DONE, parts=replace(stays, reasons=" "), now=NOW)
    assert "L123-22" not in text and "2020" not in text and "Why not more" not in text


def test_nobody_known_means_that_nothing_was_done_and_that_nothing_is_held(market: OpenMarket) -> None:
    for kind in clocks.RIGHTS:
        case_id = ask(kind)
        for outcome in (Outcome.DONE, Outcome.PARTLY_DONE):
            with pytest.raises((CaseNotIdentified, WithdrawalStands)):
                desk.compose_answer(case_id=case_id, outcome=outcome, parts=NO, now=NOW)
        assert desk.compose_answer(case_id=case_id, outcome=Outcome.NOTHING_HELD, parts=DONE, now=NOW)
    known = ask(Kind.WITHDRAWAL, participant_id=add_participant(market).participant_id)
    with pytest.raises(BadInput):
        desk.compose_answer(case_id=known, outcome=Outcome.NOTHING_HELD, parts=DONE, now=NOW)


def test_an_objection_of_nobody_known_is_done_as_far_as_their_address_is_noted(market: OpenMarket) -> None:
    ends = {About.MARKETING: {Outcome.DONE}, About.NOTHING: {Outcome.PARTLY_DONE}, About.CHECKS: set()}
    for about, fitting in ends.items():
        email = f"{about.value or 'both'}@example.org"
        case_id = open_case(
            kind=Kind.OBJECTION, about=about, country="FR", language="en", door=Door.STAFF, text="",
            contact=email, now=NOW,
        ).case_id  # fmt: skip
        done, claims = {Outcome.DONE, Outcome.PARTLY_DONE}, list_outcomes(desk.find_asked(find_case(case_id)))
        assert done & set(claims) == fitting
        assert (Outcome.NOTHING_HELD in claims) == (about is About.CHECKS), "the address is held"
        for outcome in done - fitting:
            with pytest.raises((CaseNotIdentified, ObjectionStands)):
                desk.compose_answer(case_id=case_id, outcome=outcome, parts=NO, now=NOW)
        for outcome in fitting:
            parts = DONE if outcome is Outcome.DONE else NO
            text = desk.compose_answer(case_id=case_id, outcome=outcome, parts=parts, now=NOW)
            assert "program looks at your rewards again" not in text


def test_nothing_held_is_no_answer_to_a_participant_who_asks_for_a_copy(market: OpenMarket) -> None:
    ana = add_participant(market)
    for kind in (Kind.ACCESS, Kind.PORTABILITY):
        case_id = ask(kind, participant_id=ana.participant_id)
        with pytest.raises(BadInput):
            desk.compose_answer(case_id=case_id, outcome=Outcome.NOTHING_HELD, parts=DONE, now=NOW)
        assert desk.compose_answer(case_id=case_id, outcome=Outcome.DONE, parts=DONE, now=NOW)
    asked = Asked(kind=Kind.ACCESS, is_known=True, is_erased=True)
    assert Outcome.NOTHING_HELD in list_outcomes(asked)


def test_what_is_too_long_is_refused_and_nothing_is_cut(market: OpenMarket) -> None:
    case_id, dora = ask(Kind.ERASURE, participant_id=add_participant(market).participant_id), market.team.dora
    for is_shown in (True, False):
        with pytest.raises(TextNotValid) as refused:
            desk.add_note(case_id=case_id, user_id=dora, text="x" * 2_001, is_shown=is_shown, now=NOW)
        assert (refused.value.field, refused.value.fields["maximum"]) == ("note", 2_000)
    stays = replace(NO, ground=Ground.LEGAL_CLAIMS, law="x" * 201, kept_until=date(2037, 12, 31))
    with pytest.raises(TextNotValid) as refused:
        desk.compose_answer(case_id=case_id, outcome=Outcome.REFUSED, parts=stays, now=NOW)
    assert (refused.value.field, refused.value.fields["maximum"]) == ("law", 200)
    with pytest.raises(TextNotValid) as refused:
        open_case(
            kind=Kind.ACCESS, country="FR", language="en", door=Door.STAFF, text="", contact="x@example.org",
            representative="x" * 201, now=NOW,
        )  # fmt: skip
    assert refused.value.field == "representative"
    assert Case.objects.count() == 1 and not CaseEvent.objects.filter(kind=EventKind.NOTE).exists()


def test_a_blank_of_a_suggestion_is_filled_in_first(market: OpenMarket) -> None:
    case_id = ask(Kind.COMPLAINT)
    parts = Parts(done="You are right, and we are sorry. From now on [what changes].")
    with pytest.raises(AnswerIncomplete) as refused:
        desk.compose_answer(case_id=case_id, outcome=Outcome.DONE, parts=parts, now=NOW)
    assert "[what changes]" in str(refused.value) and refused.value.field == "done"
    with pytest.raises(BadInput):
        desk.compose_answer(case_id=case_id, outcome=Outcome.NOTHING_HELD, parts=DONE, now=NOW)
    answer = desk.compose_answer(case_id=case_id, outcome=Outcome.REFUSED, parts=NO, now=NOW)
    assert "Our answer to your complaint" in answer and "Why:" in answer and "Why not more" not in answer


def test_nobody_is_asked_for_an_identity_document(market: OpenMarket) -> None:
    case_id, dora = ask(), market.team.dora
    question = "Please send us a copy of your passport, front and back."
    with pytest.raises(IdentityCopy) as refused:
        desk.pause_case(
            case_id=case_id, user_id=dora, pause=Pause.IDENTITY, question=question, reason=REASONS, now=NOW
        )
    assert refused.value.code == "E-ID-COPY" and "passport" in str(refused.value)
    with pytest.raises(IdentityCopy):
        desk.add_note(case_id=case_id, user_id=dora, text=question, is_shown=True, now=NOW)
    with pytest.raises(AnswerWords):
        desk.add_note(
            case_id=case_id, user_id=dora, text="You get a voucher if you drop it.", is_shown=True, now=NOW
        )
    # A complaint may be about just that.
    complaint = ask(Kind.COMPLAINT)
    text = "We look into why you were asked for your passport."
    desk.add_note(case_id=complaint, user_id=dora, text=text, is_shown=True, now=NOW)


def test_who_they_are_is_asked_within_three_days_or_the_clock_goes_on(market: OpenMarket) -> None:
    on_time, late, dora = ask(), ask(), market.team.dora
    question = "With which address did you join?"
    asked = {"user_id": dora, "pause": Pause.IDENTITY, "question": question, "reason": REASONS}
    assert desk.pause_case(case_id=on_time, **asked, now=NOW + timedelta(days=3))
    assert not desk.pause_case(case_id=late, **asked, now=NOW + timedelta(days=4))
    assert find_case(on_time).waits_for is Pause.IDENTITY and find_case(late).waits_for is None
    assert mails("case_question") == 2
    shown = [event.kind for event in list_events(late, only_shown=True)]
    assert shown[-1] is EventKind.IDENTITY_ASKED, "it is asked all the same"
    british = ask(country="GB")
    meaning = {**asked, "pause": Pause.CLARIFICATION, "question": "Which of the two photos is meant?"}
    assert desk.pause_case(case_id=british, **meaning, now=NOW + timedelta(days=9))
    past = ask(country="GB")
    # Nothing that is late is made to look as if it were not.
    assert not desk.pause_case(case_id=past, **meaning, now=NOW + timedelta(days=40))


def test_it_is_not_closed_as_done_while_recipients_have_not_answered(market: OpenMarket) -> None:
    ana, dora = add_participant(market), market.team.dora
    case_id = ask(Kind.RESTRICTION, participant_id=ana.participant_id)
    Takedown.objects.create(
        id=ids.new_id(), participant_id=ana.participant_id, offer_id=market.offer_id, use_id=ids.new_id(),
        is_mass=False, consent_number=1, items=["username"], purpose="referral_card", channel="invitation_page",
        recipient="", cause="restricted", made_at=NOW, due_at=NOW + timedelta(hours=24),
    )  # fmt: skip
    answered = {"case_id": case_id, "user_id": dora, "outcome": Outcome.DONE, "parts": DONE, "now": NOW}
    for reason in ("", "soon"):
        with pytest.raises(NoticesOpen) as refused:
            desk.answer_case(**answered, why_not_wait=reason)
        assert refused.value.code == "E-NOTICES-OPEN" and mails("case_answered") == 0
    desk.answer_case(**answered, why_not_wait="The recipient closed its business in April.")
    kept = [event for event in list_events(case_id) if event.kind is EventKind.NOTE]
    assert [(event.text, event.is_shown) for event in kept] == [
        ("The recipient closed its business in April.", False)
    ]


def test_an_answer_names_authority_and_court_and_is_kept(market: OpenMarket) -> None:
    ana = add_participant(market)
    case_id, dora = ask(Kind.ERASURE, participant_id=ana.participant_id), market.team.dora
    parts = Parts(
        done=NO.done,
        reasons=NO.reasons,
        ground=Ground.LEGAL_OBLIGATION,
        law="Code de commerce, L123-22",
        kept_until=date(2037, 12, 31),
    )
    preview = desk.compose_answer(case_id=case_id, outcome=Outcome.PARTLY_DONE, parts=parts, now=NOW)
    for part in (NO.done, NO.reasons, "L123-22", "31 December 2037", "cnil.fr", "go to court"):
        assert part in preview
    choose_way(participant_id=ana.participant_id, way=ErasureWay.SLIP, now=NOW)
    finish_erasures(now=NOW + timedelta(days=2))
    desk.answer_case(case_id=case_id, user_id=dora, outcome=Outcome.PARTLY_DONE, parts=parts, now=LATER)
    assert find_case(case_id).answer == preview
    assert b"L123-22" not in bytes(Case.objects.get().sealed_answer or b"")
    shown = [event.kind for event in list_events(case_id, only_shown=True)]
    assert shown[0] is EventKind.RECEIVED and shown[-1] is EventKind.ANSWERED
    assert mails("case_answered") == 1
    with pytest.raises(CaseClosed):
        desk.answer_case(case_id=case_id, user_id=dora, outcome=Outcome.DONE, parts=DONE, now=NOW)


def test_each_alarm_is_given_once_and_late_cases_every_day(both_databases: str) -> None:
    open_market()
    case_id = ask()
    due_on = find_case(case_id).line.due_on
    noon = datetime(due_on.year, due_on.month, due_on.day, 12, tzinfo=UTC)
    told = [left for left in range(20, -4, -1) if watch_cases(now=noon - timedelta(days=left))]
    assert told == [10, 3, 0, -1, -2, -3]
    assert watch_cases(now=noon + timedelta(days=3)) == 0
    assert CaseEvent.objects.filter(kind="alarmed").count() == 6


def test_a_bad_days_alarms_are_noted_some_at_a_time_and_told_together(
    market: OpenMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "CASES_AT_A_TIME", 2)
    for country in ("FR", "FR", "FR", "GB", "GB"):
        ask(country=country)
    late = NOW + timedelta(days=60)
    assert (watch_cases(now=late), watch_cases(now=late)) == (5, 0)
    assert CaseEvent.objects.filter(kind="alarmed").values("case_id").distinct().count() == 5
    (context,) = Message.objects.filter(template="cases_due").values_list("context", flat=True).distinct()
    assert (context["count"], context["late"]) == (5, 5) and len(context["cases"]) == 5


def test_progress_is_told_and_notes_are_not(market: OpenMarket) -> None:
    case_id, dora = ask(Kind.COMPLAINT), market.team.dora
    desk.add_note(case_id=case_id, user_id=dora, text="Ask the shop in Lyon.", is_shown=False, now=NOW)
    desk.add_note(case_id=case_id, user_id=dora, text="We asked the shop.", is_shown=True, now=NOW)
    shown = [event.text for event in list_events(case_id, only_shown=True)]
    assert "We asked the shop." in shown and "Ask the shop in Lyon." not in shown
    assert [event.by for event in list_events(case_id)][1:] == ["Dora", "Dora"]
    assert mails("case_progress") == 1
    assert count_complaints() == {"FR": (1, 0)}
