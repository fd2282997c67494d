"""Telling recipients, taking in their answers, and ending what has to be done: every write about duties but their
making (``duties.py``)."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext

from onloan import db, ids, keys
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.db import Statement, action
from onloan.errors import BadInput, NotFound
from onloan.evidence.actions import append_entry
from onloan.offers.queries import find_version, list_markets
from onloan.outbox.actions import NewEndpoint, add_endpoint, retire_endpoint
from onloan.outbox.rules import WebhookEvent
from onloan.outbox.signing import is_signed_by
from onloan.outbox.statements import mail_statement, webhook_statement
from onloan.outbox.team_mails import tell_members
from onloan.people.queries import find_participant, is_alive
from onloan.people.statements import lock_participant
from onloan.uses.duty_queries import find_recipient
from onloan.uses.duty_rules import ALARM_AGAIN_AFTER, ALARM_BEFORE, OPEN_STATES, DoorKind, NoticeState, is_reason
from onloan.uses.errors import AnswerNotSigned, DutyEnded
from onloan.uses.models import Notice, RecipientDoor, Takedown

ADDRESS_CHARACTERS_MAX = 254
PRESSED = "button"
_TAG_BYTES = 16


@action
def set_door(
    *, offer_id: UUID, recipient: str, kind: DoorKind, address: str, user_id: UUID, now: datetime
) -> NewEndpoint | None:
    """Say how a recipient is told, from now on. A webhook's secret is returned here and never again: the recipient
    checks our events with it and signs its answers. Raises NotAllowed, NotFound, BadInput, EndpointRefused."""
    require(find_member_by_id(user_id), Capability.HANDLE_CASES)
    find_recipient(offer_id, recipient)
    before = RecipientDoor.objects.filter(offer_id=offer_id, recipient=recipient).first()
    if before is not None and before.endpoint_id is not None:
        retire_endpoint(endpoint_id=before.endpoint_id)
    door_id = before.id if before is not None else ids.new_id()
    endpoint, sealed = None, None
    if kind is DoorKind.WEBHOOK:
        endpoint = add_endpoint(url=address.strip(), events=[WebhookEvent.NOTICE_DUE.value], now=now)
    else:
        sealed = keys.seal(keys.derive_key("recipient-door"), _check_mail(address).encode(), door_id.bytes)
    RecipientDoor.objects.update_or_create(
        offer_id=offer_id,
        recipient=recipient,
        defaults={
            "kind": kind,
            "sealed_address": sealed,
            "endpoint_id": endpoint.id if endpoint else None,
            "set_by_user_id": user_id,
            "set_at": now,
        },
        create_defaults={
            "id": door_id,
            "kind": kind,
            "sealed_address": sealed,
            "endpoint_id": endpoint.id if endpoint else None,
            "set_by_user_id": user_id,
            "set_at": now,
        },
    )
    return endpoint


def _check_mail(address: str) -> str:
    written = address.strip()
    try:
        validate_email(written)
    except ValidationError:
        written = ""
    if not 0 < len(written) <= ADDRESS_CHARACTERS_MAX:
        raise BadInput(field="address", problem=gettext("write one e-mail address"))
    return written


def tell_recipients(*, now: datetime, limit: int) -> int:
    """Write to recipients of whom something is waiting and who have a door. A periodic job; how many were told."""
    doors = {(door.offer_id, door.recipient): door for door in RecipientDoor.objects.all()}
    waiting = Notice.objects.filter(state=NoticeState.WAITING).order_by("due_at")[:limit]
    found = [(row, doors.get((row.offer_id, row.recipient))) for row in waiting]
    return sum(_tell(notice_id=row.id, door=door, now=now) for row, door in found if door is not None)


@action
def _tell(*, notice_id: UUID, door: RecipientDoor, now: datetime) -> bool:
    row = _lock_notice(notice_id)
    if row.state != NoticeState.WAITING:
        return False
    db.execute([_message(row, door)])
    Notice.objects.filter(id=row.id).update(state=NoticeState.TOLD, told_at=now)
    _record("recipient_told", row, now)
    return True


def _message(row: Notice, door: RecipientDoor) -> Statement:
    if door.endpoint_id is None:
        address = keys.unseal(
            keys.derive_key("recipient-door"), bytes(door.sealed_address or b""), door.id.bytes
        ).decode()
        return mail_statement(
            template="notice_due",
            language=settings.LANGUAGE_CODE,
            address=address,
            context={"due_on": row.due_at.date().isoformat(), "controller": _controller(row.offer_id)},
            secrets={"link": f"{settings.PUBLIC_URL}/{settings.LANGUAGE_CODE}/notices/{write_token(row.id)}/"},
        )
    person = find_participant(row.participant_id)
    assert person is not None, "the row is locked"
    return webhook_statement(
        event=WebhookEvent.NOTICE_DUE,
        payload={
            "notice": str(row.id),
            "participant": person.public_id,
            "items": ",".join(row.items),
            "cause": row.cause,
            "due_at": row.due_at.isoformat(),
            "acknowledge_url": f"{settings.PUBLIC_URL}/api/v1/notices/{row.id}/acknowledge",
        },
        idempotency_ref=row.id,
        endpoint_id=door.endpoint_id,
    )


def _controller(offer_id: UUID) -> str:
    version_id = next(market.version_id for market in list_markets() if market.offer_id == offer_id)
    return find_version(version_id).offer.controller.name


def write_token(notice_id: UUID) -> str:
    """The word in a mail that opens a notice, which only we can make (HMAC-SHA256, cut to 128 bits)."""
    tag = hmac.digest(keys.derive_key("notice-link"), notice_id.bytes, "sha256")[:_TAG_BYTES]
    return base64.urlsafe_b64encode(notice_id.bytes + tag).decode().rstrip("=")


def read_token(token: str) -> UUID:
    """The notice that a token opens. Raises NotFound."""
    try:
        found = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        notice_id = UUID(bytes=found[:16])
    except (binascii.Error, ValueError) as error:
        raise NotFound from error
    if not hmac.compare_digest(write_token(notice_id), token):
        raise NotFound
    return notice_id


@action
def acknowledge_signed(*, notice_id: UUID, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
    """A recipient says, signed with its secret, that it did what a notice asks. The same again changes nothing.

    Raises NotFound, AnswerNotSigned.
    """
    row = _lock_notice(notice_id)
    door = RecipientDoor.objects.filter(offer_id=row.offer_id, recipient=row.recipient).first()
    if door is None or door.endpoint_id is None or not is_signed_by(door.endpoint_id, body=body, headers=headers):
        raise AnswerNotSigned
    signature = {name.lower(): value for name, value in headers.items()}.get("webhook-signature", "")
    _acknowledge(row, signature[:400], now)


@action
def acknowledge_pressed(*, token: str, now: datetime) -> None:
    """The same by the button of the page that the mail leads to. Raises NotFound."""
    _acknowledge(_lock_notice(read_token(token)), PRESSED, now)


def _acknowledge(row: Notice, proof: str, now: datetime) -> None:
    if row.state not in OPEN_STATES:
        return
    Notice.objects.filter(id=row.id).update(
        state=NoticeState.ACKNOWLEDGED, answered_at=now, answer_proof=proof, told_at=row.told_at or now
    )
    _record("recipient_answered", row, now)


@action
def except_notice(*, notice_id: UUID, user_id: UUID, reason: str, now: datetime) -> None:
    """End a notice that its recipient does not answer, with a reason that stays. Raises NotAllowed, NotFound,
    BadInput, DutyEnded."""
    require(find_member_by_id(user_id), Capability.HANDLE_CASES)
    written = _check_reason(reason)
    row = _lock_notice(notice_id)
    if row.state not in OPEN_STATES:
        raise DutyEnded
    Notice.objects.filter(id=row.id).update(
        state=NoticeState.EXCEPTED, answered_at=now, reason=written, by_user_id=user_id
    )


@action
def finish_takedown(*, takedown_id: UUID, user_id: UUID, note: str, now: datetime) -> None:
    """Say that a copy is gone, and how. Raises NotAllowed, NotFound, BadInput, DutyEnded."""
    require(find_member_by_id(user_id), Capability.HANDLE_CASES)
    written = _check_reason(note)
    found = Takedown.objects.filter(id=takedown_id).values_list("participant_id", flat=True).first()
    if found is None:
        raise NotFound
    lock_participant(found)
    row = Takedown.objects.get(id=takedown_id)
    if row.done_at is not None:
        raise DutyEnded
    Takedown.objects.filter(id=row.id).update(done_at=now, done_by_user_id=user_id, note=written)
    append_entry(
        kind="takedown_done",
        fields={"reason": row.cause, "channel": row.channel, "consent_number": row.consent_number},
        participant_id=row.participant_id,
        occurred_at=now,
        is_linked=is_alive(row.participant_id),
    )


def _check_reason(text: str) -> str:
    written = " ".join(text.split())
    if not is_reason(written):
        raise BadInput(field="reason", problem=gettext("say it in 10 to 500 characters"))
    return written


def _lock_notice(notice_id: UUID) -> Notice:
    found = Notice.objects.filter(id=notice_id).values_list("participant_id", flat=True).first()
    if found is None:
        raise NotFound
    lock_participant(found)
    row: Notice = Notice.objects.get(id=notice_id)
    return row


def _record(kind: str, row: Notice, now: datetime) -> None:
    append_entry(
        kind=kind,
        fields={
            "recipient": row.recipient,
            "reason": row.cause,
            "items": list(row.items),
            "consent_number": row.consent_number,
        },
        participant_id=row.participant_id,
        occurred_at=now,
        is_linked=is_alive(row.participant_id),
    )


@action
def watch_duties(*, now: datetime) -> int:
    """Write to everybody who handles cases about what is due within a day or late, at most once a day each.

    Returns how many duties there were to tell of.
    """
    soon = {"due_at__lte": now + ALARM_BEFORE}
    notices = Notice.objects.filter(state__in=OPEN_STATES, **soon)
    takedowns = Takedown.objects.filter(done_at=None, **soon)
    untold = [
        rows.exclude(alarmed_at__gt=now - ALARM_AGAIN_AFTER).values_list("id", flat=True)
        for rows in (notices, takedowns)
    ]
    told = [list(rows) for rows in untold]
    if not any(told):
        return 0
    late = notices.filter(due_at__lt=now).count() + takedowns.filter(due_at__lt=now).count()
    waiting = notices.count() + takedowns.count()
    tell_members(Capability.HANDLE_CASES, "duties_due", {"count": waiting, "late": late})
    Notice.objects.filter(id__in=told[0]).update(alarmed_at=now)
    Takedown.objects.filter(id__in=told[1]).update(alarmed_at=now)
    return len(told[0]) + len(told[1])
