"""Writes about people: one-time codes, the draft of a form, items, flags."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import connection
from django.db.models import F

from onloan import db
from onloan.db import action
from onloan.errors import NotFound
from onloan.outbox.statements import mail_statement
from onloan.people import sealing
from onloan.people.codes import (
    LONG_CODE_VALID_FOR,
    WRONG_TRIES_PER_DAY_MAX,
    admit_code,
    count_statement,
    must_be_long,
    new_code,
    tries_statement,
)
from onloan.people.errors import (
    CodeNotValid,
    DraftTooLarge,
    EmailNotConfirmed,
    EmailNotValid,
    UsernameNotValid,
)
from onloan.people.models import EmailCode, EmailLookup, Item, Participant, PersonKey, Suppression
from onloan.people.rules import CODE_PURPOSES, ITEM_NAMES, check_email, check_username, read_code
from onloan.people.statements import item_statements, lock_address, lock_participant
from onloan.together import as_one, fetch_values

CODE_ATTEMPTS_MAX = 5
DRAFT_BYTES_MAX = 200_000
CODES_KEPT_FOR = sealing.VERIFIED_FOR + LONG_CODE_VALID_FOR

Flag = Literal["restricted", "objected", "checks_objected"]
FLAGS: tuple[Flag, ...] = ("restricted", "objected", "checks_objected")
_CODE_TEMPLATES = {
    "change": "change_code",
    "follow": "follow_code",
    "request": "request_code",
    "sighting": "sighting_code",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedEmail:
    """An address that its owner has just confirmed, and the draft of the form that they had begun.

    ``participant_id`` is set when the address has already joined the offer that the code was asked for: then
    there is nothing to fill in, the person is signed in.
    """

    code_id: UUID
    email: str
    purpose: str
    offer_id: UUID | None
    market_id: UUID | None
    participant_id: UUID | None
    draft: dict[str, object] | None


def normalize_email(text: str) -> str:
    """The address as it is kept. Raises EmailNotValid."""
    try:
        return check_email(text)
    except ValueError:
        raise EmailNotValid(field="email") from None


def normalize_username(text: str) -> str:
    """The name as it is shown. Raises UsernameNotValid."""
    try:
        return check_username(text)
    except ValueError:
        raise UsernameNotValid(field="username") from None


@action
def send_code(
    *,
    email: str,
    offer_id: UUID | None,
    market_id: UUID | None,
    purpose: str,
    language: str,
    now: datetime,
    context: Mapping[str, str] | None = None,
) -> UUID | None:
    """Send a one-time code of six digits to ``email``; it holds for ten minutes. Its id goes to the browser that
    asked, sealed: with it ``check_code`` tells its tries from those of strangers.

    Whoever asks learns nothing about the address: a person who has already joined gets a mail that says so,
    with a code that signs them in. Past ``CODES_PER_HOUR_MAX`` no mail goes, the answer is None, and the last
    code, a long one, still works. ``context`` is what else the mail shows (the campaign's name). Raises
    EmailNotValid and CodesBusy, each before anything is stored.
    """
    assert purpose in CODE_PURPOSES
    email = normalize_email(email)
    email_hash = sealing.email_code_hash(email)
    lock_address(email_hash)
    sent, wrong_tries = fetch_values(
        [count_statement(email_hash, purpose, now), tries_statement(email_hash, purpose, now)]
    )
    if not admit_code(sent, now):
        return None
    joined = offer_id is not None and _find_joined(offer_id, email) is not None
    template = "join_code" if purpose == "join" and not joined else _CODE_TEMPLATES.get(purpose, "sign_in_code")
    made = new_code(
        email_hash=email_hash, offer_id=offer_id, market_id=market_id, purpose=purpose,
        is_long=must_be_long(sent, wrong_tries), now=now,
    )  # fmt: skip
    mail = mail_statement(
        template=template, language=language, address=email,
        context={**(context or {}), "expires_minutes": made.minutes}, secrets={"code": made.shown},
    )  # fmt: skip
    db.execute(as_one([made.statement, mail]))
    return made.id


def _find_joined(offer_id: UUID, email: str) -> UUID | None:
    value_hash = sealing.email_hash(offer_id, email)
    return EmailLookup.objects.filter(value_hash=value_hash).values_list("participant_id", flat=True).first()


def check_code(
    *, email: str, code: str, purpose: str, now: datetime, asked_id: UUID | None = None
) -> VerifiedEmail:
    """Confirm ``email`` with the code that was sent to it; each code confirms once.

    ``asked_id`` is what ``send_code`` answered to this very browser. Its wrong tries close that code for it; those
    of anybody else close the way without it, and never this one. Raises CodeNotValid for a wrong, used, old or too
    often tried code, all alike; the try is counted first, in a transaction of its own, so that no error undoes the
    count.
    """
    assert not connection.in_atomic_block, "a wrong try is counted although the caller's work is refused"
    assert purpose in CODE_PURPOSES
    verified = _try_code(
        email=normalize_email(email), digits=read_code(code), purpose=purpose, asked_id=asked_id, now=now
    )
    if verified is None:
        raise CodeNotValid(field="code")
    return verified


@action
def _try_code(
    *, email: str, digits: str, purpose: str, asked_id: UUID | None, now: datetime
) -> VerifiedEmail | None:
    email_hash = sealing.email_code_hash(email)
    live = EmailCode.objects.filter(
        email_hash=email_hash, purpose=purpose, verified_at__isnull=True, expires_at__gt=now
    ).order_by("-created_at")
    rows = list(live.select_for_update() if db.is_postgresql() else live)
    (wrong_tries,) = fetch_values([tries_statement(email_hash, purpose, now)])
    own = next((row for row in rows if row.id == asked_id and row.attempts < CODE_ATTEMPTS_MAX), None)
    loose = [
        row
        for row in rows
        if row is not own and not row.is_long
        if row.loose_attempts < CODE_ATTEMPTS_MAX and wrong_tries < WRONG_TRIES_PER_DAY_MAX
    ]
    open_rows = [row for row in rows if row is own or row.is_long or row in loose]
    row = next((row for row in open_rows if secrets.compare_digest(row.code_hash, _hash_of(row, digits))), None)
    if row is None:
        _count_try(own, loose)
        return None
    row.verified_at = now
    row.sealed_draft = None
    draft = _take_draft(email_hash, row.market_id, now) if purpose == "join" else None
    if draft is not None:
        row.sealed_draft = sealing.seal_draft(row.id, draft)
    row.save(update_fields=["verified_at", "sealed_draft"])
    return VerifiedEmail(
        code_id=row.id,
        email=email,
        purpose=purpose,
        offer_id=row.offer_id,
        market_id=row.market_id,
        participant_id=_find_joined(row.offer_id, email) if row.offer_id is not None else None,
        draft=json.loads(draft) if draft is not None else None,
    )


def _hash_of(row: EmailCode, digits: str) -> str:
    """What no code has is the hash of nothing."""
    return sealing.digits_hash(row.id, digits)


def _count_try(own: EmailCode | None, loose: Sequence[EmailCode]) -> None:
    """A wrong try of the browser that asked counts against its own code, and as anybody's against every other."""
    if own is not None and not own.is_long:
        own.attempts += 1
        own.save(update_fields=["attempts"])
    for row in loose:
        row.loose_attempts += 1
        row.save(update_fields=["loose_attempts"])


def _take_draft(email_hash: str, market_id: UUID | None, now: datetime) -> bytes | None:
    """The latest draft for this address and market: it moves to the code that has just been confirmed."""
    earlier = (
        EmailCode.objects.filter(
            email_hash=email_hash,
            market_id=market_id,
            sealed_draft__isnull=False,
            created_at__gt=now - CODES_KEPT_FOR,
        )
        .order_by("-created_at")
        .first()
    )
    if earlier is None or earlier.sealed_draft is None:
        return None
    draft = sealing.unseal_draft(earlier.id, bytes(earlier.sealed_draft))
    EmailCode.objects.filter(id=earlier.id).update(sealed_draft=None)
    return draft


@action
def save_draft(*, code_id: UUID, draft: Mapping[str, object], now: datetime) -> None:
    """Keep what was typed so far, sealed, for as long as the confirmed address holds.

    Raises EmailNotConfirmed when the code was not confirmed or that is over a day ago, and DraftTooLarge.
    """
    plain = json.dumps(dict(draft)).encode()
    if len(plain) > DRAFT_BYTES_MAX:
        raise DraftTooLarge
    kept = EmailCode.objects.filter(id=code_id, verified_at__gt=now - sealing.VERIFIED_FOR).update(
        sealed_draft=sealing.seal_draft(code_id, plain)
    )
    if not kept:
        raise EmailNotConfirmed


@action
def purge_codes(*, now: datetime) -> int:
    """Delete codes and drafts that no longer open anything; returns how many. A daily job, or a busier one."""
    deleted, _ = EmailCode.objects.filter(created_at__lt=now - CODES_KEPT_FOR).delete()
    return deleted


@action
def remove_photo(*, participant_id: UUID) -> None:
    remove_items(participant_id=participant_id, names=["profile_photo"])


@action
def set_items(*, participant_id: UUID, items: Mapping[str, bytes]) -> None:
    """Keep each item sealed under the person's key, in place of the one that was there.

    The caller has checked the values. Raises NotFound for a person who is not there or whose key is gone.
    """
    lock_participant(participant_id)
    wrapped_key = (
        PersonKey.objects.filter(participant_id=participant_id).values_list("wrapped_key", flat=True).first()
    )
    if wrapped_key is None:
        raise NotFound
    person_key = sealing.unwrap_person_key(participant_id, bytes(wrapped_key))
    db.execute(item_statements(participant_id=participant_id, person_key=person_key, items=dict(items)))


@action
def remove_items(*, participant_id: UUID, names: Sequence[str]) -> None:
    """Delete these items; those that are not there are no mistake."""
    assert set(names) <= set(ITEM_NAMES), "the set of items is closed"
    lock_participant(participant_id)
    Item.objects.filter(participant_id=participant_id, name__in=list(names)).delete()


@action
def set_flag(*, participant_id: UUID, flag: Flag, now: datetime) -> None:
    """Restrict (GDPR art. 18), or mark an objection to advertising (art. 21(2)) or to checks by a program (art.
    21(1)): the gate denies what it stops from the commit on.

    A flag never stops a payment. One that is already set keeps its first date. Raises NotFound.
    """
    lock_participant(participant_id)
    column = f"{flag}_at"
    Participant.objects.filter(id=participant_id, **{f"{column}__isnull": True}).update(**{column: now})


@action
def lift_flag(*, participant_id: UUID, flag: Flag) -> None:
    """Take a flag away again. The person is told beforehand (GDPR art. 18(3)); stopped consents stay ended."""
    lock_participant(participant_id)
    Participant.objects.filter(id=participant_id).update(**{f"{flag}_at": None})


@action
def end_sessions(*, participant_id: UUID) -> None:
    """Sign the person out on every device, also where a copy of their cookie is. Raises NotFound."""
    lock_participant(participant_id)
    Participant.objects.filter(id=participant_id).update(session_number=F("session_number") + 1)


@action
def suppress_address(*, email: str, now: datetime) -> None:
    """Never write to this address for advertising (GDPR art. 21(3)), whoever it belongs to. One that is known
    keeps its first day. Raises EmailNotValid."""
    value_hash = sealing.suppression_hash(normalize_email(email))
    db.execute([db.insert(Suppression, value_hash=value_hash, since=now, on_conflict="ON CONFLICT DO NOTHING")])


@action
def release_address(*, email: str) -> None:
    """Whoever owns the address wants to be written to again. One that is not known is no mistake."""
    Suppression.objects.filter(value_hash=sealing.suppression_hash(normalize_email(email))).delete()


@action
def dispute_item(*, participant_id: UUID, name: str, now: datetime) -> bool:
    """The person says that this item is wrong: until that is settled nobody is asked to allow it (GDPR art.
    18(1)(a)). Whether there is such an item; one that is disputed already keeps its first date. Raises NotFound.
    """
    lock_participant(participant_id)
    items = Item.objects.filter(participant_id=participant_id, name=name)
    items.filter(disputed_at__isnull=True).update(disputed_at=now)
    return items.exists()


@action
def settle_item(*, participant_id: UUID, name: str) -> None:
    """The item is right, or was put right. One that is gone, or was not disputed, is no mistake."""
    lock_participant(participant_id)
    Item.objects.filter(participant_id=participant_id, name=name).update(disputed_at=None)


@action
def mark_pot_released(*, participant_id: UUID, now: datetime) -> None:
    """Remember that what this person could still have earned went back to the pool."""
    lock_participant(participant_id)
    Participant.objects.filter(id=participant_id, has_pot=True, pot_released_at__isnull=True).update(
        pot_released_at=now
    )
