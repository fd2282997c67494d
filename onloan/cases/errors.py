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
        " write to us by e-mail now."
    )


class CaseClosed(OnloanError):
    code = "E-CASE-CLOSED"
    status = 409
    sentence = _("This case is closed already.")


class ErasureDone(OnloanError):
    code = "E-ERASURE-DONE"
    status = 409
    sentence = _("It is erased already, and that cannot be undone.")


class ErasureWaits(OnloanError):
    """Nothing is said to be erased before it is."""

    code = "E-ERASURE-WAITS"
    status = 409
    sentence = _(
        "Nothing is erased yet, so it cannot be answered as if it were. Wait until it is done, or refuse it on "
        "one of the grounds: then it is stopped."
    )


class CaseNotIdentified(OnloanError):
    code = "E-CASE-NOBODY"
    status = 409
    sentence = _("Say first who this request is about, and how you know.")


class CopyIncomplete(OnloanError):
    """GDPR art. 15: whoever asked for all of it is not told that they have it while a part is missing."""

    code = "E-PACK-GAP"
    status = 409
    sentence = _(
        "A part of the copy could not be read, so it is not all of it. Wait until it is whole, or answer that it "
        "was done in part: the answer names what is missing and says that it follows."
    )


class CopyReason(OnloanError):
    code = "E-COPY-REASON"
    status = 422
    sentence = _("Say in {minimum} to {maximum} characters why you make the copy. The person reads it.")


class CopyNotReady(OnloanError):
    code = "E-COPY-NOBODY"
    status = 409
    sentence = _(
        "No copy can be made for this request: somebody of the team first says who asks, and after the answer it "
        "can be taken for 30 days only."
    )


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


class LookupReasonNeeded(OnloanError):
    code = "E-LOOKUP-REASON"
    status = 422
    sentence = _(
        "Say in {minimum} to {maximum} characters why you look this person up. They read it on their page."
    )


class LookupFoundNobody(OnloanError):
    code = "E-LOOKUP-NOBODY"
    status = 404
    sentence = _("Nobody was found. Type a whole public id, e-mail address, or reference of a request.")


class LookupOver(OnloanError):
    code = "E-LOOKUP-OVER"
    status = 403
    sentence = _("This file is closed again. Look the person up once more, with your reason.")


class ExtensionRefused(OnloanError):
    code = "E-EXTENSION"
    status = 422
    sentence = _(
        "An answer can be put off once, with reasons of at least {minimum} characters, within the first month. "
        "A complaint cannot."
    )


class PauseRefused(OnloanError):
    code = "E-PAUSE"
    status = 422
    sentence = _(
        "This question does not stop the clock here, or its reason is too short (at least {minimum} characters), "
        "or another one is open."
    )


class AnsweredDay(OnloanError):
    code = "E-ANSWERED-DAY"
    status = 422
    sentence = _("Give the day on which their answer came: not before the question, and not in the future.")


class AnswerIncomplete(OnloanError):
    code = "E-ANSWER-PARTS"
    status = 422
    sentence = _("The answer cannot go out without: {missing}.")


class ErasureGround(OnloanError):
    """GDPR art. 17(3), LR-085: whatever stays after an erasure rests on one of two grounds; art. 12(2), 12(5): on
    two others it is refused as a whole."""

    code = "E-ERASE-GROUND"
    status = 422
    sentence = _(
        "Choose the ground: a law that asks for something to stay, or a legal claim; for a refusal of all of it "
        "also that nobody can find out who asks, or that it is manifestly unfounded or excessive. There is no "
        "other."
    )


class IdentityUnasked(OnloanError):
    """GDPR art. 12(2), 12(6), LR-077: whoever is not known is asked before they are sent away."""

    code = "E-IDENTITY-UNASKED"
    status = 422
    sentence = _(
        "Ask first who they are. Where nobody knows it {days} days after the question went out, and no answer "
        "came that tells it, choose this ground."
    )


class NoticesOpen(OnloanError):
    """GDPR art. 19, LR-086: recipients are told, and what they say is waited for."""

    code = "E-NOTICES-OPEN"
    status = 422
    sentence = _(
        "{count} recipients or copies are still open for this person. Wait for them, or say in {minimum} to "
        "{maximum} characters why the case is closed all the same."
    )


class AnswerWords(OnloanError):
    """LR-090, LR-098: no right is bought off, and nobody has to come to us first."""

    code = "E-ANSWER-WORDS"
    status = 422
    sentence = _("Take out “{words}”: {why}.")


class ObjectionStands(OnloanError):
    """GDPR art. 21(3): to advertising nobody has to say why, and nothing is weighed against it."""

    code = "E-OBJECTION-STANDS"
    status = 422
    sentence = _("An objection to advertising always holds. Answer that it was done.")


class AnswerUnfit(OnloanError):
    code = "E-ANSWER-UNFIT"
    status = 422
    sentence = _(
        "Reasons go with an answer that refuses, in whole or in part. Empty that field, or choose another end."
    )


class AnswerUnseen(OnloanError):
    """An answer is seen word for word before it goes."""

    code = "E-ANSWER-UNSEEN"
    status = 409
    sentence = _("This is not what you saw before. Read it as it goes out now, and send it then.")


class WithdrawalStands(OnloanError):
    """GDPR art. 7(3): a permission is taken back at any time, as easily as it was given."""

    code = "E-WITHDRAWAL-STANDS"
    status = 422
    sentence = _(
        "Whoever takes a permission back asks for nothing that could be refused. Answer that it was done."
    )


class LiftingRefused(OnloanError):
    """GDPR art. 18(3): the person reads beforehand that their restriction ends, and why."""

    code = "E-LIFTING"
    status = 422
    sentence = _(
        "Only a restriction that the person asked for, and that stands, is lifted by the team: once, with reasons "
        "of at least {minimum} characters, which the person reads."
    )


class IdentityCopy(OnloanError):
    """LR-077: nobody is asked for a copy of an identity document, and none is kept."""

    code = "E-ID-COPY"
    status = 422
    sentence = _(
        "Take out “{words}”: nobody sends us an identity document, and no copy of one is kept. Ask for something "
        "that only this person and you know."
    )


class ReceivedDay(OnloanError):
    code = "E-CASE-RECEIVED"
    status = 422
    sentence = _("Choose the day on which it came in: today or before, and at most two years ago.")


class IdentifiedHow(OnloanError):
    code = "E-IDENTIFIED-HOW"
    status = 422
    sentence = _("Say in {minimum} to {maximum} characters how you know whether it is this person.")


class MandateNeeded(OnloanError):
    code = "E-MANDATE"
    status = 422
    sentence = _("This was written for somebody else. Look at the mandate first, and say that you saw it.")


class TieRefused(OnloanError):
    code = "E-CASE-TIE"
    status = 409
    sentence = _("This case is not as you saw it: somebody tied or separated it meanwhile. Load the page again.")


class FollowNobody(OnloanError):
    code = "E-FOLLOW-NOBODY"
    status = 404
    sentence = _(
        "No request with this number came from this address. Look at the number in our mail, or write again."
    )


class PostalAddress(OnloanError):
    code = "E-CASE-POST"
    status = 422
    sentence = _(
        "Give an e-mail address or, for an answer by letter, a postal address of at most {maximum} characters."
    )
