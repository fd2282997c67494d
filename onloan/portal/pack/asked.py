"""What somebody asked and saw, with every step and our answers; and the mails to them."""

from __future__ import annotations

from collections import Counter

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy, ngettext, pgettext

from onloan.cases.pack.forms import Row
from onloan.cases.rules import About, Door, EventKind, Kind, Outcome
from onloan.offers.vocabulary import CHANNELS, ITEMS, said
from onloan.outbox.rules import STATE_FAILED, STATE_SENT, STATE_WAITING, WebhookEvent
from onloan.portal.cases import EVENT_WORDS, title_of
from onloan.portal.pack.blocks import SECTION_TITLES, Card, Grid, Section, Teller, filled, label
from onloan.portal.used import name_place

DOOR_WORDS: dict[Door, Promise] = {
    Door.MY_PAGE: gettext_lazy("on your page"),
    Door.PUBLIC_PAGE: gettext_lazy("on the page for everybody"),
    Door.STAFF: gettext_lazy("by letter or call, written down by a member of the team"),
    Door.API: gettext_lazy("through the shop"),
    Door.LATE_PAYMENT: gettext_lazy("by itself, because a payment of ours was late"),
}
OUTCOME_WORDS: dict[Outcome, Promise] = {
    Outcome.DONE: gettext_lazy("Done, as you asked"),
    Outcome.PARTLY_DONE: gettext_lazy("Done in part"),
    Outcome.REFUSED: gettext_lazy("Refused"),
    Outcome.NOTHING_HELD: gettext_lazy("We hold nothing of that"),
    Outcome.TAKEN_BACK: gettext_lazy("You took it back yourself"),
}
STEP_WORDS: dict[EventKind, Promise] = {
    # What the team does beside the steps that a person's own page shows.
    EventKind.NOTE: gettext_lazy("A note for colleagues"),
    EventKind.ALARMED: gettext_lazy("The team was reminded of its day"),
    EventKind.RECIPIENTS_TOLD: gettext_lazy("Whoever received something of you was told"),
    EventKind.RECIPIENTS_ANSWERED: gettext_lazy("Whoever received something of you answered"),
    EventKind.ERASURE_PREVIEWED: gettext_lazy("A member of the team looked at what would go"),
    EventKind.ERASURE_STARTED: gettext_lazy("The erasure began"),
    EventKind.ERASURE_STOPPED: gettext_lazy("The erasure was stopped"),
    EventKind.IDENTIFIED: gettext_lazy("We found that it was you"),
    EventKind.SLIP_GIVEN: gettext_lazy("You got a slip"),
    EventKind.TRACES_GONE: gettext_lazy("The last traces in the database are gone"),
    EventKind.MAIL_FAILED: gettext_lazy("A mail to you did not arrive"),
    EventKind.ANOTHER_CONFIRMED: gettext_lazy("It came from an address that somebody else joined with"),
    **EVENT_WORDS,
}
EVENT_NAMES: dict[str, Promise] = {
    WebhookEvent.REWARD_EARNED: gettext_lazy("A reward of yours counted"),
    WebhookEvent.NOTICE_DUE: gettext_lazy("A recipient has to remove something of you"),
}
MAIL_WORDS: dict[str, Promise] = {
    STATE_WAITING: gettext_lazy("on its way"),
    STATE_SENT: gettext_lazy("sent"),
    STATE_FAILED: gettext_lazy("could not be sent"),
}


def tell_asked(teller: Teller) -> Section:
    requests = teller.rows("requests")
    lead = []
    if not requests and "requests" in teller.pack.content:
        lead.append(
            gettext(
                "We know of no request of yours. One from the page for everybody whose code was not typed, or a "
                "letter, is not here as long as nobody has found that it is from you."
            )
        )
    return Section(
        key="asked",
        title=str(SECTION_TITLES["asked"]),
        sources=("requests", "steps", "questions", "sightings", "late_payments", "clarity"),
        lead=lead,
        cards=[
            *(_request(teller, row) for row in reversed(requests)),
            *(_sighting(teller, row) for row in reversed(teller.rows("sightings")) if row["request"] is None),
        ],
        notes=[*_note_withheld(teller), *(_tell_clarity(teller, row) for row in teller.rows("clarity"))],
    )


def _request(teller: Teller, row: Row) -> Card:
    seen = next((each for each in teller.rows("sightings") if each["request"] == row["number"]), None)
    outcome = "" if row["outcome"] is None else str(OUTCOME_WORDS[Outcome(row["outcome"])])
    until = gettext("%(day)s at the latest") % {"day": teller.day(row["legal_due_on"])}
    facts = [
        (gettext("Number"), row["number"]),
        (gettext("Came"), f"{teller.moment(row['received_at'])}, {DOOR_WORDS[Door(row['door'])]}"),
        # What was seen stands in the request too, as one text.
        *(_seen(teller, seen) if seen is not None else [(gettext("You wrote"), row["text"] or "")]),
        (gettext("Written for you by"), row["representative"] or ""),
        (gettext("Answer to"), row["contact"] or ""),
        (gettext("How we knew that it was you"), row["identified_how"] or ""),
        (gettext("Answer by"), until if row["closed_at"] is None else ""),
        *_questions(teller, row["number"]),
        *_late_payments(teller, row["number"]),
        (gettext("Answered"), teller.moment(row["closed_at"])),
    ]
    steps = [_step(teller, each) for each in teller.rows("steps") if each["request"] == row["number"]]
    title = str(title_of(Kind(row["kind"]), About(row["about"]), Door(row["door"])))
    return Card(
        title,
        outcome or pgettext("a request", "Open"),
        filled(facts),
        text=row["answer"] or "",
        text_language=row["language"],
        steps=steps,
        picture=(seen["picture"] or "") if seen is not None else "",
        picture_words=gettext("The picture that you sent"),
    )


