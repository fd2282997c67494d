"""What referrals hold that leads to a person, gone; totals stay."""

from __future__ import annotations

from uuid import UUID

from onloan.db import action
from onloan.people.statements import lock_participant
from onloan.referrals.models import Attribution, ClickDay, Event, Link, Mark, Review


@action
def forget_traces(*, participant_id: UUID) -> None:
    """Delete the link and its clicks, the marks, what the shop called their events, and what was written about
    their rewards. Who brought whom stays, between rows that name nobody: the other person's total counts on it; so
    does what a human still has to decide."""
    lock_participant(participant_id)
    codes = list(Link.objects.filter(participant_id=participant_id).values_list("code", flat=True))
    ClickDay.objects.filter(link_code__in=codes).delete()
    Link.objects.filter(participant_id=participant_id).delete()
    Attribution.objects.filter(sponsor_id=participant_id).update(link_code="")
    Attribution.objects.filter(participant_id=participant_id).update(link_code="")
    Event.objects.filter(participant_id=participant_id).update(external_ref="")
    Review.objects.filter(participant_id=participant_id).update(
        reason_text="", second_reason_text="", sealed_comment=None, sealed_second_comment=None
    )
    Mark.objects.filter(participant_id=participant_id).delete()
