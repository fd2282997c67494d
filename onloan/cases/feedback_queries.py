"""Reads of feedback and of what the team answered to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from onloan.cases.feedback_models import Explanation, Feedback
from onloan.cases.feedback_rules import FeedbackDoor, Topic, find_move
from onloan.cases.sealing import unseal_text
from onloan.offers.queries import list_changes


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody wrote; nobody knows who."""

    version_number: int
    topic: Topic
    door: FeedbackDoor
    language: str
    text: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class WhatChanged:
    """What changed in a market when it opened again, with what the team says about it in one language; or when its
    version changed while it ran, of which nothing is said."""

    old_number: int
    new_number: int
    text: str
    changed_at: datetime

    @property
    def has_new_version(self) -> bool:
        return self.new_number > self.old_number


def count_feedback(market_id: UUID) -> dict[int, dict[Topic, int]]:
    """By version number, newest first, then by topic: how many people said something."""
    rows = (
        Feedback.objects.filter(market_id=market_id)
        .values_list("version_number", "topic")
        .annotate(Count("id"))
        .order_by("-version_number")
    )
    found: dict[int, dict[Topic, int]] = {}
    for number, topic, count in rows:
        found.setdefault(number, {})[Topic(topic)] = count
    return found


def count_remarks(market_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many people said something about each of these markets, in one statement."""
    rows = Feedback.objects.filter(market_id__in=market_ids).values_list("market_id")
    return dict(rows.annotate(Count("id")))


def list_remarks(
    market_id: UUID, *, version_number: int | None, topic: Topic | None, first: int, limit: int
) -> Sequence[Remark]:
    """What was written in words, latest first, from the ``first`` one on (from 0)."""
    rows = Feedback.objects.filter(market_id=market_id, sealed_text__isnull=False)
    if version_number is not None:
        rows = rows.filter(version_number=version_number)
    if topic is not None:
        rows = rows.filter(topic=topic)
    return [
        Remark(
            version_number=row.version_number,
            topic=Topic(row.topic),
            door=FeedbackDoor(row.door),
            language=row.language,
            text=unseal_text(row.id, bytes(row.sealed_text or b"")),
            sent_at=row.sent_at,
        )
        for row in rows.order_by("-sent_at", "-id")[first : first + limit]
    ]


def find_latest_change(market_id: UUID, language: str) -> WhatChanged | None:
    """What changed last, explained or not; None if nothing did."""
    explained, moved = find_what_changed(market_id, language), find_move(list_changes(market_id))
    if moved is None or (explained is not None and explained.new_number >= moved[1].version_number):
        return explained
    before, after = moved
    return WhatChanged(before.version_number, after.version_number, "", after.at)


def find_what_changed(market_id: UUID, language: str) -> WhatChanged | None:
    """What was said when the market last opened again, in ``language``, else in another; None if nothing was."""
    rows = Explanation.objects.filter(market_id=market_id).order_by("-reopened_at", "language")
    newest = list(rows[:10])
    same = [row for row in newest if row.reopened_at == newest[0].reopened_at]
    row = next((row for row in same if row.language == language), same[0] if same else None)
    if row is None:
        return None
    return WhatChanged(row.old_version_number, row.new_version_number, row.text, row.reopened_at)
