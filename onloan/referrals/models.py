"""Links, counted clicks, who brought whom, and what the merchant's systems reported."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from onloan.db import ParticipantModel, UUIDModel


class Link(ParticipantModel):
    """The link a participant shares. Its code leads to it through ``people_code_lookup``, unique there."""

    code = models.CharField(max_length=8)
    market_id = models.UUIDField()
    offer_id = models.UUIDField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "referrals_link"
        constraints = [
            models.UniqueConstraint(fields=["participant_id"], name="referrals_link_once"),
        ]


class ClickDay(UUIDModel):
    """How often a link was opened by people on one day (UTC). Nothing about who opened it exists."""

    link_code = models.CharField(max_length=8)
    day = models.DateField()
    count = models.PositiveIntegerField()

    class Meta:
        db_table = "referrals_click_day"
        constraints = [
            models.UniqueConstraint(fields=["link_code", "day"], name="referrals_click_day_once"),
        ]


class Attribution(ParticipantModel):
    """Who brought a participant (the friend): one sponsor, told at joining, never changed.

    ``credited`` says whether the sponsor is rewarded for it: the friend came within the sponsor's window.
    """

    sponsor_id = models.UUIDField()
    link_code = models.CharField(max_length=8)
    market_id = models.UUIDField()
    attributed_at = models.DateTimeField()
    credited = models.BooleanField()
    qualified_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "referrals_attribution"
        constraints = [
            models.UniqueConstraint(fields=["participant_id"], name="referrals_attribution_once"),
            models.CheckConstraint(
                condition=~Q(sponsor_id=F("participant_id")), name="referrals_attribution_is_not_to_oneself"
            ),
            models.CheckConstraint(
                condition=Q(qualified_at__isnull=True) | Q(qualified_at__gte=F("attributed_at")),
                name="referrals_attribution_qualifies_after_joining",
            ),
        ]
        indexes = [
            models.Index(fields=["sponsor_id", "participant_id"], name="referrals_attribution_sponsor"),
        ]


class Event(ParticipantModel):
    """A qualifying event as the merchant reported it. One of a kind for each person: nothing counts twice."""

    event = models.CharField(max_length=40)
    external_ref = models.CharField(max_length=64)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        db_table = "referrals_event"
        constraints = [
            models.UniqueConstraint(fields=["participant_id", "event"], name="referrals_event_once"),
        ]
