"""What can be wrong with a request, in words that keep the door open."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from onloan.errors import OnloanError


class TextNeeded(OnloanError):
    code = "E-CASE-TEXT"
    status = 422
    sentence = _("Please say in a few words what is wrong, so that we can put it right.")


class TextNotValid(OnloanError):
    code = "E-CASE-TEXT-FORM"
    status = 422
    sentence = _("Please write at most {maximum} characters, as plain text.")


class ContactNeeded(OnloanError):
    code = "E-CASE-CONTACT"
    status = 422
    sentence = _("Please give the e-mail address to which we answer.")


class TooManyCases(OnloanError):
    """LR-081: no request is refused for its number; only a flood through the form is slowed down."""

    code = "E-CASE-LIMIT"
    status = 429
    sentence = _(
        "We received several requests from you today and will answer each of them. You can send more tomorrow, or"
        " write to the address in the privacy notice now."
    )


class CaseClosed(OnloanError):
    code = "E-CASE-CLOSED"
    status = 409
    sentence = _("This case is closed already.")


class SightingEmpty(OnloanError):
    code = "E-SIGHTING-EMPTY"
    status = 422
    sentence = _("Please give the address of the page, or a picture of what you saw.")


class SightingAddress(OnloanError):
    code = "E-SIGHTING-ADDRESS"
    status = 422
    sentence = _("Copy the whole address from your browser: it begins with https:// or http://.")


class SightingDay(OnloanError):
    code = "E-SIGHTING-DAY"
    status = 422
    sentence = _("Choose the day on which you saw it: today or before, and at most two years ago.")


class TopicNeeded(OnloanError):
    code = "E-FEEDBACK-TOPIC"
    status = 422
    sentence = _("Choose what it is about.")


class RemarkNotValid(OnloanError):
    code = "E-FEEDBACK-TEXT"
    status = 422
    sentence = _("Please write at most {maximum} characters, as plain text.")


class TooMuchFeedback(OnloanError):
    code = "E-FEEDBACK-LIMIT"
    status = 429
    sentence = _("Very many people are writing just now. Please send this again in an hour, or complain instead.")


class ExplanationNeeded(OnloanError):
    """Whoever was stopped is told what changed before the market opens again."""

    code = "E-EXPLANATION"
    status = 422
    sentence = _(
        "Tell participants what changed and why, in {minimum} to {maximum} characters for each language of the "
        "market, and name nobody. Missing or to be mended: {language}."
    )


class ExplanationWords(OnloanError):
    """LR-016: what is said beside an offer keeps to the words that an offer may use."""

    code = "E-EXPLANATION-WORDS"
    status = 422
    sentence = _("Say it without “{words}”: it {says}. People would read it as a promise.")


class ClarityUnanswered(OnloanError):
    code = "E-CLARITY-ANSWER"
    status = 422
    sentence = _("Choose one answer to each of the three questions, or leave the page: nothing depends on it.")
