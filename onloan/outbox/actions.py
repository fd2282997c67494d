"""Every write of the outbox: claim what is due, settle it, manage endpoints."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django.db import IntegrityError, connection

from onloan import db, ids, keys
from onloan.db import action
from onloan.errors import NotFound
from onloan.outbox import delivery, statements
from onloan.outbox.delivery import Outcome, SignedEvent
from onloan.outbox.errors import EndpointRefused, ResendRefused
from onloan.outbox.mails import RenderedMail, render_mail
from onloan.outbox.models import Endpoint, Message
from onloan.outbox.rules import (
    EVENTS,
    KIND_MAIL,
    LEASE,
    STATE_FAILED,
    STATE_SENT,
    STATE_WAITING,
    next_attempt_at,
    problem_of_url,
)
from onloan.outbox.signing import new_secret, read_secret, seal_secret

logger = logging.getLogger(__name__)

SENDERS_AT_ONCE = 8
ENDPOINTS_MAX = 20
SENT_KEPT = timedelta(days=30)
FAILED_KEPT = timedelta(days=90)

AddressReader = Callable[[UUID], str | None]
Letter = RenderedMail | SignedEvent


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """A message that this process alone may send until its lease ends."""

    id: UUID
    kind: str
    participant_id: UUID | None
    template: str
    language: str
    context: dict[str, Any]
    sealed_address: bytes | None
    sealed_context: bytes | None
    endpoint_id: UUID | None
    idempotency_ref: UUID | None
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint just made. ``secret`` is shown here and never again."""

    id: UUID
    secret: str


def deliver_due(*, now: datetime, limit: int = 50, read_address: AddressReader) -> int:
    """Send what is due, at most ``limit`` messages, and return how many were tried.

    Claiming and settling are transactions of their own; sending lies between them, so that no lock waits for
    somebody else's server. A process that dies between leaves its messages to the next one once their lease
    has ended: a message arrives at least once, and its id tells a receiver that it came twice.
    ``read_address`` gives a participant's address, or None when there is none any more.
    """
    assert not connection.in_atomic_block, "nothing is sent inside a transaction"
    _spread_events(now=now, limit=limit)
    claimed = _claim_due(now=now, limit=limit)
    letters = [_prepare(message, read_address) for message in claimed]
    ended = list(zip(claimed, _send_all(letters), strict=True))
    # First what arrived, together: whatever becomes of the others cannot undo it.
    delivered = [message for message, outcome in ended if not outcome.error_code]
    if delivered:
        _settle_delivered(messages=delivered, now=now)
    for message, outcome in ended:
        if outcome.error_code:
            _settle_failed(message=message, outcome=outcome, now=now)
    return len(claimed)


@action
def _spread_events(*, now: datetime, limit: int) -> None:
    """Write one message for each endpoint that wants an event, and settle the event itself.

    One that nobody wants has failed: it is listed, and can be sent again once there is an endpoint.
    """
    due = Message.objects.filter(
        state=STATE_WAITING, next_attempt_at__lte=now, idempotency_ref__isnull=False, endpoint_id__isnull=True
    ).order_by("next_attempt_at")
    if db.is_postgresql():
        due = due.select_for_update(skip_locked=True)
    events = list(due[:limit])
    if not events:
        return
    endpoints = list(Endpoint.objects.filter(active=True))
    unwanted: list[UUID] = []
    for event in events:
        wanting = [endpoint for endpoint in endpoints if event.template in endpoint.events]
        if not wanting:
            unwanted.append(event.id)
        db.execute(
            statements.endpoint_statement(event=event, endpoint_id=endpoint.id, now=now) for endpoint in wanting
        )
    settled = Message.objects.filter(id__in=[event.id for event in events])
    settled.exclude(id__in=unwanted).update(state=STATE_SENT, settled_at=now)
    settled.filter(id__in=unwanted).update(state=STATE_FAILED, settled_at=now, last_error_code="NO-ENDPOINT")


