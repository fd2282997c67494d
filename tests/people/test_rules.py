"""What an address and a name may look like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloan.people.rules import EMAIL_CHARACTERS_MAX, check_email, check_username, mask_username


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ana@example.org", "ana@example.org"),
        ("  Ana@Example.ORG ", "ana@example.org"),
        ("a.n.a+spring@example.org", "a.n.a+spring@example.org"),
        ("o'neill@sub.example.co.uk", "o'neill@sub.example.co.uk"),
        ("ana@exämple.org", "ana@xn--exmple-cua.org"),
        ("ana@exa\u0308mple.org", "ana@xn--exmple-cua.org"),
        ("ana@xn--exmple-cua.org", "ana@xn--exmple-cua.org"),
    ],
)
def test_it_keeps_an_address_in_one_form(typed: str, kept: str) -> None:
    assert check_email(typed) == kept


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "empty"), ("   ", "empty"), ("ana", "form"), ("@example.org", "form"), ("ana@", "domain"),
        ("ana@localhost", "domain"), ("ana@example..org", "domain"), ("ana@-example.org", "domain"),
        ("ana@example.123", "domain"), ("ana@[127.0.0.1]", "domain"), ("ana@127.0.0.1", "domain"),
        (".ana@example.org", "form"), ("an..a@example.org", "form"), ("a na@example.org", "form"),
        ("ana@exam ple.org", "domain"), ("ana@example.org\nBcc: all@example.org", "form"),
        ("ana\r\n@example.org", "form"), ("<ana@example.org>", "form"), ('"ana"@example.org', "form"),
        ("ana@ben@example.org", "form"), ("аna@example.org", "form"), ("ana@stra\u00dfe.de", "domain"),
        ("ana@exa\u200dmple.org", "domain"), ("a" * 65 + "@example.org", "form"),
        ("ana@" + "a" * 64 + ".org", "domain"), ("ana@" + "a." * 130 + "org", "too_long"),
    ],
)  # fmt: skip
def test_it_refuses_what_is_no_address(typed: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        check_email(typed)


@given(st.text(max_size=300))
def test_it_keeps_any_text_as_a_bounded_ascii_address_or_refuses_it(typed: str) -> None:
    try:
        kept = check_email(typed)
    except ValueError:
        return
    assert kept.isascii() and len(kept) <= EMAIL_CHARACTERS_MAX
    assert check_email(kept) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ana", "Ana"), (" Ana  Martin ", "Ana Martin"), ("Chloe\u0301", "Chloé"), ("O-Ren_1.2", "O-Ren_1.2"),
        ("Мария", "Мария"), ("안녕", "안녕"), ("ㅋㅋ", "ㅋㅋ"), ("महेश", "महेश"), ("ข้าว", "ข้าว"), ("أحمد", "أحمد"),
        ("田中太郎", "田中太郎"), ("ana2026", "ana2026"), ("Nguyễn", "Nguyễn"), ("x" * 24, "x" * 24),
        ("٣٤ نور", "٣٤ نور"), ("J.-L. M", "J.-L. M"),
    ],
)  # fmt: skip
def test_it_takes_names_of_any_script(typed: str, kept: str) -> None:
    assert check_username(typed) == kept


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "length"), ("A", "length"), ("x" * 25, "length"), ("x" * 65, "length"), ("e\u0301", "length"),
        ("<script>alert(1)</script>", "character"), ("Ana\u202egnol", "character"), ("An\u200ba", "character"),
        ("Ana\u00a0B", "character"), ("Ana\n", "character"), ("Ana\x00", "character"), ("Ana\ufe0f", "character"),
        ("\u3164\u3164", "character"), ("\u115f\u1160", "character"), ("An\ud800a", "character"),
        ("𝐀𝐧𝐚", "character"), ("Ａｎａ", "character"), ("Ana😀", "character"), ("ana@home", "character"),
        ("B\u0301\u0302\u0303\u0304na", "character"), ("Ana\u2066x", "character"), ("An\u034fa", "character"),
        ("http://x", "character"), ("Ana/Ben", "character"), ("'; DROP", "character"), ("{{7*7}}", "character"),
        (".Ana", "edge"), ("Ana.", "edge"), ("An..a", "edge"), ("\u0301Ana", "edge"), ("-- --", "edge"),
        ("www.shop", "address"), ("ana.com", "address"), ("ana.example.fr x", "address"), ("http ana", "address"),
        ("0612345678", "phone"), ("06 12 34 56 78", "phone"), ("Ana 0612345", "phone"), ("٠٦١٢٣٤٥", "phone"),
        ("Аna", "alphabet"), ("Αna", "alphabet"), ("paypаl", "alphabet"),
    ],
)  # fmt: skip
def test_it_refuses_a_name_that_hides_or_says_something_else(typed: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        check_username(typed)


@given(st.text(max_size=80))
def test_it_never_keeps_what_does_not_show(typed: str) -> None:
    try:
        kept = check_username(typed)
    except ValueError:
        return
    assert kept.isprintable() and kept == kept.strip() and len(kept) <= 64
    assert not set(kept) & set("<>&\"'@/\\{}")
    assert check_username(kept) == kept


def test_it_masks_a_name_without_telling_its_length() -> None:
    assert mask_username("Ana") == "A•••"
    assert mask_username("Mahesh") == "M•••h"
    assert len(mask_username("x" * 24)) == len(mask_username("x" * 5))
    assert mask_username("e\u0302\u0323loise") == "e\u0302\u0323•••e"
