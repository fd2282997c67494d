"""The copy that a member makes for a request and sends: a file to print and post, or to send on."""

from __future__ import annotations

from uuid import UUID

from onloan import clock
from onloan.cases.pack.building import Pack
from onloan.cases.pack.handing import REASON_CHARACTERS_MAX, make_copy
from onloan.console.pages import TeamRequest, read_text


def make_wanted_copy(request: TeamRequest, case_id: UUID) -> Pack:
    """What the form asked for. Raises what ``make_copy`` raises."""
    reason = read_text(request, "why_copy", REASON_CHARACTERS_MAX)
    return make_copy(case_id=case_id, user_id=request.member.id, reason=reason, now=clock.now())