def _questions(teller: Teller, number: str) -> list[tuple[str, str]]:
    asked = [row for row in teller.rows("questions") if row["request"] == number]
    return [(gettext("Why we had to ask you something"), _question(teller, row)) for row in asked]


def _late_payments(teller: Teller, number: str) -> list[tuple[str, str]]:
    """Which days we missed; the amounts stand in the steps."""
    late = [row for row in teller.rows("late_payments") if row["request"] == number]
    return [(gettext("We should have paid by"), teller.day(row["due_on"])) for row in late]


def _question(teller: Teller, row: Row) -> str:
    told = {"reason": row["reason"], "first": teller.day(row["asked_at"]), "last": teller.day(row["answered_at"])}
    if row["answered_at"] is None:
        return gettext("%(reason)s (since %(first)s the time to answer stands still)") % told
    return gettext("%(reason)s (from %(first)s to %(last)s the time to answer stood still)") % told


def _step(teller: Teller, row: Row) -> str:
    words = str(STEP_WORDS[EventKind(row["kind"])])
    # The answer stands in full beside the steps.
    text = "" if row["kind"] == EventKind.ANSWERED else row["text"] or ""
    return label(teller.moment(row["at"]), words) + (f". {text}" if text else "")


def _sighting(teller: Teller, row: Row) -> Card:
    return Card(
        gettext("You saw yourself somewhere"),
        facts=filled(_seen(teller, row)),
        picture=row["picture"] or "",
        picture_words=gettext("The picture that you sent"),
    )


def _seen(teller: Teller, row: Row) -> list[tuple[str, str]]:
    language = teller.language
    where = name_place(row["channel"], language) if row["channel"] in CHANNELS else gettext("somewhere else")
    state = gettext("No recorded use explains it: it is looked at.")
    if row["use"] is not None:
        state = gettext("A use that you allowed explains it.")
        if row["is_after_end"]:
            state = gettext("You had allowed it, but that was over by then: it is taken down.")
    return [
        (gettext("What"), capfirst(said(ITEMS[row["item"]].yours, language))),
        (gettext("Where"), capfirst(where)),
        (gettext("Address"), row["address"]),
        (gettext("Seen on"), teller.day(row["seen_on"])),
        (gettext("Told us"), teller.moment(row["reported_at"])),
        (gettext("You wrote"), row["words"]),
        (gettext("What we know"), state),
    ]


def _note_withheld(teller: Teller) -> list[str]:
    count = sum(row["is_withheld"] for row in teller.rows("steps"))
    if not count:
        return []
    return [
        ngettext(
            "%(number)d note for colleagues is not copied here, as it may speak of somebody else. Ask us for it: "
            "a person reads it first.",
            "%(number)d notes for colleagues are not copied here, as they may speak of somebody else. Ask us for "
            "them: a person reads them first.",
            count,
        )
        % {"number": count}
    ]


def _tell_clarity(teller: Teller, row: Row) -> str:
    right = sum(row[name] for name in ("knows_who", "knows_what", "knows_until"))
    told = {"day": teller.day(row["answered_on"]), "right": right}
    return gettext("On %(day)s you answered our three questions about clarity; %(right)d were right.") % told


def tell_mails(teller: Teller) -> Section:
    mails = [row for row in teller.rows("mails") if row["to"] == "you"]
    rows = [
        (teller.moment(row["written_at"]), row["subject"], str(MAIL_WORDS[row["state"]]))
        for row in reversed(mails)
    ]
    lead = [gettext("We keep which mails we sent for 30 days, and those that could not be sent for 90.")]
    head = (gettext("When"), gettext("Subject"), gettext("Sent"))
    return Section(
        key="mails",
        title=str(SECTION_TITLES["mails"]),
        sources=("mails",),
        lead=lead,
        grids=[*teller.grid(gettext("Mails to you"), head, rows, "mails"), *_list_events(teller)],
    )


def _list_events(teller: Teller) -> list[Grid]:
    """What the merchant's own systems were told, by kind."""
    counts = Counter(row["kind"] for row in teller.rows("mails") if row["to"] == "merchant")
    other = gettext("Something else about you")
    rows = [(str(EVENT_NAMES.get(kind, other)), teller.times(count)) for kind, count in sorted(counts.items())]
    head = (gettext("What happened"), gettext("How often"))
    return teller.grid(gettext("What the shop's own systems were told"), head, rows, "mails")
