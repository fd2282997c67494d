"""What somebody does now about a request: one sentence, and the button or the part of the page that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from onloan import clock
from onloan.cases.clocks import RIGHTS
from onloan.cases.clocks import wants_progress as needs_word
from onloan.cases.late_payment_queries import LatePaymentView, list_late_payments
from onloan.cases.objecting import is_contact_suppressed
from onloan.cases.pack.queries import PACK_KINDS, find_gap
from onloan.cases.queries import CaseView
from onloan.cases.rules import OPENS, About, Door, EventKind, Kind, Reach
from onloan.cases.timeline import Event
from onloan.markets.rules import market_facts


@dataclass(frozen=True, slots=True)
class NextStep:
    """What somebody does now: the button of ``act``, or the part of the page that ``place`` names."""

    words: str
    label: str
    act: str = ""
    place: str = ""


def find_next_step(case: CaseView, events: list[Event], today: date) -> NextStep:
    """One sentence that says what somebody does now, and where."""
    line = case.line
    if case.acknowledged_at is None:
        return NextStep(
            _("It came without an e-mail address. Print the receipt, send it, and say that it is on its way."),
            _("It went by letter"),
            act="by_letter",
        )
    if line.letter_waits_since is not None:
        return NextStep(
            _("A letter waits to be posted. Print it, send it, and say that it is on its way."),
            _("It went by letter"),
            act="by_letter",
        )
    if case.waits_for is not None:
        return NextStep(
            _("You wait for what was asked. When it is there, let the clock go on."),
            _("It has arrived: let the clock go on"),
            act="resume",
        )
    kinds = [event.kind for event in events if event.kind in (EventKind.IDENTIFIED, EventKind.ANOTHER_CONFIRMED)]
    if case.identified is not None and kinds[-1:] == [EventKind.ANOTHER_CONFIRMED]:
        return NextStep(
            _(
                "Whoever asked typed the code of an address with which somebody else joined. Look again at who it "
                "is, and separate it if it is not this person."
            ),
            _("Look again who it is"),
            place="wrong",
        )
    if line.participant_id is None and line.kind in RIGHTS and not is_contact_suppressed(case):
        if case.representative:
            words = _(
                "Look at the mandate, then say for which participant it was written. Nothing is done before."
            )
        else:
            words = _("Nobody knows yet who asks. Say which participant it is, ask them, or answer.")
        return NextStep(words, _("Say who it is"), place="who")
    told = [event.at for event in events if event.is_shown and event.by or event.kind in OPENS]
    told_on = clock.local_day(max(told), market_facts(line.country).time_zone) if told else line.received_on
    if line.kind is Kind.COMPLAINT and needs_word(told_on, today):
        return NextStep(
            _("Nobody wrote to the person for 30 days. Tell them how it goes on."), _("Tell them"), place="tell"
        )
    if _lacks_copy(case, events):
        words = _("Make the copy to send, print it, and answer: it goes with the letter.")
        return NextStep(words, _("Make the copy to send"), place="copy")
    return NextStep(_say_work(case, events), _("Write the answer"), place="answer")


def _lacks_copy(case: CaseView, events: list[Event]) -> bool:
    is_for_post = case.line.kind in PACK_KINDS and case.reach is Reach.LETTER and case.identified is not None
    is_made = any(event.kind is EventKind.PACK_MADE for event in events)
    return is_for_post and not is_made and not find_gap(case.line.id)


def _say_work(case: CaseView, events: list[Event]) -> str:
    """What is left to do about a request on which nothing else waits."""
    kinds, line = {event.kind for event in events}, case.line
    if line.door is Door.LATE_PAYMENT:
        return _say_late_work(list_late_payments(line.id))
    if gap := find_gap(line.id):
        return _(
            "This part of their copy could not be read: %(gap)s. It is tried again each hour. Wait until it is "
            "whole, or answer in part."
        ) % {"gap": gap}
    if EventKind.PACK_MADE in kinds and case.reach is Reach.LETTER:
        return _("The copy was made. Answer, print the letter, and post both.")
    if EventKind.PACK_SENT in kinds:
        return _("They took their copy. Answer that it was all of it.")
    if line.kind in PACK_KINDS and case.reach is Reach.NUMBER:
        return _("They take their copy with the number of their request; you can make one to send, too. Answer.")
    if EventKind.PACK_READY in kinds:
        return _("Their copy is ready on their page, and they were told. Answer.")
    if is_contact_suppressed(case):
        if line.about is About.NOTHING:
            return _(
                "Their address is noted, and they have no rewards to be checked. Answer that it was done in part."
            )
        return _("Their address is noted. Answer that it was done.")
    if line.kind is Kind.OBJECTION and line.about is About.CHECKS:
        return _(
            "A human looks at their rewards since it came in. Answer that it stays so, or why a program must."
        )
    if line.kind is Kind.RECTIFICATION and EventKind.RESTRICTED in kinds:
        return _(
            "It is not shown while they say that it is wrong. Correct it, or say why it is right, and answer."
        )
    return _WORK[line.kind]()


def _say_late_work(payments: Sequence[LatePaymentView]) -> str:
    if any(payment.end is None for payment in payments):
        return _("It is owed and late, and nobody had to complain. Have it paid, then answer why it was late.")
    return _("It is not late any more. Answer why it was, and what changes.")


_WORK: Mapping[Kind, Callable[[], str]] = {
    Kind.COMPLAINT: lambda: _(
        "Find out what happened, tell the person how it goes on, and answer with what changes."
    ),
    Kind.SIGHTING: lambda: _("Find out who shows it, have it taken down, and answer with what you found."),
    Kind.WITHDRAWAL: lambda: _(
        "The gate has denied since it came in. See whether copies are taken down, and answer."
    ),
    Kind.RESTRICTION: lambda: _(
        "Nothing is shown since it came in. Answer that it holds until they hear otherwise."
    ),
    Kind.OBJECTION: lambda: _("Nothing is shown since it came in. Answer that it stays so."),
    Kind.ACCESS: lambda: _(
        "Their copy makes itself, and they are told when it is ready. See below that it is, and answer."
    ),
    Kind.PORTABILITY: lambda: _(
        "Their file makes itself, and they are told when it is ready. See below that it is, and answer."
    ),
    Kind.RECTIFICATION: lambda: _("Correct what is wrong, or say why it is right, and answer."),
    Kind.ERASURE: lambda: _("See what goes and what has to stay, until when, and answer."),
}
