"""``onloan market``: a country opens again only while people are paid on time."""

from __future__ import annotations

from datetime import timedelta

import pytest
import typer
from django.utils import translation
from typer.testing import CliRunner

from onloan import clock
from onloan.cli import market
from onloan.offers.errors import MarketOverdue
from onloan.offers.queries import find_market
from onloan.payouts.models import Payable
from tests.portal.money import an_earner, pay

DORA = "dora@boutique.example"


def run(*arguments: str) -> str:
    app = typer.Typer()
    market.register(app)
    result = CliRunner().invoke(app, ["market", *arguments, "spring-pot", "fr", "--by", DORA])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_it_names_what_is_late_and_opens_once_it_is_paid(sqlite_database: str) -> None:
    earner = an_earner()
    earner.give_account()
    Payable.objects.update(due_on=clock.now().date() - timedelta(days=3))
    run("suspend", "--reason", "We look at it again.")
    reopen = ("open", "--reason", "It is clearer.", "--changed", "fr=Nous avons retiré la photo des gagnants.")
    with pytest.raises(MarketOverdue) as refused:
        run(*reopen)
    with translation.override("en"):
        said = str(refused.value)
    assert "Overdue payments in FR: 1 of 1" in said and "onloan payouts list" in said
    assert find_market("spring-pot", "FR").state == "suspended"
    pay(earner)
    assert "\topen\t" in run(*reopen)
