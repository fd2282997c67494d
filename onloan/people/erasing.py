"""What people holds of a person, gone: their key first, without which every sealed item is noise."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from onloan.db import action
from onloan.people.models import (
    CodeLookup,
    EmailCode,
    EmailLookup,
    Item,
    ItemChange,
    LookupRecord,
    Participant,
    PersonKey,
)
from onloan.people.queries import read_erasures_stopped, read_item
from onloan.people.sealing import email_code_hash
from onloan.people.statements import lock_participant

# Vouchers and slips are money: their codes still find them, and the bearer's slip finds them all. The public id
# still tells recipients whom to remove.
_KEPT_CODES = ("voucher", "slip", "bearer", "participant")


@action
def erase_person(*, participant_id: UUID, now: datetime) -> None:
    """Delete key, items, their history, who looked, and every way to find the person. The row stays, with nothing
    that says who it was: the books and the log speak of it. Raises NotFound; again changes nothing."""
    lock_participant(participant_id)
    email = read_item(participant_id, "email")
    if email is not None:
        EmailCode.objects.filter(email_hash=email_code_hash(email.decode())).delete()
    for model in (PersonKey, Item, ItemChange, LookupRecord, EmailLookup):
        model._default_manager.filter(participant_id=participant_id).delete()
    CodeLookup.objects.filter(participant_id=participant_id).exclude(kind__in=_KEPT_CODES).delete()
    Participant.objects.filter(id=participant_id, erased_at__isnull=True).update(erased_at=now)


@action
def forget_public_id(*, participant_id: UUID) -> None:
    """The last name that others know the person by, gone: nobody has to be told of them any more."""
    lock_participant(participant_id)
    CodeLookup.objects.filter(participant_id=participant_id, kind="participant").delete()
    Participant.objects.filter(id=participant_id, erased_at__isnull=False).update(public_id="")


@action
def count_stopped_erasure(*, participant_id: UUID, at_least: int = 0) -> None:
    """One more was stopped; with ``at_least`` a restored backup, which counts no stop after its day, catches up.
    Raises NotFound."""
    lock_participant(participant_id)
    stopped = at_least if at_least else read_erasures_stopped(participant_id) + 1
    Participant.objects.filter(id=participant_id, erasures_stopped__lt=stopped).update(erasures_stopped=stopped)
