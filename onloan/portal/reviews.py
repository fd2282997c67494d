"""Rewards that a member of the team looks at: why, until when, what to say, and how to ask for somebody else."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods

from onloan import clock
from onloan.errors import NotFound, OnloanError
from onloan.ledger.queries import RewardView, find_reward
from onloan.offers.wording import nature_of
from onloan.people.queries import ParticipantView
from onloan.portal import words
from onloan.portal.campaign import Campaign
from onloan.portal.cases import signed_in
from onloan.portal.done import go_and_say, read_done
from onloan.portal.forms import CommentForm
from onloan.portal.pages import render_page
from onloan.portal.people import campaign_for
from onloan.referrals import reviews
from onloan.referrals.review_queries import PersonReview, reviews_of
from onloan.referrals.review_rules import ReviewState

COMMENT, ASK_AGAIN = "comment", "ask-again"
DONE_WORDS: dict[str, Promise] = {
    COMMENT: gettext_lazy("Thank you. Whoever decides reads it first."),
    ASK_AGAIN: gettext_lazy("Done. Somebody else looks at it now, within ten days."),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What a person may write now: ``step`` says to whom."""

    step: str
    title: str
    sentence: str
    button: str
    form: CommentForm


@dataclass(frozen=True, slots=True)
class Section:
    """One review: where it stands, the amounts it is about, the reasons, and what may be written."""

    review: PersonReview
    lead: str
    amounts: list[str]
    question: Question | None


@require_http_methods(["GET", "HEAD", "POST"])
def review_page(request: HttpRequest) -> HttpResponse:
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    found = reviews_of(participant.id, now=clock.now())
    if not found:
        raise NotFound
    campaign = campaign_for(participant)
    step = request.POST.get("step", "") if request.method == "POST" else ""
    posted = request if step else None
    sections = [_section(participant, review, found, campaign, posted) for review in found]
    form = next((each.question.form for each in sections if each.question and each.question.step == step), None)
    if form is not None and form.is_valid() and _write(participant, step, form):
        return go_and_say(reverse("review"), step, participant)
    context = {
        "here": "me",
        "campaign": campaign,
        "merchant": campaign.merchant,
        "time_zone": campaign.time_zone,
        "sections": sections,
        "form": form,
        "done": DONE_WORDS.get(read_done(request, participant), ""),
    }
    status = 422 if form is not None and form.errors else 200
    return render_page(request, "me/review.html", context, status=status, colour=campaign.colour, is_private=True)


def _write(participant: ParticipantView, step: str, form: CommentForm) -> bool:
    """Whether it was written down; if not, the form says why."""
    text = form.cleaned_data["text"]
    try:
        if step == COMMENT:
            reviews.comment_on_review(participant_id=participant.id, text=text, now=clock.now())
        else:
            reviews.ask_again(participant_id=participant.id, text=text, now=clock.now())
    except OnloanError as error:
        form.mark(error, "text")
        return False
    return True


def _section(
    participant: ParticipantView,
    review: PersonReview,
    every: list[PersonReview],
    campaign: Campaign,
    posted: HttpRequest | None,
) -> Section:
    rewards = [find_reward(reward_id, participant.id) for reward_id in review.reward_ids]
    return Section(
        review,
        _lead(review, campaign),
        [_said_amount(reward, campaign) for reward in rewards],
        _question(review, every, campaign, posted),
    )


def _said_amount(reward: RewardView, campaign: Campaign) -> str:
    return f"{reward.amount.format(campaign.language)} {nature_of(reward.kind)}"


def _lead(review: PersonReview, campaign: Campaign) -> str:
    """Where it stands, in one or two sentences."""
    day = words.day(review.decide_by, campaign.language, campaign.time_zone)
    if review.state is ReviewState.COUNTED:
        return gettext("We looked at it, and it counts. Its dates stand on your page.")
    if review.state is ReviewState.FINAL:
        return gettext("It was looked at, and it does not count. Everything else that you earned is untouched.")
    if review.state is ReviewState.REFUSED:
        return gettext("A member of our team decided that it does not count. Nothing is lost yet.")
    if review.is_second_look:
        return gettext(
            "Somebody who did not decide the first time looks at it, by %(day)s. If nobody has decided by then, "
            "it counts."
        ) % {"day": day}
    return gettext(
        "A member of our team looks at it before it counts, by %(day)s. If nobody has decided by then, it counts."
    ) % {"day": day}


def _question(
    review: PersonReview, every: list[PersonReview], campaign: Campaign, posted: HttpRequest | None
) -> Question | None:
    """A text goes to the latest review that takes one, so only that one asks for it."""
    if review.may_comment and review.id == next(each.id for each in every if each.may_comment):
        return Question(
            COMMENT,
            gettext("Change what you said") if review.comment else gettext("What we should know"),
            gettext(
                "Say what happened, if you like. It helps whoever decides. You need not, and saying nothing does "
                "not count against you."
            ),
            gettext("Send"),
            _form(COMMENT, review.comment, posted),
        )
    if review.may_ask_again and review.id == next(each.id for each in every if each.may_ask_again):
        day = words.day(review.ask_again_until or review.decide_by, campaign.language, campaign.time_zone)
        return Question(
            ASK_AGAIN,
            gettext("Ask for somebody else"),
            gettext(
                "Until %(day)s you can ask another member of our team to look. Say why it should count, if you "
                "like."
            )
            % {"day": day},
            gettext("Ask for somebody else"),
            _form(ASK_AGAIN, "", posted),
        )
    return None


def _form(step: str, text: str, posted: HttpRequest | None) -> CommentForm:
    is_this = posted is not None and posted.POST.get("step") == step
    form = CommentForm(
        posted.POST if posted is not None and is_this else None, initial={"text": text}, auto_id=f"{step}-%s"
    )
    form.fields["text"].required = step == COMMENT
    return form
