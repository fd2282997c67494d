"""The check of clarity: right answers from the version itself, counted once, without a name, with no effect."""

from __future__ import annotations

from dataclasses import replace

import pytest

from onloan import clock
from onloan.cases.clarity import ClarityFigure, answer_clarity, count_clarity, find_answers
from onloan.cases.clarity_rules import Answers, check_answers, make_questions
from onloan.cases.feedback_models import ClarityAnswer
from onloan.errors import NotFound
from onloan.offers.document import Offer
from onloan.offers.lint import check_text
from onloan.people.models import PersonKey
from tests.joining.support import add_participant, open_market
from tests.support.offers import spring_text


def spring() -> Offer:
    offer = check_text(spring_text(), "spring-pot.yaml").offer
    assert offer is not None
    return offer


@pytest.mark.parametrize("language", ["en", "fr"])
def test_each_question_has_one_right_answer_and_two_others(language: str) -> None:
    questions = make_questions(spring(), language)

    assert [question.asked for question in questions] == ["who", "what", "until"]
    for question in questions:
        assert len({option.text for option in question.options}) == 3
        assert [option.key for option in question.options].count("right") == 1


def test_the_right_answers_follow_the_version() -> None:
    offer = spring()
    card = next(permission for permission in offer.permissions if permission.purpose == "referral_card")
    only = replace(offer, permissions=(replace(card, items=("username",), term_days=30),))

    who, what, until = make_questions(only, "en")

    assert who.text == "Who can see what I allow to be shown on the invitation page?"
    assert who.right.text == "It is shown to the people I invite only"
    assert what.right.text == "Only my username"
    assert until.right.text.startswith("For 30 days at most")


def test_whatever_stands_in_public_can_be_seen_by_anybody() -> None:
    who, *_ = make_questions(spring(), "en")

    assert "on the page of rewarded people" in who.text
    assert who.right.text == "Anybody who opens that page"


def test_it_asks_nothing_where_nothing_is_shown() -> None:
    assert make_questions(replace(spring(), permissions=()), "en") == ()


def test_it_checks_each_answer() -> None:
    questions = make_questions(spring(), "en")

    answers = check_answers(questions, {"who": "right", "what": "other-1", "until": "right"})

    assert answers == Answers(who=True, what=False, until=True)
    with pytest.raises(ValueError, match="until"):
        check_answers(questions, {"who": "right", "what": "right"})


@pytest.mark.parametrize(
    ("answered", "right", "percent"), [(9, 9, None), (10, 0, 0), (12, 8, 67), (200, 199, 100)]
)
def test_it_says_no_percentage_of_fewer_than_ten(answered: int, right: int, percent: int | None) -> None:
    assert ClarityFigure(answered, right, right, right, right).percent == percent


def test_it_counts_a_person_once_and_forgets_with_the_key(sqlite_database: None) -> None:
    market = open_market()
    ana = add_participant(market, "Ana").participant_id
    given = Answers(who=True, what=True, until=True)
    values = {"participant_id": ana, "version_id": market.version_id, "time_zone": "Europe/Paris"}

    assert answer_clarity(**values, answers=given, now=clock.now())  # type: ignore[arg-type]
    assert not answer_clarity(**values, answers=replace(given, who=False), now=clock.now())  # type: ignore[arg-type]

    kept = find_answers(ana, market.version_id)
    assert kept is not None
    assert kept.answers == given
    assert count_clarity([market.version_id]) == {market.version_id: ClarityFigure(1, 1, 1, 1, 1)}
    assert str(ana) not in str(ClarityAnswer.objects.values().get())
    PersonKey.objects.filter(participant_id=ana).delete()
    with pytest.raises(NotFound):
        find_answers(ana, market.version_id)
