"""How topics are said to whoever writes and whoever reads."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from onloan.cases.feedback_rules import Topic

TOPIC_WORDS: dict[Topic, Promise] = {
    Topic.ASKED: gettext_lazy("What I am asked to allow"),
    Topic.SHOWN: gettext_lazy("Where things are shown, and who sees them"),
    Topic.DURATION: gettext_lazy("For how long"),
    Topic.AMOUNTS: gettext_lazy("The amounts"),
    Topic.CONDITIONS: gettext_lazy("What must happen to get them"),
    Topic.PAYMENT: gettext_lazy("How and when it is paid"),
    Topic.CLARITY: gettext_lazy("It is hard to understand"),
    Topic.OTHER: gettext_lazy("Something else"),
}
