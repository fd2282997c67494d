"""Sources of the pack about what was used of somebody, who received it by name, and who was told since.

Recipients are those who did receive something, not those who might (Court of Justice of the EU, C-154/21).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from onloan.cases.pack.forms import (
    COUNT,
    COUNTRY,
    DAY,
    INNER,
    KEY,
    MOMENT,
    OWN_KEY,
    REMINDER,
    SAME,
    STAFF,
    TEXT,
    TRUTH,
    Property,
    Row,
    Source,
    bounded,
    list_of,
    make_row,
    one_of,
    or_none,
    table_source,
)
from onloan.cases.pack.person import VERSION
from onloan.consents.models import Consent
from onloan.errors import NotFound
from onloan.evidence.sets import find_members
from onloan.markets.rules import known_countries, market_facts
from onloan.offers.document import Recipient
from onloan.offers.queries import find_version
from onloan.offers.vocabulary import CHANNELS, ITEMS, PURPOSES, ROLES
from onloan.people.queries import find_participant
from onloan.uses.duty_rules import Cause, NoticeState
from onloan.uses.models import OTHER_BASIS_NAMES, Audience, Notice, Serving, Takedown, Use
from onloan.uses.rules import OTHER_BASES, OTHER_ITEMS, Reason

AUDIENCES_AT_A_TIME = 500
USED_ITEMS = sorted({*ITEMS, *OTHER_ITEMS})
USED_CHANNELS = sorted({*CHANNELS, *(channel for other in OTHER_BASES.values() for channel in other.channels)})

ITEM_LIST = list_of(one_of(USED_ITEMS))
NUMBER = Property("consent_number", COUNT, "The number of the answer that it rested on.")
TO_WHOM = Property("recipient", TEXT, "What the offer calls who received it; empty: nobody but the merchant.")
TO_WHOM_NAME = "The legal name of who received it; empty: nobody but the merchant."


def find_recipient_facts(version_id: UUID, recipient: str) -> Recipient | None:
    """What a version says of a recipient; None for the merchant alone, and for one that it does not name."""
    return next((each for each in find_version(version_id).offer.recipients if each.id == recipient), None)


def name_recipient(version_id: UUID, recipient: str) -> str:
    facts = find_recipient_facts(version_id, recipient)
    return recipient if facts is None else facts.name


USES = table_source(
    "uses",
    Use,
    "Each time somebody asked to use something of you, and what the answer was.",
    Property("id", KEY, "Showings and takedowns name it."),
    Property("is_allowed", TRUTH, "Whether it was allowed: what was not, was not used.", ("allowed",)),
    Property("reason", one_of(["", *Reason]), "Why it was not allowed; empty when it was."),
    Property("basis", one_of(["", "consent", *OTHER_BASIS_NAMES]), "What it rested on (GDPR art. 6)."),
    Property("consent_number", or_none(COUNT), "The number of the answer that it rested on."),
    Property("permission", TEXT, "What the offer calls the question; empty where it rested on something else.",
             ("permission_id",)),
    Property("items", ITEM_LIST, "What was asked for."),
    Property("purpose", one_of(PURPOSES), "What for."),
    Property("channel", one_of(USED_CHANNELS), "Where."),
    Property("country", COUNTRY, "In which country."),
    TO_WHOM,
    Property("recipient_name", TEXT, TO_WHOM_NAME, ("version_id", "recipient"), name_recipient),
    VERSION,
    Property("is_copy", TRUTH, "Whether a copy was made, to be taken down once you take it back."),
    Property("decided_at", MOMENT, "When."),
    Property("ended_at", or_none(MOMENT), "When whoever asked said that it was over."),
    is_portable=True,
    left_out={"market_id": "the country stands beside it"},
    order="id",
    is_portable_row=lambda row: row["basis"] in {"consent", "contract"},
)  # fmt: skip

SHOWINGS = table_source(
    "showings",
    Serving,
    "How often these pages showed something of a use on one day. Who looked is not known to anybody.",
    Property("use", KEY, "Which use it was.", ("use_id",)),
    Property("day", DAY, "The day, in UTC."),
    Property("count", COUNT, "How often."),
    is_portable=True,
    left_out={"id": OWN_KEY},
    order="day",
)


def _list_mass_uses(participant_id: UUID) -> Iterator[tuple[Audience, list[int], UUID]]:
    """Each mass use that touched this person, the earliest first: the numbers of their answers in its set, and the
    version that the latest of these was given under."""
    person = find_participant(participant_id)
    if person is None:
        raise NotFound
    answered = Consent.objects.filter(participant_id=participant_id, answer=True)
    versions: dict[int, UUID] = dict(answered.values_list("number", "version_id"))
    after, rows = UUID(int=0), [*Audience.objects.none()]
    while versions:
        rows = list(
            Audience.objects.filter(offer_id=person.offer_id, id__gt=after).order_by("id")[:AUDIENCES_AT_A_TIME]
        )
        found = find_members([row.log_index for row in rows], versions)
        for row in rows:
            if row.log_index in found:
                yield row, found[row.log_index], versions[max(found[row.log_index])]
        if len(rows) < AUDIENCES_AT_A_TIME:
            return
        after = rows[-1].id


def _read_mass_uses(participant_id: UUID) -> list[Row]:
    return [
        {
            "id": row.id, "log_index": row.log_index, "consent_numbers": numbers, "items": row.items,
            "purpose": row.purpose, "channel": row.channel, "country": row.country, "recipient": row.recipient,
            "recipient_name": name_recipient(version_id, row.recipient), "is_copy": row.is_copy,
            "decided_at": row.decided_at,
        }
        for row, numbers, version_id in _list_mass_uses(participant_id)
    ]  # fmt: skip


MASS_USES = Source(
    name="mass_uses",
    says="Uses of many people at once that you were among.",
    is_portable=True,
    read=_read_mass_uses,
    properties=(
        Property("id", KEY, "Takedowns name it."),
        Property("log_index", COUNT, "The number of its entry in the log, which binds whom it touched."),
        Property("consent_numbers", list_of(COUNT), "The numbers of your answers that it rested on."),
        Property("items", ITEM_LIST, "What was used."),
        Property("purpose", one_of(PURPOSES), "What for."),
        Property("channel", one_of(USED_CHANNELS), "Where."),
        Property("country", COUNTRY, "In which country."),
        TO_WHOM,
        Property("recipient_name", TEXT, TO_WHOM_NAME),
        Property("is_copy", TRUTH, "Whether a copy was made, to be taken down once you take it back."),
        Property("decided_at", MOMENT, "When."),
    ),
)


def _list_received(participant_id: UUID) -> Iterator[tuple[UUID, str, str, list[str], str, datetime]]:
    """Each time somebody outside the merchant received something: version, recipient, permission, items, purpose,
    when."""
    single = Use.objects.filter(participant_id=participant_id, allowed=True).exclude(recipient="")
    for row in bounded(single.order_by("id")):
        yield row.version_id, row.recipient, row.permission_id, row.items, row.purpose, row.decided_at
    asked = dict(Consent.objects.filter(participant_id=participant_id).values_list("number", "permission_id"))
    for mass, numbers, version_id in _list_mass_uses(participant_id):
        if mass.recipient:
            yield version_id, mass.recipient, asked[max(numbers)], mass.items, mass.purpose, mass.decided_at


def _read_recipients(participant_id: UUID) -> list[Row]:
    rows: dict[tuple[object, ...], Row] = {}
    for version_id, recipient, permission, items, purpose, at in _list_received(participant_id):
        facts = find_recipient_facts(version_id, recipient) or Recipient(recipient, recipient, "", "", "")
        key = (facts, permission)
        row = rows.setdefault(key, {
            "recipient": recipient, "name": facts.name, "role": facts.role, "country": facts.country,
            "is_outside_eea": _is_outside(facts.country), "safeguard": facts.transfer, "contract": facts.contract,
            "permission": permission, "items": [], "purpose": purpose, "times": 0, "first_at": at, "last_at": at,
        })  # fmt: skip
        row["items"] = sorted({*row["items"], *items})
        row["times"] += 1
        row["first_at"], row["last_at"] = min(row["first_at"], at), max(row["last_at"], at)
    return sorted(rows.values(), key=lambda row: (row["name"], row["permission"]))


def _is_outside(country: str) -> bool:
    """Whether it lies outside the European Economic Area, so that a safeguard is needed (GDPR chapter V)."""
    return bool(country) and not (country in known_countries() and market_facts(country).eea)


RECIPIENTS = Source(
    name="recipients",
    says="Everybody outside the merchant who received something of you, by name, for each permission.",
    is_portable=False,
    read=_read_recipients,
    properties=(
        Property("recipient", TEXT, "What the offer calls it."),
        Property("name", TEXT, "The legal name."),
        Property("role", one_of(["", *ROLES]), "For whom it works."),
        Property("country", {"type": "string", "pattern": "^([A-Z]{2})?$"}, "Where it sits, ISO 3166-1."),
        Property("is_outside_eea", TRUTH, "Whether that is outside the European Economic Area."),
        Property("safeguard", TEXT, "What protects your data there; empty where nothing more is needed."),
        Property("contract", TEXT, "What the merchant calls the contract with it."),
        Property("permission", TEXT, "Under which permission it received something."),
        Property("items", ITEM_LIST, "What it received."),
        Property("purpose", one_of(PURPOSES), "What for."),
        Property("times", COUNT, "How often."),
        Property("first_at", MOMENT, "The first time."),
        Property("last_at", MOMENT, "The last time."),
    ),
)


def _versions_by_number(participant_id: UUID) -> dict[int, UUID]:
    return dict(Consent.objects.filter(participant_id=participant_id).values_list("number", "version_id"))


def _read_notices(participant_id: UUID) -> list[Row]:
    versions = _versions_by_number(participant_id)
    rows = bounded(Notice.objects.filter(participant_id=participant_id).order_by("made_at", "id").values())
    return [make_row(_NOTICE, {**row, "recipient_name": _name_by_number(versions, row)}) for row in rows]


def _name_by_number(versions: dict[int, UUID], row: Row) -> str:
    version_id = versions.get(row["consent_number"])
    recipient: str = row["recipient"]
    return recipient if version_id is None else name_recipient(version_id, recipient)


_NOTICE = (
    TO_WHOM,
    Property("recipient_name", TEXT, TO_WHOM_NAME),
    NUMBER,
    Property("items", ITEM_LIST, "What it is about."),
    Property("cause", one_of(Cause), "Why it was told."),
    Property("state", one_of(NoticeState), "Whether it was told, and answered."),
    Property("made_at", MOMENT, "Since when it has to be told."),
    Property("due_at", MOMENT, "Until when it has to be done."),
    Property("told_at", or_none(MOMENT), "When it was told."),
    Property("answered_at", or_none(MOMENT), "When it answered that it was done."),
    Property("reason", or_none(TEXT), "Why the notice was ended without an answer."),
)
NOTICES = Source(
    name="notices",
    says="Which recipients were told to remove or to mend something of you, and what they answered.",
    table=Notice,
    is_portable=False,
    read=_read_notices,
    properties=_NOTICE,
    left_out={
        "id": OWN_KEY,
        "participant_id": SAME,
        "offer_id": INNER,
        "answer_proof": "the recipient's signature, which is checked with a secret of theirs",
        "by_user_id": STAFF,
        "alarmed_at": REMINDER,
    },
)


def _read_takedowns(participant_id: UUID) -> list[Row]:
    versions = _versions_by_number(participant_id)
    rows = bounded(Takedown.objects.filter(participant_id=participant_id).order_by("made_at", "id").values())
    return [make_row(_TAKEDOWN, {**row, "recipient_name": _name_by_number(versions, row)}) for row in rows]


_TAKEDOWN = (
    Property("use", KEY, "Which use, or which mass use, it is a copy of.", ("use_id",)),
    Property("is_mass", TRUTH, "Whether that was a mass use."),
    NUMBER,
    Property("items", ITEM_LIST, "What has to be taken down."),
    Property("purpose", one_of(PURPOSES), "What it was used for."),
    Property("channel", one_of(USED_CHANNELS), "Where it was shown."),
    TO_WHOM,
    Property("recipient_name", TEXT, TO_WHOM_NAME),
    Property("cause", one_of(Cause), "Why."),
    Property("made_at", MOMENT, "Since when."),
    Property("due_at", MOMENT, "Until when."),
    Property("done_at", or_none(MOMENT), "When it was done."),
    Property("note", or_none(TEXT), "How, in the words of who did it."),
)
TAKEDOWNS = Source(
    name="takedowns",
    says="Copies that have to be taken down, and when that was done.",
    table=Takedown,
    is_portable=False,
    read=_read_takedowns,
    properties=_TAKEDOWN,
    left_out={
        "id": OWN_KEY,
        "participant_id": SAME,
        "offer_id": INNER,
        "done_by_user_id": STAFF,
        "alarmed_at": REMINDER,
    },
)
