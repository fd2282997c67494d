"""What people would like changed, how well they understood what is asked of them, and what the team changed.

Nobody can tell from these rows who wrote them, we neither: there is no participant and no address in them. The
``mark`` of an answer is made with the person's own key, so that it counts once; erasure destroys that key.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from onloan.cases.feedback_rules import FeedbackDoor, Topic
from onloan.db import UUIDModel


class Feedback(UUIDModel):
    """One remark about one version in one market. ``sealed_text`` is null where a topic says it all."""

    market_id = models.UUIDField()
    version_number = models.PositiveIntegerField()
    topic = models.CharField(max_length=16)
    door = models.CharField(max_length=16)
    language = models.CharField(max_length=8)
    sealed_text = models.BinaryField(null=True)
    sent_at = models.DateTimeField()

    class Meta:
        db_table = "cases_feedback"
        constraints = [
            models.CheckConstraint(
                condition=Q(topic__in=[topic.value for topic in Topic]), name="cases_feedback_topic_is_known"
            ),
            models.CheckConstraint(
                condition=Q(door__in=[door.value for door in FeedbackDoor]), name="cases_feedback_door_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["market_id", "version_number", "topic"], name="cases_feedback_by_topic"),
            models.Index(fields=["market_id", "sent_at"], name="cases_feedback_by_time"),
        ]


class ClarityAnswer(UUIDModel):
    """How one person answered the three questions about a version. It has no effect on anything."""

    version_id = models.UUIDField()
    mark = models.CharField(max_length=64, unique=True)
    knows_who = models.BooleanField()
    knows_what = models.BooleanField()
    knows_until = models.BooleanField()
    answered_on = models.DateField()

    class Meta:
        db_table = "cases_clarity_answer"
        indexes = [models.Index(fields=["version_id"], name="cases_clarity_by_version")]


class Explanation(UUIDModel):
    """ "What changed and why", in one language, as the team wrote it when a market opened again."""

    market_id = models.UUIDField()
    old_version_number = models.PositiveIntegerField()
    new_version_number = models.PositiveIntegerField()
    language = models.CharField(max_length=8)
    text = models.CharField(max_length=1000)
    reopened_at = models.DateTimeField()
    user_id = models.UUIDField()

    class Meta:
        db_table = "cases_explanation"
        constraints = [
            models.UniqueConstraint(
                fields=["market_id", "reopened_at", "language"], name="cases_explanation_once_each_language"
            ),
            models.CheckConstraint(
                condition=Q(new_version_number__gte=F("old_version_number")), name="cases_explanation_goes_forward"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="cases_explanation_says_something"),
        ]