@action
def _claim_due(*, now: datetime, limit: int) -> list[ClaimedMessage]:
    """Take what is due. Another process skips these rows while they are locked, and then until the lease ends."""
    sql, values = statements.claim_statement(now=now, lease_ends_at=now + LEASE, limit=limit)
    return [_claimed(row) for row in db.fetch_all(sql, values)]


def _claimed(row: Sequence[Any]) -> ClaimedMessage:
    return ClaimedMessage(
        id=db.read_uuid(row[0]),
        kind=row[1],
        participant_id=db.read_uuid(row[2]) if row[2] else None,
        template=row[3],
        language=row[4],
        context=json.loads(row[5]) if isinstance(row[5], str) else row[5],
        sealed_address=bytes(row[6]) if row[6] is not None else None,
        sealed_context=bytes(row[7]) if row[7] is not None else None,
        endpoint_id=db.read_uuid(row[8]) if row[8] else None,
        idempotency_ref=db.read_uuid(row[9]) if row[9] else None,
        attempts=row[10],
        created_at=db.read_time(row[11]),
    )


def _prepare(message: ClaimedMessage, read_address: AddressReader) -> Letter | Outcome:
    """What to send; or, when that is clear beforehand, how it ends. One bad message never stops the others."""
    try:
        if message.kind == KIND_MAIL:
            return _prepare_mail(message, read_address)
        return _prepare_event(message)
    except InvalidTag:
        return Outcome("SEAL-BROKEN", True)
    except Exception as error:
        # Only the error's kind is written down: its text could quote what the message says.
        logger.error("message %s cannot be prepared: %s", message.id, type(error).__name__)  # noqa: TRY400
        return Outcome("NOT-PREPARED", False)


def _prepare_mail(message: ClaimedMessage, read_address: AddressReader) -> Letter | Outcome:
    sealing_key, about = keys.derive_key("outbox"), statements.seal_about(message.id)
    if message.participant_id is not None:
        address = read_address(message.participant_id)
    elif message.sealed_address is not None:
        address = keys.unseal(sealing_key, message.sealed_address, about).decode()
    else:
        address = None
    if address is None:
        return Outcome("NO-ADDRESS", True)
    unsealed: dict[str, str] = {}
    if message.sealed_context is not None:
        unsealed = json.loads(keys.unseal(sealing_key, message.sealed_context, about))
    subject, body = render_mail(
        template=message.template, language=message.language, context=message.context, secrets=unsealed
    )
    return RenderedMail(address, subject, body, message.id.hex, message.context.get("controller", ""))


def _prepare_event(message: ClaimedMessage) -> Letter | Outcome:
    assert message.endpoint_id is not None and message.idempotency_ref is not None
    endpoint = Endpoint.objects.filter(id=message.endpoint_id, active=True).first()
    if endpoint is None:
        return Outcome("ENDPOINT-RETIRED", True)
    return SignedEvent(
        url=endpoint.url,
        secret=read_secret(endpoint),
        reference=f"msg_{message.idempotency_ref.hex}",
        body=delivery.event_body(message.template, message.created_at, message.context),
    )


def _send_all(letters: Sequence[Letter | Outcome]) -> list[Outcome]:
    """Several at once where somebody else's server is waited for; else one after the other, because threads of one
    process take turns, and on SQLite requests wait for theirs."""
    if not any(delivery.is_waited_for(letter) for letter in letters if not isinstance(letter, Outcome)):
        return [_send(letter) for letter in letters]
    with ThreadPoolExecutor(max_workers=SENDERS_AT_ONCE) as senders:
        return list(senders.map(_send, letters))


def _send(letter: Letter | Outcome) -> Outcome:
    if isinstance(letter, Outcome):
        return letter
    try:
        return delivery.send_mail(letter) if isinstance(letter, RenderedMail) else delivery.send_event(letter)
    except Exception as error:
        logger.error("a message cannot be sent: %s", type(error).__name__)  # noqa: TRY400
        return Outcome("NOT-SENT", False)


