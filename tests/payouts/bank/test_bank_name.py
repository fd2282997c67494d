"""Names and texts in the letters that banks take, with nothing cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloan.payouts.bank.characters import bank_name, bank_text, check_reference
from onloan.payouts.bank.errors import BadPayeeName, BadPaymentText, PayeeNameTooLong

# EPC217-08, written here once more so that the code cannot agree with itself by mistake.
EPC_SET = re.compile(r"[a-zA-Z0-9/\-?:().,'+ ]+")


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("Ana Lopez", "Ana Lopez"),
        ("  Chloé\t Dupont ", "Chloe Dupont"),
        ("Chloe\u0301 Dupont", "Chloe Dupont"),
        ("Jürgen Groß", "Jurgen Gross"),
        ("Łukasz Żółć", "Lukasz Zolc"),
        ("Þórdís Æsir", "Thordis Aesir"),
        ("Jānis Bērziņš", "Janis Berzins"),
        ("Ștefan Țurcanu", "Stefan Turcanu"),
        ("Χρήστος Παπαδόπουλος", "Christos Papadopoulos"),
        ("Георги Щърбанов", "Georgi Shtarbanov"),
        ("Христо Ботьо", "Hristo Botyo"),
        ("Siobhán O’Brien-Ní Ghrádaigh", "Siobhan O'Brien-Ni Ghradaigh"),
        ("'s-Gravesande, Willem (jr.)", "'s-Gravesande, Willem (jr.)"),
        ("Mr & Mrs Smith", "Mr + Mrs Smith"),
        ("王小明", "WangXiaoMing"),
        ("ﬁona", "fiona"),
    ],
)
def test_it_rewrites_a_name_as_banks_spell_it(typed: str, written: str) -> None:
    assert bank_name(typed) == written


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "😀", "Ana 😀", "=SUM(A1)", "+41 Ana", "-Ana", "@ana", "/Ana", "Ana//Ben", "123", "...", "Ana<b>",
        "Ana;DROP", "Ana\x00", "Ana\u202eneB", '"Ana"', "½ Ana", "€na",
    ],
)  # fmt: skip
def test_it_refuses_what_is_no_name(typed: str) -> None:
    with pytest.raises(BadPayeeName) as caught:
        bank_name(typed)
    assert caught.value.field == "name" and caught.value.code == "E-PAYEE-NAME"


def test_it_cuts_nothing() -> None:
    assert bank_name("a" * 70) == "a" * 70
    with pytest.raises(PayeeNameTooLong) as caught:
        bank_name("a" * 71)
    assert caught.value.fields == {"characters": 71, "characters_max": 70}
    # What counts is the length as the bank writes it: one letter can become two.
    assert len(bank_name("ß" * 35)) == 70
    with pytest.raises(PayeeNameTooLong):
        bank_name("ß" * 36)
    with pytest.raises(PayeeNameTooLong):
        bank_name("Alexandrina Featherstonehaugh", characters_max=18)
    with pytest.raises(PayeeNameTooLong):
        bank_name("a" * 1_000_000)


@given(st.text(max_size=90))
def test_it_writes_the_set_of_every_bank_or_refuses(text: str) -> None:
    try:
        name = bank_name(text)
    except BadPayeeName:
        return
    assert EPC_SET.fullmatch(name) and 1 <= len(name) <= 70
    assert name[0] not in "=+-@/ \t\r\n" and "//" not in name and name == name.strip()
    assert bank_name(name) == name, "what was rewritten stays as it is"


@given(st.text(max_size=200))
def test_it_writes_a_text_in_the_same_set(text: str) -> None:
    try:
        written = bank_text(text)
    except BadPaymentText:
        return
    assert EPC_SET.fullmatch(written) and 1 <= len(written) <= 140
    assert not written.startswith("/") and not written.endswith("/") and "//" not in written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("20 € für fünf Freunde", "20 EUR fur funf Freunde"),
        ("Bring friends & earn 50 %", "Bring friends + earn 50 pct"),
        ("https://shop.example/", "https:/shop.example"),
        ("Hurra 🎉!", "Hurra .."),
    ],
)
def test_it_rewrites_a_text(text: str, written: str) -> None:
    assert bank_text(text) == written


def test_it_refuses_a_text_that_does_not_fit() -> None:
    assert bank_text("x" * 140) == "x" * 140
    for text in ("x" * 141, "", "///"):
        with pytest.raises(BadPaymentText):
            bank_text(text)


@pytest.mark.parametrize("reference", ["", "/R1", "R1/", "R//1", "R1é", "R_1", "R" * 36])
def test_it_never_rewrites_a_reference(reference: str) -> None:
    with pytest.raises(BadPaymentText):
        check_reference(reference)
    assert check_reference("R1-2/3") == "R1-2/3"
