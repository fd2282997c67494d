"""Mending what is wrong about a person: the change and what follows from it are one commit (GDPR art. 16, 19).

What is shown of them changes at that commit, as every view asks for the item anew; whoever received the old one is
told to mend it. What the person said is wrong is settled by it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from onloan.cases.restricting import end_disputes_about
from onloan.db import action
from onloan.people import changes
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
