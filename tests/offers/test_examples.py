"""The shipped examples: the news case is refused at its own words, the mended one passes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from onloan.money import Money
from onloan.offers.headline import headline
from onloan.offers.lint import Report, check_bytes
from onloan.offers.starters import Starter, fill_starter

EXAMPLES = Path(__file__).parents[2] / "examples" / "offers"

# Each finding in the order of the file: its code and the words that it points at.
NEWS_CASE = [
    ("E-HEADLINE", "headline: At least 100 euros"),
    ("E-REPRESENTATIVE", "FR: {opens"),
    ("E-DPIA", "{opens: 2024-03-25, closes: 2024-04-30, pool: 1000000.00 EUR}"),
    ("E-REPRESENTATIVE", "GB: {opens"),
    ("E-DPIA", "{opens: 2024-03-25, closes: 2024-04-30, pool: 500000.00 GBP}"),
    ("E-PRESSURE", "share_within_hours: 24"),
    ("E-CONDITIONAL", "promotion"),
    ("E-CONDITIONAL", "promotion"),
    ("E-NECESSITY", "id: promotion"),
    ("E-FIELD-UNKNOWN", "name"),
    ("E-FIELD-WILDCARD", "likeness"),
    ("E-FIELD-UNKNOWN", "voice"),
    ("E-FIELD-WILDCARD", "opinions"),
    ("E-FIELD-WILDCARD", "statements"),
    ("E-FIELD-WILDCARD", "biographical information"),
    ("E-FIELD-UNKNOWN", "hometown"),
    ("E-PURPOSE-OPEN", "any promotion or advertising we may think of"),
    ("E-IMAGE-SCOPE", "any media]"),
    ("E-TERRITORY", "worldwide"),
    ("E-TERM-MISSING", "forever"),
    ("E-MIXED-ACT", "joining"),
    ("E-WAIVER", "false"),
    ("E-RECIPIENT-UNNAMED", "true"),
    ("E-RECIPIENT-UNNAMED", "partners"),
    ("E-HONOUR", "cancel: at_any_time"),
    ("E-UNFAIR-TERM", "change: without_notice"),
    ("E-FREE-TEXT", ">"),
    ("E-IMAGE-SCOPE", "any media, now known"),
    ("E-TERRITORY", "anywhere in the world"),
    ("E-WAIVER", "in perpetuity"),
    ("E-WAIVER", "without further review"),
    ("E-FREE-TEXT", ">"),
    ("E-IMAGE-SCOPE", "tous les médias"),
    ("E-TERRITORY", "le monde entier"),
    ("E-WAIVER", "à perpétuité"),
    ("E-WAIVER", "sans autre examen"),
    ("E-CLAIM-UNPROVABLE", "We do not sell the data of our customers."),
    ("E-CLAIM-FALSE", "[username, profile_photo]"),
]


def check(name: str) -> Report:
    return check_bytes((EXAMPLES / name).read_bytes(), name)


def test_it_refuses_the_news_case_at_its_own_words() -> None:
    report = check("news-case.yaml")
    lines = (EXAMPLES / "news-case.yaml").read_text(encoding="utf-8").split("\n")
    assert len(report.findings) == len(NEWS_CASE)
    for finding, (code, words) in zip(report.findings, NEWS_CASE, strict=True):
        assert finding.code == code
        assert lines[finding.line - 1][finding.column - 1 :].startswith(words)


def test_it_reads_the_news_case_and_refuses_it_by_many_rules() -> None:
    report = check("news-case.yaml")
    assert report.exit_code == 1
    assert not report.of("SYNTAX")
    assert len({finding.rule for finding in report.of("BLOCK")}) >= 8


def test_it_accepts_the_mended_case_with_nothing_to_sign() -> None:
    report = check("spring-pot.yaml")
    assert report.findings == []
    assert report.offer is not None
    assert report.offer.full_pot("FR") == {"cash": Money(2_000, "EUR"), "voucher": Money(8_000, "EUR")}
    assert report.offer.full_pot("GB") == {"cash": Money(1_000, "GBP"), "voucher": Money(4_000, "GBP")}
    assert [permission.purpose for permission in report.offer.permissions] == [
        "referral_card",
        "referral_card",
        "referral_acceptance",
        "winner_wall",
    ]
    assert {permission.term_days for permission in report.offer.permissions} == {180}
    assert headline(report.offer, "FR", "en") == (
        "€20 in cash and €80 in vouchers for this shop, if five friends sign up"
    )


def test_it_holds_only_the_thank_you() -> None:
    report = check("thank-you-hold.yaml")
    assert [(finding.code, finding.severity, finding.rule) for finding in report.findings] == [
        ("E-BONUS", "HOLD", "LR-027")
    ]
    assert report.exit_code == 0
    assert report.offer is not None
    assert [rule.thanks_for for rule in report.offer.rewards] == [None, None, "winner-wall"]
    assert headline(report.offer, "FR", "fr").startswith("40\u00a0€ en bons d'achat")


@pytest.mark.parametrize("starter", Starter)
@pytest.mark.parametrize("today", [date(2026, 11, 24), date(2027, 12, 31), date(2028, 2, 29)])
def test_it_starts_people_with_files_that_pass(starter: Starter, today: date) -> None:
    text = fill_starter(starter, slug="my-offer", today=today)
    report = check_bytes(text.encode(), f"{starter}.yaml")
    assert report.findings == []
    assert report.offer is not None
    assert report.offer.slug == "my-offer"
    assert all(terms.opens_on > today for terms in report.offer.markets.values())


def test_it_fits_a_bank_into_forty_lines() -> None:
    text = fill_starter(Starter.BANK, slug="my-bank", today=date(2026, 11, 24))
    assert len(text.splitlines()) <= 40


def test_it_asks_for_nothing_in_the_starter_without_data() -> None:
    report = check_bytes(fill_starter(Starter.NO_DATA, slug="my-offer", today=date(2026, 11, 24)).encode(), "x")
    assert report.offer is not None
    assert report.offer.permissions == ()
