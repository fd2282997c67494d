"""Mending what is wrong about a person: the change and what follows from it are one commit (GDPR art. 16, 19).

What is shown of them changes at that commit, as every view asks for the item anew; whoever received the old one is
told to mend it. What the person said is wrong is settled by it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from onloan.cases.models import Case
from onloan.cases.restricting import end_disputes_about
from onloan.cases.sealing import contact_hash, seal_contact
from onloan.db import action
from onloan.people import changes
from onloan.people.actions import normalize_email
from onloan.people.queries import read_item
from onloan.people.statements import lock_participant
from onloan.uses.duties import tell_rectified


@action
def rectify_username(*, participant_id: UUID, username: str, now: datetime) -> bool:
    """Show another name, and tell its recipients; whether it is another one. Raises UsernameNotValid, NotFound."""
    is_changed = changes.change_username(participant_id=participant_id, username=username, now=now)
    if is_changed:
        tell_rectified(participant_id=participant_id, items=["username"], now=now)
        end_disputes_about(participant_id=participant_id, item="username", now=now)
    return is_changed


@action
def rectify_photo(*, participant_id: UUID, photo: bytes | None, now: datetime) -> bool:
    """Show another photo, or none, and tell its recipients; whether anything changed. Raises NotFound."""
    is_changed = changes.change_photo(participant_id=participant_id, photo=photo, now=now)
    if is_changed:
        tell_rectified(participant_id=participant_id, items=["profile_photo"], now=now)
        end_disputes_about(participant_id=participant_id, item="profile_photo", now=now)
    return is_changed


@action
def rectify_email(*, participant_id: UUID, email: str, code_id: UUID, now: datetime) -> bool:
    """Write to another address; whether it is another one. What they asked and kept the old address, as an erasure
    does, keeps the new one: the old mailbox opens none of it, and no answer goes there. Raises what
    ``changes.change_email`` raises."""
    lock_participant(participant_id)
    before = read_item(participant_id, "email")
    is_changed = changes.change_email(participant_id=participant_id, email=email, code_id=code_id, now=now)
    if is_changed and before is not None:
        written = normalize_email(email)
        kept = Case.objects.filter(participant_id=participant_id, contact_hash=contact_hash(before.decode()))
        for case_id in list(kept.values_list("id", flat=True)):
            Case.objects.filter(id=case_id).update(
                sealed_contact=seal_contact(case_id, written), contact_hash=contact_hash(written)
            )
    return is_changed
