"""What somebody does now about a case, in a sentence and a button, by the queue's rule (``step_rules``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from onloan import clock
from onloan.cases.answers import write_day
from onloan.cases.late_payment_queries import LatePaymentView, list_late_payments
from onloan.cases.objecting import is_contact_suppressed
from onloan.cases.pack.queries import PACK_KINDS, find_gap
from onloan.cases.queries import CaseView
from onloan.cases.rules import About, Door, EventKind, Kind, Reach
from onloan.cases.step_queries import Standing
from onloan.cases.step_rules import Step, find_step
from onloan.cases.timeline import Event
from onloan.markets.rules import market_facts


@dataclass(frozen=True, slots=True)
class NextStep:
    """What somebody does now: the buttons of ``acts``, first the one for now, or the part of the page that
    ``place`` names."""

    words: str
    label: str = ""
    acts: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """A line of the timeline; ``count`` reminders of the team in a row are one, the last of them ``until``."""

    event: Event
    count: int
    until: datetime


def fold_reminders(events: Sequence[Event]) -> list[ShownEvent]:
    """The timeline, in which reminders that follow each other are one line."""
    shown: list[ShownEvent] = []
    for event in events:
        before = shown[-1] if shown else None
        if before is not None and before.event.kind is event.kind is EventKind.ALARMED:
            shown[-1] = replace(before, count=before.count + 1, until=event.at)
        else:
            shown.append(ShownEvent(event, 1, event.at))
    return shown


def find_next_step(case: CaseView, standing: Standing, events: Sequence[Event]) -> NextStep:
    """The step that the queue names, too; what the person wrote is read first, and then what follows."""
    step = find_step(standing.facts)
    if step is not Step.WROTE:
        return _tell(step, case, events)
    after = _tell(find_step(replace(standing.facts, has_written=False)), case, events)
    wrote = _("The person wrote: read it under What happened.")
    return replace(after, words=f"{wrote} {after.words}")


def _tell(step: Step, case: CaseView, events: Sequence[Event]) -> NextStep:
    if step is Step.LETTER:
        if case.acknowledged_at is None:
            words = _(
                "It came without an e-mail address. Print the receipt, send it, and say that it is on its way."
            )
        else:
            words = _("A letter waits to be posted. Print it, send it, and say that it is on its way.")
        return NextStep(words, _("It went by letter"), acts=("by_letter",))
    if step in {Step.REPLIED, Step.WAITS, Step.REMIND}:
        acts = ("remind", "resume", "go_on") if step is Step.REMIND else ("resume", "remind", "go_on")
        return NextStep(_say_waiting(step, case), acts=acts)
    if step is Step.WHO_AGAIN:
        words = _(
            "Whoever asked typed the code of an address with which somebody else joined. Look again at who it "
            "is, and separate it if it is not this person."
        )
        return NextStep(words, _("Look again who it is"), place="wrong")
    if step is Step.WHO:
        if case.representative:
            words = _(
                "Look at the mandate, then say for which participant it was written. Nothing is done before."
            )
        else:
            words = _("Nobody knows yet who asks. Say which participant it is, ask them, or answer.")
        return NextStep(words, _("Say who it is"), place="who")
    if step is Step.TELL:
        words = _("Nobody wrote to the person for 30 days. Tell them how it goes on.")
        return NextStep(words, _("Tell them"), place="tell")
    if step is Step.ERASING:
        words = _("The erasure is under way: its steps stand below. It is answered once it is done.")
        return NextStep(words, _("See how far it is"), place="erasure")
    if step is Step.COPY:
        words = _("Make the copy to send, print it, and answer: it goes with the letter.")
        return NextStep(words, _("Make the copy to send"), place="copy")
    words = _("Their data are gone. Answer that it is done.") if step is Step.ERASED else _say_work(case, events)
    return NextStep(words, _("Write the answer"), place="answer")


def _say_waiting(step: Step, case: CaseView) -> str:
    zone = market_facts(case.line.country).time_zone
    if step is Step.REPLIED and case.replied_at is not None:
        words = _(
            "They wrote on %(day)s: read it under What happened. If it answers, let the clock go on from that day."
        )
        return words % {"day": write_day(clock.local_day(case.replied_at, zone))}
    if step is Step.REMIND and case.asked_at is not None:
        words = _("You wait for an answer since %(day)s. Remind them, or go on without it.")
        return words % {"day": write_day(clock.local_day(case.asked_at, zone))}
    return _("You wait for what was asked. When it is there, let the clock go on from the day on which it came.")


def _say_work(case: CaseView, events: Sequence[Event]) -> str:
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
