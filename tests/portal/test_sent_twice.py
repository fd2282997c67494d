"""A button that is tapped twice on a slow line sends one thing, from every page on which something is written."""

from __future__ import annotations

import pytest

from onloan import clock
from onloan.cases.feedback_models import Feedback
from onloan.cases.models import Case
from onloan.outbox.models import Message
from tests.joining.support import open_market
from tests.portal.support import Visitor, add_participant

COMPLAINT = {"kind": "complaint", "country": "GB", "email": "ana@example.org", "text": "It is wrong."}
SEEN = {
    "item": "profile_photo", "channel": "elsewhere", "seen_on": clock.now().date().isoformat(),
    "address": "https://elsewhere.example/", "words": "There.",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("/en/requests/", COMPLAINT),
        ("/en/me/request/complaint/", {"text": "It is wrong."}),
        ("/en/me/request/restriction/", {"text": ""}),
        ("/en/me/request/erasure/", {"act": "erase", "text": ""}),
        ("/en/me/sighting/", SEEN),
        ("/en/o/spring-pot/GB/feedback/", {"topic": "asked", "text": "Why a photo?"}),
    ],
)
def test_one_form_sent_twice_is_one(sqlite_database: str, path: str, typed: dict[str, str]) -> None:
    ana, visitor = add_participant(open_market(country="GB")), Visitor()
    if "/me/" in path:
        visitor.sign_in(ana.participant_id)
    sent = {**typed, "form_id": visitor.get(path).one("input", name="form_id").get("value")}
    first = visitor.post(path, sent)
    mails = Message.objects.count()
    second = visitor.post(path, sent)
    assert (first.status, first.text) == (200, second.text)
    assert (Case.objects.count() + Feedback.objects.count(), Message.objects.count()) == (1, mails)


def test_the_next_form_is_another_one(sqlite_database: str) -> None:
    open_market(country="GB")
    visitor = Visitor()
    for _ in range(2):
        form_id = visitor.get("/en/requests/").one("input", name="form_id").get("value")
        visitor.post("/en/requests/", {**COMPLAINT, "form_id": form_id})
    assert Case.objects.count() == 2
