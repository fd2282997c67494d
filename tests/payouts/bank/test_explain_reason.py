"""What a person is told when a bank did not pay."""

from __future__ import annotations

import pytest
from django.utils import translation

from onloan.payouts.bank.reasons import Help, explain_reason, help_for


@pytest.mark.parametrize(
    ("code", "help_"),
    [
        ("AC01", Help.ACCOUNT),
        ("AC04", Help.CLOSED),
        ("BE01", Help.NAME),
        ("RVNM", Help.NAME),
        ("RR03", Help.NAME),
        ("AC06", Help.BANK),
        ("MS03", Help.BANK),
        ("AM04", Help.MERCHANT),
        ("AM05", Help.MERCHANT),
        ("FF01", Help.MERCHANT),
        ("XX99", Help.BANK),
        (" ac01 ", Help.ACCOUNT),
        ("", Help.BANK),
        (None, Help.BANK),
    ],
)
def test_it_says_who_can_mend_it(code: str | None, help_: Help) -> None:
    assert help_for(code) is help_


def test_it_has_a_sentence_for_each_without_a_code_in_it() -> None:
    with translation.override("en"):
        sentences = {str(explain_reason(code)) for code in ("AC01", "AC04", "BE01", "MS03", "AM04")}
    assert len(sentences) == len(Help)
    assert all(sentence.endswith(".") and "AC0" not in sentence for sentence in sentences)
