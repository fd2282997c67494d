"""The link and where somebody is known from; the checks against cheating, with their logic and who decides."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, ngettext

from onloan.cases.pack.forms import Row
from onloan.offers.texts import published_notice
from onloan.portal import words
from onloan.portal.pack.blocks import SECTION_TITLES, Card, Grid, Section, Teller, filled, label
from onloan.portal.rewards import happened
from onloan.referrals.review_rules import ReviewState
from onloan.referrals.signals import HOUSEHOLD_MAX, SEQUENCE_NAMES, VELOCITY_FRIENDS, SignalKind

MARK_WORDS: dict[str, Promise] = {
    "mailbox": gettext_lazy("your mailbox"),
    "account": gettext_lazy("your account"),
}
LOGIC_WORDS: dict[SignalKind, Promise] = {
    SignalKind.OWN_LINK: gettext_lazy(
        "A program compares the mailbox of whoever joins with that of whoever invited them. What stands behind a "
        "plus, and dots at Gmail, make no other mailbox."
    ),
    SignalKind.SPONSOR_RING: gettext_lazy(
        "A program follows who invited whom, and looks for circles: nobody can be invited by somebody who came "
        "after them, unless one of them joined twice."
    ),
    SignalKind.SHARED_ACCOUNT: gettext_lazy(
        "A program counts how many people gave the same account. Up to %(household)d are taken for a household."
    ),
    SignalKind.OWN_ACCOUNT: gettext_lazy(
        "A program compares the account of whoever was invited with that of whoever invited them."
    ),
    SignalKind.VELOCITY: gettext_lazy(
        "A program counts how many people joined by one link within an hour; from %(friends)d on it says so."
    ),
    SignalKind.DISPOSABLE_ADDRESS: gettext_lazy(
        "A program looks whether the end of an address is on a public list of services whose addresses last a few "
        "minutes."
    ),
    SignalKind.SEQUENTIAL_NAMES: gettext_lazy(
        "A program looks for names that differ by a rising number only; from %(names)d in a row on it says so."
    ),
    SignalKind.NOT_CHECKED: gettext_lazy("No program looked, as you asked: a person does."),
}
ABOUT_WORDS: dict[str, Promise] = {
    "own": gettext_lazy("your own reward"),
    "friend": gettext_lazy("a reward of yours for somebody you invited"),
    "as_friend": gettext_lazy("a reward of whoever invited you"),
}
STATE_WORDS: dict[ReviewState, Promise] = {
    ReviewState.OPEN: gettext_lazy("A person looks at it"),
    ReviewState.COUNTED: gettext_lazy("It counts"),
    ReviewState.REFUSED: gettext_lazy("It does not count; you can ask for somebody else"),
    ReviewState.FINAL: gettext_lazy("It does not count"),
}


def tell_link(teller: Teller) -> Section:
    return Section(
        key="link",
        title=str(SECTION_TITLES["link"]),
        sources=("link", "friends", "invitation", "events"),
        facts=[fact for row in teller.rows("link") for fact in _link(teller, row)],
        grids=[*_list_friends(teller), *_list_events(teller)],
        notes=_tell_source(teller),
    )


def _link(teller: Teller, row: Row) -> list[tuple[str, str]]:
    joined = ngettext(
        "%(number)s person joined with it.", "%(number)s people joined with it.", row["joined_count"]
    ) % {"number": words.number(row["joined_count"], teller.language)}
    return [
        (gettext("Your link"), row["address"]),
        (gettext("Since"), teller.day(row["created_at"])),
        (gettext("Opened"), teller.times(row["opened_count"])),
        (gettext("Joined"), joined),
    ]  # fmt: skip


def _list_friends(teller: Teller) -> list[Grid]:
    rows = [
        (
            teller.day(row["joined_on"]),
            teller.day(row["qualified_on"]) or gettext("not yet"),
            gettext("yes") if row["is_counted"] else gettext("no, as they were told"),
        )
        for row in reversed(teller.rows("friends"))
    ]
    head = (gettext("Somebody joined"), gettext("Did what counts"), gettext("Counts for your pot"))
    caption = gettext("People who joined with your link. Who they are is theirs, so it is not here.")
    return teller.grid(caption, head, rows, "friends")


def _list_events(teller: Teller) -> list[Grid]:
    rows = [
        (
            happened(row["event"])[1],
            teller.moment(row["occurred_at"]),
            teller.moment(row["received_at"]),
            row["reference"],
        )
        for row in reversed(teller.rows("events"))
    ]
    head = (gettext("What you did"), gettext("When"), gettext("Reported to us"), gettext("The shop calls it"))
    return teller.grid(gettext("What the shop's systems reported"), head, rows, "events")


def _tell_source(teller: Teller) -> list[str]:
    """Where the data come from (GDPR art. 15(1)(g))."""
    fields = published_notice(teller.campaign.version, teller.campaign.market.country, teller.language).fields
    told = [str(fields["source.text"])]
    for row in teller.rows("invitation"):
        told.append(
            gettext(
                "You joined with somebody's link, whose code is %(code)s. That is all we have from that person "
                "about you."
            )
            % {"code": row["link"]}
        )
        if row["checked_at"] is not None:
            told.append(
                gettext("On %(day)s a program looked for signs of cheating around it.")
                % {"day": teller.day(row["checked_at"])}
            )
    if not teller.rows("invitation") and "invitation" in teller.pack.content:
        told.append(gettext("You joined without anybody's link."))
    return told


def tell_checks(teller: Teller) -> Section:
    """Each sign in words with how it is found, who decides, and what they decided (GDPR art. 15(1)(h), 22)."""
    fields = published_notice(teller.campaign.version, teller.campaign.market.country, teller.language).fields
    signals = teller.rows("signals")
    lead = [str(fields["purposes.legitimate_interest"]), str(fields["automated_decisions.text"])]
    if not signals and "signals" in teller.pack.content:
        lead.append(gettext("The checks have noticed nothing about you, and no reward of yours was held."))
    return Section(
        key="checks",
        title=str(SECTION_TITLES["checks"]),
        sources=("signals", "reviews", "marks"),
        lead=lead,
        cards=[
            *(_signal(teller, row) for row in reversed(signals)),
            *(_review(teller, row) for row in reversed(teller.rows("reviews"))),
        ],
        notes=_note_marks(teller),
    )


def _signal(teller: Teller, row: Row) -> Card:
    kind = SignalKind(row["kind"])
    follows = gettext("It asks a person to look only together with another sign.")
    if row["led_to_review"] is None:
        follows = ""
    elif row["led_to_review"]:
        follows = gettext("A person was asked to look before the reward counts.")
    elif row["holds_alone"]:
        follows = gettext("It is enough by itself to ask a person to look.")
    numbers = {"household": HOUSEHOLD_MAX, "friends": VELOCITY_FRIENDS, "names": SEQUENCE_NAMES}
    return Card(
        row["sentence"],
        facts=filled([
            (gettext("Noticed"), teller.moment(row["found_at"])),
            (gettext("How"), str(LOGIC_WORDS[kind]) % numbers),
            (gettext("About"), str(ABOUT_WORDS[row["about"]])),
            (gettext("What follows"), follows),
        ]),
    )  # fmt: skip


def _review(teller: Teller, row: Row) -> Card:
    amounts = [teller.money(each) for each in teller.rows("rewards") if each["reward"] in row["rewards"]]
    title = gettext("A look by a person of our team")
    if amounts:
        title = label(title, words.listed(amounts, teller.language))
    state = str(STATE_WORDS[ReviewState(row["state"])])
    if row["state"] == ReviewState.OPEN and row["asked_again_at"] is not None:
        state = gettext("Somebody else looks at it")
    return Card(
        title,
        state,
        filled([
            (gettext("Began"), teller.moment(row["opened_at"])),
            (gettext("To be decided by"), gettext("%(day)s; if nobody has by then, it counts") % {
                "day": teller.day(row["due_at"])}),
            (gettext("You wrote"), row["comment"] or ""),
            (gettext("Decided"), teller.moment(row["decided_at"])),
            (gettext("Why"), row["reason"]),
            (gettext("You asked for somebody else"), teller.moment(row["asked_again_at"])),
            (gettext("You wrote then"), row["second_comment"] or ""),
            (gettext("Decided by somebody else"), teller.moment(row["second_decided_at"])),
            (gettext("Why, the second time"), row["second_reason"]),
        ]),
    )  # fmt: skip


def _note_marks(teller: Teller) -> list[str]:
    return [
        gettext(
            "To compare %(what)s with others here, we keep a scrambled form of it since %(day)s, from which "
            "nobody can read it."
        )
        % {"what": MARK_WORDS[row["kind"]], "day": teller.day(row["marked_at"])}
        for row in teller.rows("marks")
    ]
