"""What the demo's people would like changed, and how they answered the three questions; marked as demo."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from onloan.cases.clarity import answer_clarity
from onloan.cases.clarity_rules import Answers
from onloan.cases.feedback import send_feedback
from onloan.cases.feedback_rules import FeedbackDoor, Topic
from onloan.joining.actions import Joined
from onloan.offers.queries import find_market
from onloan.people.queries import find_participant

# Country, topic, door, words, days ago.
REMARKS = (
    ("FR", Topic.ASKED, FeedbackDoor.MY_PAGE, "(démo) Pourquoi une photo ? Un pseudo suffit.", 15),
    ("FR", Topic.ASKED, FeedbackDoor.OFFER_PAGE, "(démo) Je ne veux montrer ma photo à personne.", 12),
    ("FR", Topic.DURATION, FeedbackDoor.MY_PAGE, "(démo) 180 jours, c'est long.", 9),
    ("FR", Topic.CLARITY, FeedbackDoor.OFFER_PAGE, "", 7),
    ("FR", Topic.PAYMENT, FeedbackDoor.MY_PAGE, "(démo) Quand les espèces arrivent-elles ?", 3),
    ("GB", Topic.DURATION, FeedbackDoor.MY_PAGE, "(demo) Thirty days would do.", 8),
    ("GB", Topic.SHOWN, FeedbackDoor.OFFER_PAGE, "(demo) Who sees the invitation page?", 4),
)
LANGUAGES = {"FR": "fr", "GB": "en"}
MISTAKEN = {"Karim demo": "until", "Jules demo": "who", "Kit demo": "until"}
"""Who did not get one of the three right."""


def tell_feedback(*, offer_slug: str, joined: Mapping[str, Joined], now: datetime) -> None:
    """Send the remarks, and answer for everybody who joined."""
    for country, topic, door, text, days_ago in REMARKS:
        send_feedback(
            offer_slug=offer_slug, country=country, version_number=find_market(offer_slug, country).version_number,
            topic=topic, text=text, door=door, language=LANGUAGES[country], now=now - timedelta(days=days_ago),
        )  # fmt: skip
    for name, person in joined.items():
        participant = find_participant(person.participant_id)
        assert participant is not None, "the demo erases nobody"
        wrong = MISTAKEN.get(name, "")
        answer_clarity(
            participant_id=participant.id, version_id=participant.version_id,
            answers=Answers(who=wrong != "who", what=wrong != "what", until=wrong != "until"),
            time_zone="Europe/Paris", now=now,
        )  # fmt: skip
