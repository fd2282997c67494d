"""Who somebody is here, what they allowed, what they changed, and who of the team looked."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, pgettext

from onloan.cases.pack.forms import Row
from onloan.cases.rules import ErasureWay, RestrictionCause
from onloan.consents.rules import EndReason, read_last_day
from onloan.offers.queries import find_version_number
from onloan.offers.texts import consent_text
from onloan.portal import words
from onloan.portal.pack.blocks import SECTION_TITLES, Card, Fact, Grid, Section, Teller, filled
from onloan.portal.profile import CHANGED_WORDS

RESTRICTION_WORDS: dict[RestrictionCause, Promise] = {
    RestrictionCause.ASKED: gettext_lazy("You asked us to keep it and not to use it"),
    RestrictionCause.DISPUTED: gettext_lazy("You told us that it is wrong"),
    RestrictionCause.ERASURE: gettext_lazy("You asked us to erase it"),
}
WAY_WORDS: dict[ErasureWay, Promise] = {
    ErasureWay.PAID_FIRST: gettext_lazy("What is owed to you is paid first."),
    ErasureWay.SLIP: gettext_lazy("What is owed to you lies on a slip that stays good."),
}
END_WORDS: dict[EndReason, Promise] = {
    EndReason.WITHDRAWN: gettext_lazy("You took this back on %(day)s"),
    EndReason.EXPIRED: gettext_lazy("This ended by itself on %(day)s"),
    EndReason.REPLACED: gettext_lazy("You answered the same question anew on %(day)s"),
    EndReason.OBJECTED: gettext_lazy("This ended on %(day)s, as you objected"),
    EndReason.RESTRICTED: gettext_lazy("This ended on %(day)s, as you asked us not to use your data"),
    EndReason.ERASED: gettext_lazy("This ended on %(day)s, as you asked us to erase your data"),
}
GIVEN_WORDS: dict[str, Promise] = {
    "username": gettext_lazy("Name to show"),
    "email": gettext_lazy("E-mail"),
    "payee_name": gettext_lazy("Name on your account"),
    "payee_account": gettext_lazy("Your account"),
}


def tell_you(teller: Teller) -> Section:
    """The photo, the items, and what the system keeps about them from the day they joined."""
    person = next(iter(teller.rows("person")), None)
    items = {row["item"]: row for row in teller.rows("items")}
    facts = [(str(label), _item(teller, items[item])) for item, label in GIVEN_WORDS.items() if item in items]
    lead = []
    if person is not None:
        facts += _describe(teller, person)
        lead.append(
            gettext("You joined “%(title)s” %(country)s on %(day)s.")
            % {
                "title": teller.campaign.title,
                "country": teller.campaign.in_country,
                "day": teller.day(person["joined_at"]),
            }
        )
    photo = []
    if "profile_photo" in items:
        title = gettext("Your photo")
        photo = [Card(title, picture=items["profile_photo"]["value"], picture_words=gettext("Your profile photo"))]
    return Section(
        key="you",
        title=str(SECTION_TITLES["you"]),
        sources=("person", "items", "payee", "advertising", "restrictions", "erasures"),
        lead=lead,
        facts=filled(facts),
        cards=photo,
        grids=_list_restrictions(teller),
        notes=[
            *_note_payee(teller),
            *_note_advertising(teller),
            *(_tell_erasure(teller, row) for row in teller.rows("erasures")),
        ],
    )


def _item(teller: Teller, row: Row) -> str:
    value: str = row["value"]
    if row["item"] == "payee_account":
        value = words.spaced(value) if " " not in value else value
    if row["disputed_at"] is None:
        return value
    return gettext("%(value)s (you told us on %(day)s that it is wrong)") % {
        "value": value, "day": teller.day(row["disputed_at"])
    }  # fmt: skip


def _describe(teller: Teller, person: Row) -> list[Fact]:
    pot = gettext("A whole pot was set aside for you when you joined.")
    if not person["has_pot"]:
        pot = gettext("All pots were given out when you joined.")
    elif person["pot_released_at"] is not None:
        pot += " " + gettext("What was left of it went back on %(day)s.") % {
            "day": teller.day(person["pot_released_at"])
        }
    age = gettext("You said that you are %(age)d or over.") % {"age": teller.campaign.age_min}
    return [
        (gettext("Your number here"), gettext("%(number)s (what the shop's systems call you)") % {
            "number": person["public_id"]}),
        (gettext("Language we write in"), teller.name_language(person["language"])),
        (gettext("Your age"), age if person["is_adult"] else ""),
        (gettext("Friends count for you until"), teller.day(person["window_ends_at"])),
        (gettext("Your pot"), pot),
        (gettext("Nothing of you is used since"), teller.moment(person["restricted_at"])),
        (gettext("Nothing of you is shown since"), teller.moment(person["objected_at"])),
        (gettext("No program checks you since"), teller.moment(person["checks_objected_at"])),
        (gettext("Made up"), gettext("You are a person of a demonstration.") if person["is_demo"] else ""),
    ]  # fmt: skip


def _note_payee(teller: Teller) -> list[str]:
    return [
        gettext("You told us on %(day)s where to pay you. We delete it 30 days after the last payment.")
        % {"day": teller.day(row["given_at"])}
        for row in teller.rows("payee")
    ]


def _note_advertising(teller: Teller) -> list[str]:
    return [
        gettext(
            "Your address is on our list of addresses that get no advertising, since %(first)s. It goes from "
            "there on %(last)s."
        )
        % {"first": teller.day(row["since"]), "last": teller.day(row["until"])}
        for row in teller.rows("advertising")
    ]


def _list_restrictions(teller: Teller) -> list[Grid]:
    rows = [
        (
            teller.day(row["since"]),
            teller.items(row["items"]) or gettext("Everything"),
            str(RESTRICTION_WORDS[RestrictionCause(row["cause"])]),
            _end_of_restriction(teller, row),
        )
        for row in reversed(teller.rows("restrictions"))
    ]
    head = (gettext("Since"), gettext("What"), gettext("Why"), gettext("Ended"))
    return teller.grid(gettext("When something of you was kept and not used"), head, rows, "restrictions")


def _end_of_restriction(teller: Teller, row: Row) -> str:
    if row["ended_at"] is not None:
        return teller.day(row["ended_at"])
    if row["ends_on"] is not None:
        return gettext("by itself on %(day)s") % {"day": teller.day(row["ends_on"])}
    return gettext("it goes on")


def _tell_erasure(teller: Teller, row: Row) -> str:
    begun = gettext("Your data are to be erased; that began on %(day)s.") % {"day": teller.day(row["begun_at"])}
    return f"{begun} {WAY_WORDS[ErasureWay(row['way'])]}"


def tell_allowed(teller: Teller) -> Section:
    """Each answer in the words in which it was asked, the latest first."""
    receipts = {row["code"]: row for row in teller.rows("receipts") if row["code"] is not None}
    counts = _count_uses(teller)
    answers = [
        _answer(teller, row, receipts.get(row["receipt"]), counts[row["number"]])
        for row in reversed(teller.rows("answers"))
    ]
    lead = [gettext("Your pot is the same whether you allow this or not.")]
    if not answers and "answers" in teller.pack.content:
        lead = [gettext("We asked you to allow nothing.")]
    return Section(
        key="allowed",
        title=str(SECTION_TITLES["allowed"]),
        sources=("answers", "receipts"),
        lead=lead,
        cards=answers,
        grids=_list_receipts(teller),
    )


def _count_uses(teller: Teller) -> Counter[int]:
    """How often each answer was used: what was shown counts as often as these pages showed it."""
    shown: Counter[UUID] = Counter()
    for row in teller.rows("showings"):
        shown[row["use"]] += row["count"]
    counts: Counter[int] = Counter()
    for row in teller.rows("uses"):
        if row["is_allowed"] and row["consent_number"] is not None:
            counts[row["consent_number"]] += shown[row["id"]] or 1
    for row in teller.rows("mass_uses"):
        counts.update(row["consent_numbers"])
    return counts


def _list_receipts(teller: Teller) -> list[Grid]:
    if teller.pack.is_portable:
        return []
    rows = [
        (teller.moment(row["given_at"]), _act(row), _receipt_address(teller, row["code"]))
        for row in reversed(teller.rows("receipts"))
    ]
    head = (gettext("You answered"), gettext("How"), gettext("Where the receipt is, without signing in"))
    return teller.grid(gettext("Receipts of your answers"), head, rows, "receipts")


def _answer(teller: Teller, row: Row, receipt: Row | None, used: int) -> Card:
    version = find_version_number(teller.campaign.offer.slug, row["version"])
    permission = version.offer.permission(row["permission"])
    zone = version.offer.markets[row["country"]].time_zone
    until = None if row["expires_at"] is None else read_last_day(row["expires_at"], zone)
    text = consent_text(version.offer, permission, row["country"], teller.language, until)
    facts = [
        (gettext("Number"), words.number(row["number"], teller.language)),
        (gettext("Why we asked"), text.why),
        (gettext("Where"), text.where),
        (gettext("Until"), text.until if row["is_allowed"] else ""),
        (gettext("Who receives it"), text.who),
        (gettext("Who can see it"), text.reach),
        (gettext("You answered"), _answered(teller, row, receipt)),
        (gettext("Used"), teller.times(used) if row["is_allowed"] else ""),
    ]
    is_allowed = row["is_allowed"] and row["end_reason"] is None
    return Card(text.sentence, _state(teller, row), filled(facts), is_allowed=is_allowed)


def _state(teller: Teller, row: Row) -> str:
    if not row["is_allowed"]:
        return gettext("You did not allow this")
    if row["end_reason"] is None:
        return gettext("You allow this")
    return str(END_WORDS[EndReason(row["end_reason"])]) % {"day": teller.day(row["ended_at"])}


def _answered(teller: Teller, row: Row, receipt: Row | None) -> str:
    act = "" if receipt is None else _act(receipt)
    return f"{teller.moment(row['answered_at'])}, {act}".rstrip(", ")


def _act(receipt: Row) -> str:
    return gettext("when you joined") if receipt["act"] == "join_form" else gettext("from your page")


def _receipt_address(teller: Teller, code: str) -> str:
    return teller.address(reverse("receipt", kwargs={"token": code}))


def tell_changes(teller: Teller) -> Section:
    changed = [
        (
            str(CHANGED_WORDS[row["item"]]),
            row["before"] or pgettext("before a change", "not kept"),
            teller.moment(row["changed_at"]),
            gettext("the team, on your word") if row["is_by_team"] else gettext("you"),
        )
        for row in reversed(teller.rows("changes"))
    ]
    looked = _list_looks(teller)
    lead = []
    if not changed:
        lead.append(gettext("Nothing was changed since you joined."))
    if not looked and "look_ups" in teller.pack.content:
        lead.append(gettext("Nobody of the team has looked you up."))
    title = gettext("What you changed") if teller.pack.is_portable else str(SECTION_TITLES["changes"])
    return Section(
        key="changes",
        title=title,
        sources=("changes", "look_ups", "archive_readings"),
        lead=lead,
        grids=[
            *teller.grid(
                gettext("What you changed"),
                (gettext("What"), gettext("Before"), gettext("When"), gettext("By")), changed, "changes"),
            *teller.grid(
                gettext("Who of the team looked at your file"),
                (gettext("Who"), gettext("When"), gettext("Why")), looked, "look_ups"),
        ],
    )  # fmt: skip


def _list_looks(teller: Teller) -> list[tuple[str, str, str]]:
    """Looks at the file, and at the archive of payments: while both are kept, one of these stands in both."""
    looks = [(row["looked_up_at"], row["member"], row["reason"]) for row in teller.rows("look_ups")]
    known = {(at, member) for at, member, _ in looks}
    looks += [
        (row["read_at"], row["member"], row["reason"])
        for row in teller.rows("archive_readings")
        if (row["read_at"], row["member"]) not in known
    ]
    former = gettext("A former member of the team")
    return [(member or former, teller.moment(at), reason) for at, member, reason in sorted(looks, reverse=True)]
