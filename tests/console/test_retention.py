"""What is kept for how long, and what was deleted, on one page for the whole team."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client

from onloan import clock
from onloan.cases.models import RetentionRun
from onloan.cases.retention import RECORD_CLASSES
from onloan.jobs.table import JOBS, counted
from onloan.people.actions import CODES_KEPT_FOR, send_code
from tests.console.test_cases import dora

__all__ = ["dora"]
ADDRESS = "/console/retention/"


def test_each_class_stands_there_with_what_was_deleted(dora: Client) -> None:
    page = dora.get(ADDRESS).content.decode()
    assert page.count('<th scope="row">') == len(RECORD_CLASSES) and "Nothing yet" in page
    counted("messages", lambda now: 1_234)(clock.now())
    assert "1,234" in dora.get(ADDRESS).content.decode()
    assert Client(HTTP_HOST="127.0.0.1").get(ADDRESS).status_code == 302


def test_a_job_of_its_own_writes_down_what_it_deleted(sqlite_database: str) -> None:
    then = clock.now()
    send_code(email="ana@example.org", offer_id=None, market_id=None, purpose="sign_in", language="en", now=then)
    [purge] = [job for job in JOBS if job.name == "purge codes"]
    assert purge.run(then + CODES_KEPT_FOR + timedelta(minutes=1)) == 1
    assert RetentionRun.objects.values_list("record_class", "count").get() == ("codes by mail", 1)
