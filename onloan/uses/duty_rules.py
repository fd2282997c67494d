"""What has to be done once a permission has ended: by whom, why, until when. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

OWN_TIME = timedelta(hours=24)
"""To take down a copy of the merchant's own."""
RECIPIENT_TIME = timedelta(hours=72)
"""For a recipient to remove what it received, and to say so (GDPR art. 19)."""
ALARM_BEFORE = timedelta(hours=24)
ALARM_AGAIN_AFTER = timedelta(hours=24)
REASON_CHARACTERS_MIN = 10
REASON_CHARACTERS_MAX = 500


class Cause(StrEnum):
    """Why recipients are told, and copies are taken down."""

    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    RECTIFIED = "rectified"
    ERASED = "erased"
    RESTRICTED = "restricted"
    OBJECTED = "objected"
    SEEN = "seen"


class NoticeState(StrEnum):
    """``waiting`` to be told; ``told``; answered by the recipient, or excepted by a named member with a reason."""

    WAITING = "waiting"
    TOLD = "told"
    ACKNOWLEDGED = "acknowledged"
    EXCEPTED = "excepted"


OPEN_STATES = (NoticeState.WAITING.value, NoticeState.TOLD.value)


class DoorKind(StrEnum):
    """How a recipient is told: a signed event, or a mail with a button."""

    WEBHOOK = "webhook"
    MAIL = "mail"


def due_at(now: datetime, recipient: str) -> datetime:
    """The instant by which it is done."""
    return now + (RECIPIENT_TIME if recipient else OWN_TIME)


def is_reason(text: str) -> bool:
    """Whether a reason says something, and not too much."""
    return REASON_CHARACTERS_MIN <= len(text) <= REASON_CHARACTERS_MAX
