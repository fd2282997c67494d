"""Mails and webhooks that wait to be sent, and the endpoints of the merchant's systems."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from onloan.db import UUIDModel
from onloan.outbox.rules import KIND_MAIL, KIND_WEBHOOK, KINDS, STATE_WAITING, STATES, URL_CHARACTERS_MAX


class Message(UUIDModel):
    """One mail, or one event for one endpoint.

    An event is first written without an endpoint; sending it means writing one row for each endpoint that
    wants it. ``context`` never holds anything personal. What must stay secret on the way (an address, a
    one-time code) is sealed, and gone as soon as the message no longer waits.
    """

    kind = models.CharField(max_length=8)
    participant_id = models.UUIDField(null=True)
    template = models.CharField(max_length=40)
    language = models.CharField(max_length=8)
    context = models.JSONField()
    sealed_address = models.BinaryField(null=True)
    sealed_context = models.BinaryField(null=True)
    endpoint_id = models.UUIDField(null=True)
    idempotency_ref = models.UUIDField(null=True)
    state = models.CharField(max_length=8)
    attempts = models.PositiveSmallIntegerField()
    next_attempt_at = models.DateTimeField()
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    last_error_code = models.CharField(max_length=40)

    class Meta:
        db_table = "outbox_message"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="outbox_message_kind_is_known"),
            models.CheckConstraint(condition=Q(state__in=STATES), name="outbox_message_state_is_known"),
            models.CheckConstraint(
                condition=Q(state=STATE_WAITING) | Q(sealed_address__isnull=True, sealed_context__isnull=True),
                name="outbox_message_keeps_no_secret_once_settled",
            ),
            models.CheckConstraint(
                condition=(Q(state=STATE_WAITING) & Q(settled_at__isnull=True))
                | (~Q(state=STATE_WAITING) & Q(settled_at__isnull=False)),
                name="outbox_message_is_settled_or_waits",
            ),
            models.CheckConstraint(
                condition=Q(kind=KIND_MAIL, idempotency_ref__isnull=True, endpoint_id__isnull=True)
                | Q(kind=KIND_WEBHOOK, idempotency_ref__isnull=False),
                name="outbox_message_of_webhook_has_reference",
            ),
            # An event is written once, and once for each endpoint, however often its cause is repeated.
            models.UniqueConstraint(
                fields=["idempotency_ref", "endpoint_id"],
                condition=Q(endpoint_id__isnull=False),
                name="outbox_message_once_per_endpoint",
            ),
            models.UniqueConstraint(
                fields=["idempotency_ref"],
                condition=Q(kind=KIND_WEBHOOK, endpoint_id__isnull=True),
                name="outbox_message_event_once",
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(state=STATE_WAITING), name="outbox_message_due"),
            models.Index(fields=["settled_at"], name="outbox_message_by_settled"),
            # A person's copy and their erasure find their messages among everybody's.
            models.Index(
                fields=["participant_id", "created_at"],
                condition=Q(participant_id__isnull=False),
                name="outbox_message_of_person",
            ),
        ]


class Endpoint(UUIDModel):
    """An address of the merchant that receives signed events. Its secret is sealed; it is shown once."""

    url = models.CharField(max_length=URL_CHARACTERS_MAX)
    sealed_secret = models.BinaryField()
    events = models.JSONField()
    active = models.BooleanField()
    created_at = models.DateTimeField()
    last_answered_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "outbox_endpoint"
        constraints = [
            models.UniqueConstraint(fields=["url"], condition=Q(active=True), name="outbox_endpoint_url_once"),
        ]