@action
def _settle_delivered(*, messages: Sequence[ClaimedMessage], now: datetime) -> None:
    """Write down that they arrived, and wipe what was secret in them. One whose lease had ended and that another
    process tried since is left to that one."""
    sql, rows = statements.delivered_statement([(message.id, message.attempts) for message in messages], now=now)
    db.execute_many(sql, rows)
    endpoints = {message.endpoint_id for message in messages if message.endpoint_id is not None}
    if endpoints:
        Endpoint.objects.filter(id__in=endpoints).update(last_answered_at=now)


@action
def _settle_failed(*, message: ClaimedMessage, outcome: Outcome, now: datetime) -> None:
    """Write down when to try again, or that it is over, unless another process tried since."""
    mine = Message.objects.filter(id=message.id, state=STATE_WAITING, attempts=message.attempts)
    again_at = None if outcome.is_final else next_attempt_at(message.kind, message.template, message.attempts, now)
    if again_at is not None:
        mine.update(next_attempt_at=again_at, last_error_code=outcome.error_code)
        return
    mine.update(
        state=STATE_FAILED,
        settled_at=now,
        last_error_code=outcome.error_code,
        sealed_address=None,
        sealed_context=None,
    )
    if message.endpoint_id is not None and outcome.error_code == f"HTTP-{delivery.GONE}":
        Endpoint.objects.filter(id=message.endpoint_id).update(active=False)


@action
def resend_message(*, message_id: UUID, now: datetime) -> None:
    """Begin the tries of a failed message anew. Raises NotFound, ResendRefused."""
    message = Message.objects.filter(id=message_id).first()
    if message is None:
        raise NotFound
    if message.state != STATE_FAILED or (message.kind == KIND_MAIL and message.participant_id is None):
        raise ResendRefused
    Message.objects.filter(id=message_id, state=STATE_FAILED).update(
        state=STATE_WAITING, settled_at=None, attempts=0, next_attempt_at=now, last_error_code=""
    )


@action
def add_endpoint(*, url: str, events: Sequence[str], now: datetime) -> NewEndpoint:
    """Send ``events`` to ``url`` from now on. Raises EndpointRefused."""
    problem = problem_of_url(url)
    if problem is not None:
        raise EndpointRefused(field="url", problem=problem)
    if not events or not set(events) <= set(EVENTS):
        raise EndpointRefused(field="events", problem=f"its events are some of: {', '.join(EVENTS)}")
    if Endpoint.objects.filter(active=True).count() >= ENDPOINTS_MAX:
        raise EndpointRefused(field="url", problem=f"there are already {ENDPOINTS_MAX} endpoints")
    if Endpoint.objects.filter(active=True, url=url).exists():
        raise EndpointRefused(field="url", problem="it is there already")
    endpoint_id = ids.new_id()
    secret = new_secret()
    try:
        Endpoint.objects.create(
            id=endpoint_id,
            url=url,
            sealed_secret=seal_secret(endpoint_id, secret),
            events=sorted(set(events)),
            active=True,
            created_at=now,
        )
    except IntegrityError as error:
        raise EndpointRefused(field="url", problem="it is there already") from error
    return NewEndpoint(endpoint_id, secret)


@action
def retire_endpoint(*, endpoint_id: UUID) -> None:
    """Send nothing to this endpoint any more. Raises NotFound."""
    if not Endpoint.objects.filter(id=endpoint_id, active=True).update(active=False):
        raise NotFound


@action
def forget_settled(*, now: datetime) -> int:
    """Drop messages that ended long ago: sent ones after 30 days, failed ones after 90."""
    sent, _ = Message.objects.filter(state=STATE_SENT, settled_at__lt=now - SENT_KEPT).delete()
    failed, _ = Message.objects.filter(state=STATE_FAILED, settled_at__lt=now - FAILED_KEPT).delete()
    return sent + failed
