"""Each suggested sentence fits its kind, is said in both languages, and holds nothing that may not go out."""

from __future__ import annotations

import pytest
from django.utils import translation

from onloan.cases.answers import NOT_ALL, Asked, Parts, find_forbidden, list_outcomes
from onloan.cases.rules import ABOUTS, About, Kind, Reach
from onloan.cases.suggestions import SuggestedText, list_suggestions


def suggest(kind: Kind, language: str, reach: Reach) -> dict[str, SuggestedText]:
    return {
        each.name: each
        for about in ABOUTS.get(kind, {About.NOTHING})
        for each in list_suggestions(kind, language, reach=reach, about=about, has_gap=True)
    }


@pytest.mark.parametrize("reach", Reach)
def test_each_kind_has_sentences_that_may_go_out_in_both_languages(reach: Reach) -> None:
    for kind in Kind:
        with translation.override("en"):
            french, english = (suggest(kind, language, reach) for language in ("fr", "en"))
        assert english and set(french) == set(english)
        for name, each in french.items():
            other = english[name]
            assert (
                each.outcome
                in {
                    outcome
                    for is_noted in (True, False)
                    for about in About
                    for asked in [
                        Asked(kind=kind, about=about, is_known=reach is not Reach.NOBODY, is_noted=is_noted),
                        Asked(kind=kind, about=about, is_known=reach is not Reach.NOBODY, is_erased=True),
                    ]
                    for outcome in list_outcomes(asked)
                }
                or each.name == "nothing-held"
            )
            assert each.field == "done" or (each.field == "reasons" and each.outcome in NOT_ALL)
            assert each.meaning != each.text and other.meaning == "", other.text
            for text in (each.text, other.text):
                assert find_forbidden(Parts(done=text), is_eu=True) is None and "%(" not in text
            assert each.text.count("[") == other.text.count("["), "the same blanks are left in both"


def test_nobody_is_sent_to_a_page_that_they_do_not_have() -> None:
    for kind in (Kind.ACCESS, Kind.RESTRICTION, Kind.PORTABILITY):
        for reach in (Reach.NOBODY, Reach.NUMBER, Reach.LETTER):
            texts = [each.text for each in suggest(kind, "en", reach).values()]
            assert texts and not [text for text in texts if "your page" in text]


def test_whoever_is_tied_to_nobody_reads_of_nothing_that_was_stopped() -> None:
    for kind in (Kind.RESTRICTION, Kind.WITHDRAWAL, Kind.ACCESS):
        assert set(suggest(kind, "en", Reach.NOBODY)) == {"nothing-held"}
    of_erasure = {"nothing-held", "not-identifiable", "why-not-identifiable"}
    assert set(suggest(Kind.ERASURE, "en", Reach.NOBODY)) == of_erasure
    assert set(suggest(Kind.OBJECTION, "en", Reach.NOBODY)) == {
        "address-noted", "address-noted-in-part", "nobody-checked", "nothing-held",
    }  # fmt: skip


def test_a_copy_is_found_where_whoever_asked_gets_it() -> None:
    texts = {reach: {each.text for each in suggest(Kind.ACCESS, "en", reach).values()} for reach in Reach}
    assert any("comes with this letter" in text for text in texts[Reach.LETTER])
    assert any("/en/requests/follow/" in text for text in texts[Reach.NUMBER])
    assert not any("letter" in text or "follow" in text for text in texts[Reach.PAGE] | texts[Reach.NOBODY])
