"""The words of cases: kinds, doors, outcomes, steps and what happened."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _

from onloan.cases.answers import Ground
from onloan.cases.clocks import Pause
from onloan.cases.queue_queries import Mark
from onloan.cases.rules import About, Door, EventKind, Kind, LateEnd, Outcome
from onloan.cases.step_rules import Step

register = template.Library()


@register.filter
def case_kind(kind: str) -> str:
    return {
        Kind.ACCESS: _("A copy of their data"),
        Kind.RECTIFICATION: _("Correct their data"),
        Kind.ERASURE: _("Erase their data"),
        Kind.RESTRICTION: _("Restrict the use of their data"),
        Kind.PORTABILITY: _("Take their data elsewhere"),
        Kind.OBJECTION: _("Object to a use"),
        Kind.WITHDRAWAL: _("Take back what they allowed"),
        Kind.COMPLAINT: _("A complaint"),
        Kind.SIGHTING: _("Their photo or name was seen"),
    }[Kind(kind)]


@register.filter
def case_door(door: str) -> str:
    return {
        Door.MY_PAGE: _("their own page"),
        Door.PUBLIC_PAGE: _("the public page"),
        Door.STAFF: _("a member of the team"),
        Door.API: _("one of our systems"),
        Door.LATE_PAYMENT: _("nobody: it opened by itself because a payment is late"),
    }[Door(door)]


@register.filter
def outcome_of(outcome: str, kind: str) -> str:
    """How a case of this kind ended: a complaint is upheld or not, a request is done or refused."""
    if Kind(kind) is Kind.COMPLAINT:
        return _complaint_outcomes()[Outcome(outcome)]
    return {
        Outcome.DONE: _("Done as asked"),
        Outcome.PARTLY_DONE: _("Done in part, with reasons"),
        Outcome.REFUSED: _("Refused, with reasons and where to complain"),
        Outcome.NOTHING_HELD: _("Nothing about this person is held"),
        Outcome.TAKEN_BACK: _("The person took it back"),
    }[Outcome(outcome)]


def _complaint_outcomes() -> dict[Outcome, str]:
    return {
        Outcome.DONE: _("Upheld"),
        Outcome.PARTLY_DONE: _("Upheld in part, with reasons"),
        Outcome.REFUSED: _("Not upheld, with reasons"),
        Outcome.NOTHING_HELD: _("Nothing about this person is held"),
        Outcome.TAKEN_BACK: _("The person took it back"),
    }


@register.filter
def about_name(about: str) -> str:
    """What exactly an objection or a correction is about; nothing where nobody said it."""
    return {
        About.NOTHING: "",
        About.MARKETING: _("advertising"),
        About.CHECKS: _("the checks against cheating"),
        About.USERNAME: _("their name"),
        About.PHOTO: _("their photo"),
        About.EMAIL: _("their e-mail"),
        About.MONEY: _("an amount"),
        About.OTHER: _("something else"),
    }[About(about)]


@register.filter
def step_name(step: str) -> str:
    """What an open case waits for, in the queue."""
    return {
        Step.LETTER: _("letter to post"),
        Step.REPLIED: _("they answered"),
        Step.WAITS: _("waits for the person"),
        Step.REMIND: _("remind the person"),
        Step.WROTE: _("the person wrote"),
        Step.WHO: _("who is it?"),
        Step.WHO_AGAIN: _("who is it?"),
        Step.COPY: _("make the copy"),
        Step.TELL: _("a word is due"),
        Step.PACK_GAP: _("the copy has a gap"),
        Step.PACK_READY: _("the copy is ready"),
        Step.PACK_TAKEN: _("the copy was taken"),
        Step.ERASING: _("erasure is under way"),
        Step.ERASED: _("erased, to answer"),
        Step.TO_ANSWER: _("to answer"),
    }[Step(step)]


@register.filter
def mark_name(mark: str) -> str:
    """What the queue can be narrowed to."""
    return {
        Mark.WAITS: _("Waiting for the person"),
        Mark.PACK_GAP: _("Copies of data with a gap"),
        Mark.UNDELIVERED: _("Mails about requests that did not arrive"),
    }[Mark(mark)]


@register.filter
def mail_name(template_name: str) -> str:
    """Which mail about a case did not arrive."""
    return {
        "case_acknowledged": _("our confirmation"),
        "case_payment_late": _("that our payment is late"),
        "case_answered": _("our answer"),
        "case_extended": _("that we need more time"),
        "case_progress": _("how it goes on"),
        "case_question": _("our question"),
        "case_reminder": _("our question, asked again"),
        "case_erasure_begun": _("that their erasure has begun"),
        "case_erased": _("that they are erased"),
        "case_erasure_complete": _("that their erasure is complete"),
        "restriction_told": _("what becomes of their restriction"),
        "pack_ready": _("that their copy is ready"),
        "case_in_your_name": _("the warning to the address that they joined with"),
    }.get(template_name, _("a message"))


@register.filter
def ground_name(ground: str) -> str:
    return {
        Ground.LEGAL_OBLIGATION: _("A law asks the merchant to keep it (GDPR art. 17(3)(b))"),
        Ground.LEGAL_CLAIMS: _("It is needed for a legal claim (GDPR art. 17(3)(e))"),
        Ground.NOT_IDENTIFIABLE: _(
            "Refused: they were asked, and nobody can find out who they are (GDPR art. 12(2))"
        ),
        Ground.UNFOUNDED: _(
            "Refused: it is manifestly unfounded or excessive, and you can prove it (GDPR art. 12(5))"
        ),
    }[Ground(ground)]


@register.filter
def pause_name(pause: str) -> str:
    return {
        Pause.IDENTITY: _("who they are"),
        Pause.CLARIFICATION: _("what they mean"),
    }[Pause(pause)]


@register.filter
def late_end(end: str) -> str:
    """How a payment stopped being late, where it was not simply paid."""
    return {
        LateEnd.PAID: _("paid"),
        LateEnd.SLIP: _("a slip is out for it"),
        LateEnd.VOUCHER: _("taken as a voucher"),
        LateEnd.MOVED: _("another account or sent back: it has a new day"),
    }[LateEnd(end)]


@register.filter
def event_name(kind: str) -> str:
    return {
        EventKind.RECEIVED: _("Came in"),
        EventKind.ADDRESS_CONFIRMED: _("They confirmed the e-mail address"),
        EventKind.IDENTITY_ASKED: _("Asked who they are"),
        EventKind.IDENTITY_GIVEN: _("It is clear who they are"),
        EventKind.CLARIFICATION_ASKED: _("Asked what is meant"),
        EventKind.CLARIFIED: _("It is clear what is meant"),
        EventKind.EXTENDED: _("More time taken"),
        EventKind.NOTE: _("Note"),
        EventKind.MESSAGE_TO_PERSON: _("Told the person"),
        EventKind.MESSAGE_FROM_PERSON: _("The person wrote"),
        EventKind.RECIPIENTS_TOLD: _("Recipients told"),
        EventKind.PACK_STARTED: _("Their copy is being made"),
        EventKind.PACK_READY: _("Their copy is ready"),
        EventKind.PACK_SENT: _("They took their copy"),
        EventKind.PACK_MADE: _("A copy was made to be sent"),
        EventKind.ERASURE_PREVIEWED: _("Looked at what goes and what stays"),
        EventKind.ERASURE_STARTED: _("Erasure has begun"),
        EventKind.ERASED: _("Erased"),
        EventKind.RECTIFIED: _("Corrected"),
        EventKind.RESTRICTED: _("Use stopped"),
        EventKind.RESTRICTION_LIFTED: _("Use may go on"),
        EventKind.ANSWERED: _("Answered"),
        EventKind.ALARMED: _("The team was reminded"),
        EventKind.LINKED_DUPLICATE: _("Asked again"),
        EventKind.IDENTIFIED: _("A colleague knows who it is"),
        EventKind.PACK_GAP: _("Their copy has a gap"),
        EventKind.LIFTING_TOLD: _("Told that the restriction ends"),
        EventKind.SLIP_GIVEN: _("They got a slip for what they earned"),
        EventKind.RECIPIENTS_ANSWERED: _("Every recipient answered"),
        EventKind.TRACES_GONE: _("The last traces in the database are gone"),
        EventKind.MAIL_FAILED: _("A mail did not arrive"),
        EventKind.ERASURE_STOPPED: _("Erasure was stopped"),
        EventKind.PAYMENT_LATE: _("A payment is late"),
        EventKind.PAYMENT_PAID: _("It was paid"),
        EventKind.PAYMENT_MOVED: _("It is paid in another way or on another day"),
        EventKind.ANOTHER_CONFIRMED: _("The code was typed by somebody else than the one to whom it is tied"),
    }[EventKind(kind)]
