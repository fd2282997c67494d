"""Each suggested sentence fits its kind, is said in both languages, and holds nothing that may not go out."""

from __future__ import annotations

from django.utils import translation

from onloan.cases.answers import NOT_ALL, Parts, find_forbidden, list_outcomes
from onloan.cases.rules import Kind
from onloan.cases.suggestions import list_suggestions


def test_each_kind_has_sentences_that_may_go_out_in_both_languages() -> None:
    for kind in Kind:
        with translation.override("en"):
            french, english = (
                [
                    *list_suggestions(kind, language, has_page=True),
                    *[each for each in list_suggestions(kind, language, has_page=False) if "letter" in each.name],
                ]
                for language in ("fr", "en")
            )
        assert english and {each.name for each in french} == {each.name for each in english}
        assert len({each.name for each in english}) == len(english)
        for each, other in zip(french, english, strict=True):
            assert any(each.outcome in list_outcomes(kind, is_known=is_known) for is_known in (True, False))
            assert each.field == "done" or (each.field == "reasons" and each.outcome in NOT_ALL)
            assert each.meaning == other.text != each.text and other.meaning == "", other.text
            for text in (each.text, other.text):
                assert find_forbidden(Parts(done=text), is_eu=True) is None
            assert each.text.count("[") == other.text.count("["), "the same blanks are left in both"


def test_nobody_is_sent_to_a_page_that_they_do_not_have() -> None:
    for kind in (Kind.ACCESS, Kind.RESTRICTION, Kind.PORTABILITY):
        with translation.override("en"):
            without = [each.text for each in list_suggestions(kind, "en", has_page=False)]
        assert not [text for text in without if "your page" in text]
