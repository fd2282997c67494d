"""What was just done, said once on the page to which it leads: a link that somebody sent claims nothing there."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from onloan.people.queries import ParticipantView
from onloan.portal import session
from onloan.portal.session import DONE_COOKIE


def go_and_say(address: str, word: str, participant: ParticipantView) -> HttpResponse:
    """To a page that can be reloaded without doing it again; ``word`` stands there for what was done."""
    response = HttpResponseRedirect(address)
    said = {"address": address, "word": word, "holder": participant.id.hex}
    session.save_sealed(response, DONE_COOKIE, said)
    return response


def read_done(request: HttpRequest, participant: ParticipantView) -> str:
    """The word for what this participant did before this page; empty for nothing. The page that shows it forgets
    it (``pages.render_page``)."""
    said = session.read_sealed(request, DONE_COOKIE) or {}
    is_meant = (said.get("address"), said.get("holder")) == (request.path, participant.id.hex)
    return said["word"] if is_meant else ""
