"""Saying what one would like changed, reading what changed and why, and the check of clarity."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from onloan import ids
from onloan.cases.clarity import answer_clarity, find_answers
from onloan.cases.clarity_rules import ASKED, Question, check_answers, make_questions
from onloan.cases.errors import ClarityUnanswered
from onloan.cases.feedback import send_feedback
from onloan.cases.feedback_queries import WhatChanged, count_feedback, find_latest_change, find_what_changed
from onloan.cases.feedback_rules import COUNTED_MIN, TEXT_CHARACTERS_MAX, FeedbackDoor, Topic
from onloan.cases.feedback_words import TOPIC_WORDS
from onloan.errors import NotFound, OnloanError
from onloan.offers.comparing import compare_versions, split_rows
from onloan.offers.queries import find_market_by_id, find_version, find_version_number
from onloan.people.queries import ParticipantView
from onloan.portal import words
from onloan.portal.campaign import Campaign, campaign_of, campaign_page, render_campaign
from onloan.portal.cases import signed_in
from onloan.portal.forms import LinesField, PlainForm


class FeedbackForm(PlainForm):
    """A topic, and a few words for those who like."""

    topic = forms.ChoiceField(
        label=gettext_lazy("What is it about?"),
        choices=[(topic.value, words_of) for topic, words_of in TOPIC_WORDS.items()],
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose what it is about."),
            "invalid_choice": gettext_lazy("Choose what it is about."),
        },
    )
    text = LinesField(
        label=gettext_lazy("What should change?"),
        help_text=gettext_lazy("At most 1,000 characters. Please name nobody, not even yourself."),
        required=False,
        max_length=TEXT_CHARACTERS_MAX,
        error_messages={"max_length": gettext_lazy("This is longer than 1,000 characters. Please shorten it.")},
        widget=forms.Textarea(attrs={"rows": "5"}),
    )


class ClarityForm(PlainForm):
    """The three questions, no answer chosen beforehand."""

    def __init__(self, *args: object, questions: tuple[Question, ...], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for question in questions:
            self.fields[question.asked] = forms.ChoiceField(
                label=question.text,
                choices=[(option.key, option.text) for option in question.options],
                widget=forms.RadioSelect,
                error_messages=dict.fromkeys(
                    ("required", "invalid_choice"), gettext("Choose one answer, or leave the page.")
                ),
            )


@require_http_methods(["GET", "HEAD", "POST"])
@campaign_page
def feedback_page(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """For everybody, signed in or not: nothing is kept of who writes."""
    me = _participant_of(request, campaign)
    number = campaign.version.number if me is None else find_version(me.version_id).number
    form = FeedbackForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            send_feedback(
                offer_slug=campaign.market.offer_slug,
                country=campaign.market.country,
                version_number=number,
                topic=form.cleaned_data["topic"],
                text=form.cleaned_data["text"],
                door=_door(campaign, is_mine=me is not None),
                language=campaign.language,
                feedback_id=ids.read_id(request.POST.get("form_id", "")),
                now=campaign.now,
            )
        except OnloanError as error:
            form.mark(error)
        else:
            return redirect("feedback-sent", slug=campaign.market.offer_slug, country=campaign.market.country)
    context = {"form": form, "number": number, "said": said_so_far(campaign)}
    return render_campaign(request, "feedback/form.html", campaign, context, status=422 if form.errors else 200)


@require_safe
@campaign_page
def feedback_sent(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    return render_campaign(request, "feedback/sent.html", campaign, {})


@require_safe
@campaign_page
def changes_page(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """What changed and why, with the old version and the new one side by side."""
    changed = latest_change(campaign)
    if changed is None:
        raise NotFound
    slug = campaign.market.offer_slug
    old, new = (find_version_number(slug, each).offer for each in (changed.old_number, changed.new_number))
    rows = compare_versions(old, new, campaign.market.country, campaign.language)
    return render_campaign(request, "feedback/changes.html", campaign, {"changed": changed, **split_rows(rows)})


@require_http_methods(["GET", "HEAD", "POST"])
def clarity_page(request: HttpRequest) -> HttpResponse:
    """Three questions about the version that this participant joined under, once; then the right answers."""
    participant = signed_in(request)
    if participant is None:
        return redirect("sign-in")
    version = find_version(participant.version_id)
    campaign = campaign_of(find_market_by_id(participant.market_id), version)
    questions = make_questions(version.offer, get_language() or "en")
    if not questions:
        return redirect("me")
    kept = find_answers(participant.id, version.id)
    form = ClarityForm(request.POST if request.method == "POST" else None, questions=questions)
    if request.method == "POST" and kept is None and form.is_valid():
        try:
            answers = check_answers(questions, {name: form.cleaned_data[name] for name in ASKED})
        except ValueError as error:
            form.mark(ClarityUnanswered(field=str(error)))
        else:
            answer_clarity(
                participant_id=participant.id,
                version_id=version.id,
                answers=answers,
                time_zone=campaign.time_zone,
                now=campaign.now,
            )
            return redirect("clarity")
    told = [] if kept is None else [(each, getattr(kept.answers, each.asked)) for each in questions]
    context = {"form": form, "kept": kept, "told": told, "here": "me"}
    status = 422 if kept is None and form.errors else 200
    return render_campaign(request, "feedback/clarity.html", campaign, context, status=status, is_private=True)


def what_changed(campaign: Campaign) -> WhatChanged | None:
    """What the team says about the last reopening; None while the market is not open, or never was stopped."""
    return find_what_changed(campaign.market.id, campaign.language) if campaign.is_open else None


def latest_change(campaign: Campaign) -> WhatChanged | None:
    """The same, or a version that came while the market ran, about which the team said nothing."""
    return find_latest_change(campaign.market.id, campaign.language) if campaign.is_open else None


def may_check_clarity(participant: ParticipantView, campaign: Campaign) -> bool:
    """Whether to offer the three questions: the version asks for something, and this person has not answered."""
    has_questions = bool(campaign.version.offer.permissions)
    return has_questions and find_answers(participant.id, campaign.version.id) is None


def said_so_far(campaign: Campaign) -> list[tuple[int, list[tuple[Promise, str]]]]:
    """By version and topic, what people said about this market, as the public may know it."""
    return [
        (number, [(TOPIC_WORDS[topic], counted(topics[topic])) for topic in Topic if topic in topics])
        for number, topics in count_feedback(campaign.market.id).items()
    ]


def counted(count: int) -> str:
    """A count as the public may know it: below ten nobody is counted one by one."""
    return gettext("fewer than 10") if count < COUNTED_MIN else words.number(count, get_language() or "en")


def _participant_of(request: HttpRequest, campaign: Campaign) -> ParticipantView | None:
    """Somebody signed in who joined this very campaign: it is about the version that they joined under."""
    participant = signed_in(request)
    return participant if participant is not None and participant.market_id == campaign.market.id else None


def _door(campaign: Campaign, *, is_mine: bool) -> FeedbackDoor:
    if is_mine:
        return FeedbackDoor.MY_PAGE
    return FeedbackDoor.OFFER_PAGE if campaign.is_open else FeedbackDoor.STOPPED_PAGE
