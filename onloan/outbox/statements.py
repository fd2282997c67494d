"""Messages as statements, so that they are written in the transaction that causes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from onloan import clock, db, ids, keys
from onloan.db import Statement
from onloan.outbox.models import Message
from onloan.outbox.rules import (
    CONTEXT_FIELDS,
    CONTEXT_VALUE_CHARACTERS_MAX,
    EVENTS,
    KIND_MAIL,
    KIND_WEBHOOK,
    PAYLOAD_BYTES_MAX,
    SECRET_FIELDS,
    STATE_WAITING,
    TEMPLATES,
)

MailValue = str | int | list[str]


def mail_statement(
    *,
    template: str,
    language: str,
    context: Mapping[str, MailValue],
    participant_id: UUID | None = None,
    address: str | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Statement:
    """A mail to a participant, whose address is read when it is sent, or to an ``address``.

    ``context`` holds what the template shows and nothing personal; ``secrets`` (a one-time code) are sealed
    like the address, and wiped once the mail is sent. Unknown names are a mistake in our code: AssertionError.
    """
    assert template in TEMPLATES, template
    assert (participant_id is None) != (address is None), "a mail has one recipient"
    assert context.keys() <= CONTEXT_FIELDS, f"not for a mail: {sorted(context.keys() - CONTEXT_FIELDS)}"
    assert all(_is_bounded(value) for value in context.values()), "a mail's values are bounded"
    assert secrets is None or secrets.keys() <= SECRET_FIELDS
    message_id = ids.new_id()
    sealing_key, about = keys.derive_key("outbox"), seal_about(message_id)
    now = clock.now()
    return db.insert(
        Message,
        id=message_id,
        kind=KIND_MAIL,
        participant_id=participant_id,
        template=template,
        language=language,
        context=dict(context),
        sealed_address=keys.seal(sealing_key, address.encode(), about) if address is not None else None,
        sealed_context=keys.seal(sealing_key, json.dumps(dict(secrets)).encode(), about) if secrets else None,
        endpoint_id=None,
        idempotency_ref=None,
        state=STATE_WAITING,
        attempts=0,
        next_attempt_at=now,
        created_at=now,
        settled_at=None,
        last_error_code="",
    )


def webhook_statement(
    *,
    event: str,
    payload: Mapping[str, str | int],
    idempotency_ref: UUID,
    participant_id: UUID | None = None,
    endpoint_id: UUID | None = None,
) -> Statement:
    """An event for each endpoint that wants it, or for ``endpoint_id`` alone.

    Its receivers know a repeated one by ``idempotency_ref``. Written twice with the same reference, it is there
    once.
    """
    assert event in EVENTS, event
    assert len(json.dumps(dict(payload))) <= PAYLOAD_BYTES_MAX
    now = clock.now()
    return db.insert(
        Message,
        on_conflict="ON CONFLICT DO NOTHING",
        id=ids.new_id(),
        kind=KIND_WEBHOOK,
        participant_id=participant_id,
        template=event,
        language="en",
        context=dict(payload),
        sealed_address=None,
        sealed_context=None,
        endpoint_id=endpoint_id,
        idempotency_ref=idempotency_ref,
        state=STATE_WAITING,
        attempts=0,
        next_attempt_at=now,
        created_at=now,
        settled_at=None,
        last_error_code="",
    )


def seal_about(message_id: UUID) -> bytes:
    """What a sealed column of a message is bound to: this table and this row."""
    return b"outbox_message/" + message_id.bytes


def _is_bounded(value: MailValue) -> bool:
    lines = value if isinstance(value, list) else [value]
    return len(lines) <= 20 and all(len(str(line)) <= CONTEXT_VALUE_CHARACTERS_MAX for line in lines)


def endpoint_statement(*, event: Message, endpoint_id: UUID, now: datetime) -> Statement:
    """The message that brings ``event`` to one endpoint; written twice, it is there once."""
    return db.insert(
        Message,
        on_conflict="ON CONFLICT DO NOTHING",
        id=ids.new_id(),
        kind=KIND_WEBHOOK,
        participant_id=event.participant_id,
        template=event.template,
        language=event.language,
        context=event.context,
        sealed_address=None,
        sealed_context=None,
        endpoint_id=endpoint_id,
        idempotency_ref=event.idempotency_ref,
        state=STATE_WAITING,
        attempts=0,
        next_attempt_at=now,
        created_at=event.created_at,
        settled_at=None,
        last_error_code="",
    )


def claim_statement(*, now: datetime, lease_ends_at: datetime, limit: int) -> Statement:
    """Count a try of each due message and push its next one behind the lease; returns the messages.

    On SQLite the caller is the only writer, so there is nobody whose rows need skipping.
    """
    skip = " FOR UPDATE SKIP LOCKED" if db.is_postgresql() else ""
    sql = (
        "UPDATE outbox_message SET attempts = attempts + 1, next_attempt_at = %s WHERE id IN ("  # noqa: S608
        "SELECT id FROM outbox_message WHERE state = 'waiting' AND next_attempt_at <= %s"
        " AND (kind = 'mail' OR endpoint_id IS NOT NULL) ORDER BY next_attempt_at LIMIT %s" + skip + ")"
        " RETURNING id, kind, participant_id, template, language, context, sealed_address, sealed_context,"
        " endpoint_id, idempotency_ref, attempts, created_at"
    )
    return sql, [db.time_value(lease_ends_at), db.time_value(now), limit]


def delivered_statement(tries: Iterable[tuple[UUID, int]], *, now: datetime) -> tuple[str, list[Sequence[object]]]:
    """What settles a message that arrived, and the values for each of ``tries``: its id and the number of its try.
    In the order of their ids, so that two processes that settle the same ones do not wait for each other."""
    sql = (
        "UPDATE outbox_message SET state = 'sent', settled_at = %s, last_error_code = '', sealed_address = NULL,"
        " sealed_context = NULL WHERE id = %s AND state = 'waiting' AND attempts = %s"
    )
    settled_at = db.time_value(now)
    return sql, [(settled_at, db.uuid_value(message_id), attempts) for message_id, attempts in sorted(tries)]
