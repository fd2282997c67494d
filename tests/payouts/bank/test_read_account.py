"""Accounts as people type them."""

from __future__ import annotations

import json
import string
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schwifty import IBAN

from onloan.payouts.bank.accounts import (
    EEA_COUNTRIES,
    SEPA_COUNTRIES,
    PayeeAccount,
    mask_account,
    needs_debtor_town,
    read_account,
    read_bic,
)
from onloan.payouts.bank.errors import AccountOutsideSepa, BadAccount, BadBic, BadBritishAccount
from tests.payouts.bank.files import ANA_IBAN, SWISS_IBAN

BRITISH_IBAN = "GB29NWBK60161331926819"


@pytest.mark.parametrize(
    "typed",
    [
        ANA_IBAN,
        ANA_IBAN.lower(),
        "FR14 2004 1010 0505 0001 3M02 606",
        "  IBAN: FR14-2004-1010-0505-0001-3M02-606\n",
        "IBAN FR14\u00a02004\u202f1010\u00a00505\u00a00001\u00a03M02\u00a0606",
    ],
)
def test_it_forgives_how_an_iban_is_written(typed: str) -> None:
    assert read_account(typed, currency="EUR") == PayeeAccount("iban", ANA_IBAN, "FR")


@pytest.mark.parametrize("country", sorted(SEPA_COUNTRIES))
def test_it_takes_an_account_of_each_sepa_country(country: str) -> None:
    iban = IBAN.random(country_code=country).compact
    assert read_account(iban, currency="EUR") == PayeeAccount("iban", iban, country)
    assert needs_debtor_town(PayeeAccount("iban", iban, country)) == (country not in EEA_COUNTRIES)


def test_it_knows_each_market_that_has_cash_in_sepa() -> None:
    markets = json.loads(resources.files("onloan.markets").joinpath("markets.json").read_text())["markets"]
    assert {market["country"] for market in markets if market["sepa"]} <= SEPA_COUNTRIES


@pytest.mark.parametrize("position", range(len(ANA_IBAN)))
def test_it_catches_each_single_wrong_letter_or_digit(position: int) -> None:
    right = ANA_IBAN[position]
    for wrong in string.digits if right.isdigit() else string.ascii_uppercase:
        if wrong != right:
            with pytest.raises(BadAccount):
                read_account(ANA_IBAN[:position] + wrong + ANA_IBAN[position + 1 :], currency="EUR")


@pytest.mark.parametrize("position", range(len(ANA_IBAN) - 1))
def test_it_catches_swapped_neighbours(position: int) -> None:
    one, other = ANA_IBAN[position : position + 2]
    typed = ANA_IBAN[:position] + other + one + ANA_IBAN[position + 2 :]
    if typed != ANA_IBAN:
        with pytest.raises(BadAccount):
            read_account(typed, currency="EUR")


@given(st.text(max_size=80), st.sampled_from(["EUR", "GBP", "SEK"]))
def test_it_answers_any_text_with_an_account_or_a_sentence(text: str, currency: str) -> None:
    try:
        account = read_account(text, currency=currency)
    except BadAccount as error:
        assert error.code == "E-PAYEE-ACCOUNT" and error.field == "account"
        assert text.strip() not in str(error) or len(text.strip()) < 3, "what was typed is in no message"
    else:
        assert account.number.isalnum() and account.number.isascii()


@pytest.mark.parametrize("typed", ["", "FR", "FR14", "20-00-00 55779911", "4111111111111111", "x" * 10_000])
def test_it_refuses_what_is_no_iban(typed: str) -> None:
    with pytest.raises(BadAccount):
        read_account(typed, currency="EUR")


@pytest.mark.parametrize("iban", ["BR1500000000000010932840814P2", "TR330006100519786457841326"])
def test_it_refuses_a_country_outside_sepa(iban: str) -> None:
    with pytest.raises(AccountOutsideSepa):
        read_account(iban, currency="EUR")


@pytest.mark.parametrize(
    "typed", ["20-00-00 55779911", "200000 55779911", "20 00 00 / 55779911", "20000055779911"]
)
def test_it_reads_a_british_account(typed: str) -> None:
    account = read_account(typed, currency="GBP")
    assert account == PayeeAccount("gb", "20000055779911", "GB")
    assert (account.sort_code, account.account_number) == ("20-00-00", "55779911")


def test_it_takes_sort_code_and_number_out_of_a_british_iban_when_pounds_are_paid() -> None:
    account = read_account(BRITISH_IBAN, currency="GBP")
    assert (account.kind, account.sort_code, account.account_number) == ("gb", "60-16-13", "31926819")
    assert read_account(BRITISH_IBAN, currency="EUR") == PayeeAccount("iban", BRITISH_IBAN, "GB")


@pytest.mark.parametrize("typed", ["20-00-00 5577991", "20-00-00 557799110", ANA_IBAN, "", "٢٠-٠٠-٠٠ ٥٥٧٧٩٩١١"])
def test_it_refuses_a_british_account_with_a_digit_lost(typed: str) -> None:
    with pytest.raises(BadBritishAccount):
        read_account(typed, currency="GBP")


def test_it_shows_the_owner_enough_and_nobody_else() -> None:
    assert mask_account(PayeeAccount("iban", ANA_IBAN, "FR")) == "FR •••• 2606"
    assert mask_account(PayeeAccount("gb", "20000055779911", "GB")) == "•••• 9911"


def test_it_needs_the_payers_town_outside_the_eea_alone() -> None:
    assert needs_debtor_town(read_account(SWISS_IBAN, currency="EUR"))
    assert not needs_debtor_town(read_account(ANA_IBAN, currency="EUR"))


def test_it_reads_a_bic() -> None:
    assert read_bic(" cobadeffxxx ") == "COBADEFFXXX"
    for typed in ("", "COBADEFFX", "C0BADEFF1234"):
        with pytest.raises(BadBic):
            read_bic(typed)
