"""What a person gave is changed: by themselves, or by a named member on their word (GDPR art. 16)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from onloan import db, ids
from onloan.db import action
from onloan.errors import NotFound
from onloan.evidence.statements import entry_statements
from onloan.offers.queries import find_version
from onloan.outbox.statements import mail_statement
from onloan.people import sealing
from onloan.people.actions import (
    end_sessions,
    normalize_email,
    normalize_username,
    send_code,
    suppress_address,
)
from onloan.people.errors import EmailNotConfirmed, EmailTaken, LanguageNotOffered
from onloan.people.models import EmailCode, EmailLookup, Item, ItemChange, LookupRecord, Participant, PersonKey
from onloan.people.photos import STORED_BYTES_MAX
from onloan.people.queries import ParticipantView, find_participant, read_item
from onloan.people.statements import item_statements, lock_participant


@action
def change_username(*, participant_id: UUID, username: str, now: datetime, by_user_id: UUID | None = None) -> bool:
    """Show another name from now on; whether it is another one. Raises UsernameNotValid, NotFound."""
    name = normalize_username(username).encode()
    lock_participant(participant_id)
    before = read_item(participant_id, "username")
    if before == name:
        return False
    _write_item(participant_id, "username", name)
    _record_change(participant_id, "username", before, now, by_user_id)
    return True


@action
def change_photo(
    *, participant_id: UUID, photo: bytes | None, now: datetime, by_user_id: UUID | None = None
) -> bool:
    """Show another photo, or none; whether anything changed. ``photo`` is the answer of ``photos.prepare_photo``.

    The old one is gone at once: keeping what somebody replaced would serve nobody. Raises NotFound.
    """
    assert photo is None or (photo.startswith(b"\xff\xd8") and len(photo) <= STORED_BYTES_MAX), "prepare it first"
    lock_participant(participant_id)
    if photo is None:
        deleted, _ = Item.objects.filter(participant_id=participant_id, name="profile_photo").delete()
        if not deleted:
            return False
    elif read_item(participant_id, "profile_photo") == photo:
        return False
    else:
        _write_item(participant_id, "profile_photo", photo)
    _record_change(participant_id, "profile_photo", None, now, by_user_id)
    return True


def send_change_code(*, participant_id: UUID, email: str, now: datetime) -> UUID | None:
    """Send a code to the address that a person wants from now on. It says nothing of whether anybody has it. The
    answer is that of ``send_code``.

    Raises EmailNotValid, CodesBusy, NotFound.
    """
    person = _find_person(participant_id)
    return send_code(
        email=email,
        offer_id=person.offer_id,
        market_id=person.market_id,
        purpose="change",
        language=person.language,
        now=now,
        context=_campaign(person),
    )


@action
def change_email(*, participant_id: UUID, email: str, code_id: UUID, now: datetime) -> bool:
    """Write to another address from now on, and tell the old one; whether it is another one. Every device is
    signed out: whoever could read the old mailbox may have signed in by it.

    ``code_id`` is what ``check_code`` answered for ``email``; it serves once. Raises EmailNotValid,
    EmailNotConfirmed, EmailTaken for an address that joined the same offer, NotFound.
    """
    email = normalize_email(email)
    lock_participant(participant_id)
    used, _ = EmailCode.objects.filter(
        id=code_id,
        purpose="change",
        email_hash=sealing.email_code_hash(email),
        verified_at__gt=now - sealing.VERIFIED_FOR,
    ).delete()
    if not used:
        raise EmailNotConfirmed(field="email")
    person = _find_person(participant_id)
    before = read_item(participant_id, "email")
    if before == email.encode():
        return False
    try:
        with transaction.atomic():
            EmailLookup.objects.create(
                value_hash=sealing.email_hash(person.offer_id, email), participant_id=participant_id
            )
    except IntegrityError:
        raise EmailTaken(field="email") from None
    if before is not None:
        EmailLookup.objects.filter(value_hash=sealing.email_hash(person.offer_id, before.decode())).delete()
        db.execute([
            mail_statement(
                template="email_changed", language=person.language, address=before.decode(),
                context=_campaign(person),
            )
        ])  # fmt: skip
    if person.objected_at is not None:
        suppress_address(email=email, now=now)
    _write_item(participant_id, "email", email.encode())
    _record_change(participant_id, "email", before, now, None)
    end_sessions(participant_id=participant_id)
    return True


@action
def change_language(*, participant_id: UUID, language: str, now: datetime) -> bool:
    """Write to the person in another language of their market. Raises LanguageNotOffered, NotFound."""
    lock_participant(participant_id)
    person = _find_person(participant_id)
    if language not in list_languages(person):
        raise LanguageNotOffered(field="language")
    if language == person.language:
        return False
    Participant.objects.filter(id=participant_id).update(language=language)
    _record_change(participant_id, "language", person.language.encode(), now, None)
    return True


def list_languages(person: ParticipantView) -> tuple[str, ...]:
    """In which languages the campaign that this person joined writes, in their market."""
    return find_version(person.version_id).offer.markets[person.country].languages


@action
def record_lookup(*, participant_id: UUID, user_id: UUID, kind: str, text: str, now: datetime) -> UUID:
    """Keep that a member looks at this person's file, and why, before they see it. ``kind`` is one word.

    Raises NotFound.
    """
    assert kind.isidentifier(), "the first line is the kind, the rest is the member's text"
    lock_participant(participant_id)
    record_id = ids.new_id()
    sealed = sealing.seal_item(
        participant_id, f"lookup/{record_id}", read_person_key(participant_id), f"{kind}\n{text}".encode()
    )
    LookupRecord.objects.create(
        id=record_id, participant_id=participant_id, user_id=user_id, looked_up_at=now, sealed_reason=sealed
    )
    return record_id


def read_person_key(participant_id: UUID) -> bytes:
    """The person's key in plain. Raises NotFound once it was destroyed."""
    wrapped_key = (
        PersonKey.objects.filter(participant_id=participant_id).values_list("wrapped_key", flat=True).first()
    )
    if wrapped_key is None:
        raise NotFound
    return sealing.unwrap_person_key(participant_id, bytes(wrapped_key))


def _write_item(participant_id: UUID, name: str, value: bytes) -> None:
    person_key = read_person_key(participant_id)
    db.execute(item_statements(participant_id=participant_id, person_key=person_key, items={name: value}))


def _record_change(
    participant_id: UUID, name: str, before: bytes | None, now: datetime, by_user_id: UUID | None
) -> None:
    change_id = ids.new_id()
    sealed = None
    if before is not None:
        sealed = sealing.seal_item(participant_id, f"change/{change_id}", read_person_key(participant_id), before)
    person = _find_person(participant_id)
    db.execute([
        db.insert(
            ItemChange,
            id=change_id, participant_id=participant_id, name=name, changed_at=now, by_user_id=by_user_id,
            sealed_before=sealed,
        ),
        *entry_statements(
            kind="item_changed",
            fields={"items": [name], "market": person.country},
            participant_id=participant_id,
            occurred_at=now,
        ),
    ])  # fmt: skip


def _find_person(participant_id: UUID) -> ParticipantView:
    person = find_participant(participant_id)
    if person is None or person.erased_at is not None:
        raise NotFound
    return person


def _campaign(person: ParticipantView) -> dict[str, str]:
    offer = find_version(person.version_id).offer
    return {"campaign": offer.title[person.language], "controller": offer.controller.name}
