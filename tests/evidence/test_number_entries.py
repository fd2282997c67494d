"""Entries get their place in the log, once, in order."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from onloan import db
from onloan.errors import MustStopError
from onloan.evidence import actions, checkpoints, queries, statements
from onloan.evidence.tree import EMPTY_ROOT

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
ANA = uuid.UUID("00000000-0000-4000-8000-0000000000aa")


def open_market(country: str) -> None:
    actions.append_entry(kind="market_opened", fields={"offer": "spring-pot", "market": country}, occurred_at=NOON)


def test_it_keeps_the_order_of_the_queue(both_databases: str) -> None:
    for country in ("FR", "GB", "DE"):
        open_market(country)
    assert actions.number_entries() == 3
    assert [entry.read()["market"] for entry in queries.entries(0, 10)] == ["FR", "GB", "DE"]
    assert [entry.log_index for entry in queries.entries(0, 10)] == [0, 1, 2]
    assert not queries.is_anything_waiting()
