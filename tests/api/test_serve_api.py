"""The API under a real server: equal calls at once, and whatever a machine can think of sending."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from onloan import clock
from onloan.ledger.check import check_balances
from onloan.ledger.models import Reward
from onloan.referrals.models import Event
from onloan.referrals.queries import count_clicks_of
from tests.api.serving import serving
from tests.api.support import open_shop
from tests.referrals.support import join_as, open_campaign

pytestmark = pytest.mark.slow

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)


@pytest.mark.parametrize("is_same_call", [True, False], ids=["one key", "sixteen keys"])
def test_sixteen_equal_events_at_once_pay_once(both_databases: str, is_same_call: bool) -> None:
    now = clock.now()
    campaign = open_campaign(now=now - timedelta(days=1))
    ana = join_as("Ana", campaign, now=now)
    ben = join_as("Ben", campaign, via=ana, now=now)
    shop = open_shop("events:write")
    body = {
        "participant": ben.public_id,
        "event": "app_signed_up",
        "occurred_at": now.isoformat(timespec="seconds"),
        "id": "signup-1",
    }
    with serving(both_databases) as served:

        def call(number: int) -> tuple[int, str]:
            headers = {
                "Authorization": f"Bearer {shop.key}",
                "Idempotency-Key": "same" if is_same_call else f"call-{number}",
            }
            status, answer = served.post("/api/v1/events", body, headers)
            return status, answer["state"]

        with ThreadPoolExecutor(16) as callers:
            answers = list(callers.map(call, range(16)))
    if is_same_call:
        assert set(answers) == {(201, "recorded")}
    else:
        assert sorted(answers) == [(200, "known")] * 15 + [(201, "recorded")]
    assert Event.objects.count() == 1
    rewards = Reward.objects.values_list("participant_id", flat=True)
    assert sorted(rewards) == sorted([ana.participant_id] * 2 + [ben.participant_id])
    assert check_balances() == []


def test_a_followed_link_redirects_and_is_counted_within_seconds(both_databases: str) -> None:
    ana = join_as("Ana", open_campaign())
    with serving(both_databases) as served:
        for agent in ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Firefox/132.0", "WhatsApp/2.24"):
            for _ in range(5):
                assert served.get(f"/l/{ana.link_code}", {"User-Agent": agent})[0] == 303
        for _ in range(200):
            if count_clicks_of(ana.participant_id) >= 5:
                break
            time.sleep(0.05)
        time.sleep(1.2)
    assert count_clicks_of(ana.participant_id) == 5


def test_it_answers_anything_as_its_description_says(postgresql_database: str, tmp_path: Path) -> None:
    shop = open_shop()
    with serving(postgresql_database) as served:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{served.address}/api/v1/openapi.json"]
        command += ["--header", f"Authorization: Bearer {shop.key}", "--checks", ",".join(CHECKS)]
        command += ["--phases", "examples,coverage,fuzzing", "--max-examples", "40", "--seed", "1"]
        command += ["--suppress-health-check", "all", "--no-color", "--warnings", "off"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert (Event.objects.count(), Reward.objects.count()) == (0, 0)
