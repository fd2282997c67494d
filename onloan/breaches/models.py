"""Breaches, what was said of each over time, and telling people. No table says who was touched.

Nothing can be deleted before its time: triggers of both databases refuse it (migration ``0002_keep``), as they
refuse to change an entry. ``released_at`` opens a record for the retention job, five years after it was closed.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from onloan.breaches.rules import (
    LINE_CHARACTERS_MAX,
    REASON_CHARACTERS_MAX,
    REFERENCE_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    EntryKind,
    Risk,
    State,
)
from onloan.db import UUIDModel


class Breach(UUIDModel):
    """What is known now. How it read before, who wrote it and when stands in the entries.

    ``due_at``: the next instant by which an authority is to be told, None when no such clock runs.
    ``alarm_hours``: the last alarm that was sent for it.
    """

    reference = models.CharField(max_length=16, unique=True)
    recorded_at = models.DateTimeField()
    recorded_by_user_id = models.UUIDField()
    aware_at = models.DateTimeField()
    happened_from = models.DateTimeField(null=True)
    happened_to = models.DateTimeField(null=True)
    countries = models.JSONField()
    facts = models.CharField(max_length=TEXT_CHARACTERS_MAX)
    people_categories = models.CharField(max_length=LINE_CHARACTERS_MAX)
    people_count = models.BigIntegerField(null=True)
    record_categories = models.CharField(max_length=LINE_CHARACTERS_MAX)
    records_count = models.BigIntegerField(null=True)
    effects = models.CharField(max_length=TEXT_CHARACTERS_MAX)
    measures = models.CharField(max_length=TEXT_CHARACTERS_MAX)
    contact = models.CharField(max_length=LINE_CHARACTERS_MAX)
    risk = models.CharField(max_length=8)
    risk_reason = models.CharField(max_length=REASON_CHARACTERS_MAX)
    state = models.CharField(max_length=8)
    closed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    alarm_hours = models.SmallIntegerField(null=True)
    released_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "breaches_breach"
        constraints = [
            models.CheckConstraint(condition=Q(risk__in=list(Risk)), name="breaches_breach_risk_is_known"),
            models.CheckConstraint(condition=Q(state__in=list(State)), name="breaches_breach_state_is_known"),
            models.CheckConstraint(condition=~Q(facts=""), name="breaches_breach_says_what_happened"),
            models.CheckConstraint(
                condition=Q(aware_at__lte=F("recorded_at")), name="breaches_breach_aware_before_recorded"
            ),
            # No likely risk is a judgement, and it is kept why (art. 33(1), (5)).
            models.CheckConstraint(
                condition=Q(risk=Risk.UNKNOWN) | ~Q(risk_reason=""), name="breaches_breach_risk_has_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(state=State.OPEN, closed_at__isnull=True)
                | Q(state=State.CLOSED, closed_at__isnull=False, due_at__isnull=True),
                name="breaches_breach_is_open_or_closed_at",
            ),
            models.CheckConstraint(
                condition=Q(released_at__isnull=True) | Q(state=State.CLOSED),
                name="breaches_breach_goes_only_closed",
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="breaches_breach_due")]


class Entry(UUIDModel):
    """One thing that was written or done. ``values`` holds what was new in it; ``by_user_id`` is null where the
    program did it. ``due_at`` stands beside a first notification: told later than that, it says why."""

    breach = models.ForeignKey(Breach, on_delete=models.PROTECT)
    kind = models.CharField(max_length=16)
    at = models.DateTimeField()
    by_user_id = models.UUIDField(null=True)
    values = models.JSONField()
    note = models.CharField(max_length=REASON_CHARACTERS_MAX)
    country = models.CharField(max_length=2)
    told_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    authority_reference = models.CharField(max_length=REFERENCE_CHARACTERS_MAX)
    is_correction = models.BooleanField()

    class Meta:
        db_table = "breaches_entry"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=list(EntryKind)), name="breaches_entry_kind_is_known"),
            models.CheckConstraint(
                condition=Q(kind=EntryKind.AUTHORITY_TOLD, told_at__isnull=False, country__regex="^[A-Z]{2}$")
                | (~Q(kind=EntryKind.AUTHORITY_TOLD) & Q(told_at__isnull=True, country="")),
                name="breaches_entry_says_which_authority",
            ),
            # GDPR art. 33(1): later than 72 hours needs reasons.
            models.CheckConstraint(
                condition=Q(due_at__isnull=True) | Q(told_at__lte=F("due_at")) | ~Q(note=""),
                name="breaches_entry_late_has_reasons",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=[EntryKind.PEOPLE_NOT_TOLD, EntryKind.CLOSED, EntryKind.REOPENED])
                | ~Q(note=""),
                name="breaches_entry_says_why",
            ),
        ]
        indexes = [models.Index(fields=["breach", "at"], name="breaches_entry_by_time")]


class Telling(UUIDModel):
    """Telling the people of some markets by mail.

    ``reached_id`` is how far the job came, so that a killed one goes on and nobody is told twice. It is empty once
    everybody was told, and then nothing here leads to anybody.
    """

    breach = models.ForeignKey(Breach, on_delete=models.PROTECT)
    countries = models.JSONField()
    offer_id = models.UUIDField(null=True)
    offer_slug = models.CharField(max_length=64)
    texts = models.JSONField()
    started_at = models.DateTimeField()
    started_by_user_id = models.UUIDField()
    people_count = models.PositiveIntegerField()
    told_count = models.PositiveIntegerField()
    reached_id = models.UUIDField(null=True)
    finished_at = models.DateTimeField(null=True)
    failed_count = models.PositiveIntegerField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "breaches_telling"
        constraints = [
            models.UniqueConstraint(
                fields=["breach"], condition=Q(finished_at__isnull=True), name="breaches_telling_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(reached_id__isnull=True),
                name="breaches_telling_ends_without_anybody",
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, failed_count__isnull=True)
                | Q(settled_at__isnull=False, failed_count__isnull=False, finished_at__isnull=False),
                name="breaches_telling_settles_after_its_end",
            ),
        ]
