"""Sources of the pack about who somebody is here, what they gave and answered, and who of the team looked."""

from __future__ import annotations

from uuid import UUID

from onloan.access.models import User
from onloan.cases.clarity import find_answers
from onloan.cases.looking_up import LookupReason
from onloan.cases.models import Case, Erasure, Restriction
from onloan.cases.pack.forms import (
    COUNT,
    COUNTRY,
    DAY,
    HASH,
    HASHED,
    INNER,
    KEY,
    MOMENT,
    OWN_KEY,
    SAME,
    STAFF,
    TEXT,
    TRUTH,
    Property,
    Row,
    Source,
    Unread,
    bounded,
    list_of,
    make_row,
    one_of,
    or_none,
    table_source,
)
from onloan.cases.rules import ErasureCause, ErasureWay, RestrictionCause, show_reference
from onloan.consents.models import Consent, Receipt
from onloan.consents.rules import Act, Door, EndReason
from onloan.errors import NotFound
from onloan.markets.rules import add_months
from onloan.offers.queries import find_market_by_id, find_version
from onloan.offers.retention import CASE_YEARS
from onloan.offers.vocabulary import CHANNELS, ITEMS, PURPOSES
from onloan.outbox.mails import receipt_token
from onloan.payouts.sealing import read_written_account
from onloan.people.changes import read_person_key
from onloan.people.models import (
    CodeLookup,
    EmailCode,
    EmailLookup,
    Item,
    ItemChange,
    LookupRecord,
    Participant,
    PersonKey,
    Suppression,
)
from onloan.people.queries import find_suppressed_since, read_items
from onloan.people.rules import CHANGED_NAMES, ITEM_NAMES
from onloan.people.sealing import unseal_item

PHOTO = "profile_photo"
PHOTO_FILE = "profile_photo.jpg"

VERSION = Property(
    "version", COUNT, "The number of the offer's version that this rests on.", ("version_id",),
    lambda version_id: find_version(version_id).number,
)  # fmt: skip


def _read_person(participant_id: UUID) -> list[Row]:
    kept = Participant.objects.filter(id=participant_id).values().first()
    if kept is None:
        raise NotFound
    return [make_row(PERSON.properties, kept)]


PERSON = Source(
    name="person",
    says="Who you are to the system: one row.",
    table=Participant,
    is_portable=True,
    read=_read_person,
    properties=(
        Property("id", KEY, "Under which your rows are kept. With the key of an entry of the log it opens that."),
        Property("public_id", TEXT, "What the merchant's systems call you."),
        Property("offer", TEXT, "The campaign that you joined.", ("version_id",),
                 lambda version_id: find_version(version_id).offer_slug),
        VERSION,
        Property("country", COUNTRY, "The market in which you joined, ISO 3166-1."),
        Property("language", TEXT, "In which language we write to you."),
        Property("joined_at", MOMENT, "When you joined."),
        Property("window_ends_at", MOMENT, "Until when friends count for you."),
        Property("is_adult", TRUTH, "You said that you are old enough.", ("over_18",)),
        Property("has_pot", TRUTH, "Whether a pot was set aside for you when you joined."),
        Property("pot_released_at", or_none(MOMENT), "When what was left of it went back."),
        Property("restricted_at", or_none(MOMENT), "Since when nothing of you is used, as you asked."),
        Property("objected_at", or_none(MOMENT), "Since when nothing of you is shown, as you objected."),
        Property("checks_objected_at", or_none(MOMENT), "Since when no program checks you, as you objected."),
        Property("is_demo", TRUTH, "Whether you are made up, for a demonstration."),
    ),
    left_out={
        "offer_id": INNER,
        "market_id": "the country stands beside it",
        "erasures_stopped": "the code of a slip is derived with it; each stands in the timeline of its request",
        "erased_at": "who was erased gets no such file",
        "session_number": "how often you signed out everywhere, only to tell an old cookie from a new one",
    },
)  # fmt: skip


def _read_given(participant_id: UUID) -> list[Row]:
    values = read_items(participant_id, ITEM_NAMES)
    rows = bounded(Item.objects.filter(participant_id=participant_id).order_by("name"))
    return [
        {"item": row.name, "value": write_item(row.name, values[row.name]), "disputed_at": row.disputed_at}
        for row in rows
    ]


def write_item(name: str, value: bytes) -> str:
    """An item as a person reads it; a photo is the name of its file."""
    if name == PHOTO:
        return PHOTO_FILE
    if name != "payee_account":
        return value.decode()
    account = read_written_account(value.decode())
    return account.number if account.kind == "iban" else f"{account.sort_code} {account.account_number}"


ITEM_VALUES = Source(
    name="items",
    says="What you gave: each item in plain. The photo is a file beside this one.",
    table=Item,
    is_portable=True,
    read=_read_given,
    properties=(
        Property("item", one_of(ITEM_NAMES), "What it is.", ("name",)),
        Property("value", TEXT, "The item itself; for the photo the name of its file.", ("ciphertext",)),
        Property("disputed_at", or_none(MOMENT), "Since when you say that it is wrong."),
    ),
    left_out={"id": OWN_KEY, "participant_id": SAME},
    unread=(
        Unread(PersonKey, {
            "id": OWN_KEY, "participant_id": SAME,
            "wrapped_key": "the key that opens what is sealed: this file has it open",
        }),
        Unread(EmailLookup, {"value_hash": HASHED, "participant_id": SAME}),
        Unread(CodeLookup, {
            "value_hash": HASHED, "kind": "each code stands with what it leads to", "participant_id": SAME,
            "target_id": "each code stands with what it leads to",
        }),
    ),
)  # fmt: skip


def _read_advertising(participant_id: UUID) -> list[Row]:
    since = find_suppressed_since(participant_id)
    return [] if since is None else [{"since": since, "until": add_months(since.date(), 12 * CASE_YEARS)}]


ADVERTISING = Source(
    name="advertising",
    says="That your address gets no advertising. Only a keyed hash of it is kept in that list.",
    table=Suppression,
    is_portable=False,
    read=_read_advertising,
    properties=(
        Property("since", MOMENT, "Since when."),
        Property("until", DAY, "When it goes from the list.", ("since",)),
    ),
    left_out={"value_hash": HASHED},
    unread=(
        Unread(EmailCode, dict.fromkeys(
            ("id", "email_hash", "offer_id", "market_id", "purpose", "code_hash", "attempts", "loose_attempts",
             "is_long", "expires_at", "verified_at", "sealed_draft", "created_at"),
            "a code by mail and the form that it resumes are gone after a day",
        )),
    ),
)  # fmt: skip


def _read_changes(participant_id: UUID) -> list[Row]:
    person_key = read_person_key(participant_id)
    rows = bounded(ItemChange.objects.filter(participant_id=participant_id).order_by("changed_at", "id"))
    return [
        {
            "item": row.name,
            "changed_at": row.changed_at,
            "is_by_team": row.by_user_id is not None,
            "before": None
            if row.sealed_before is None
            else unseal_item(participant_id, f"change/{row.id}", person_key, bytes(row.sealed_before)).decode(),
        }
        for row in rows
    ]


CHANGES = Source(
    name="changes",
    says="What was changed of what you gave, and what it was before. A photo that was replaced is gone.",
    table=ItemChange,
    is_portable=True,
    read=_read_changes,
    properties=(
        Property("item", one_of(CHANGED_NAMES), "What was changed.", ("name",)),
        Property("changed_at", MOMENT, "When."),
        Property("is_by_team", TRUTH, "Whether a member of the team wrote it down for you.", ("by_user_id",)),
        Property("before", or_none(TEXT), "What it was before; null where nothing was kept.", ("sealed_before",)),
    ),
    left_out={"id": OWN_KEY, "participant_id": SAME},
)


def _read_lookups(participant_id: UUID) -> list[Row]:
    person_key = read_person_key(participant_id)
    rows = bounded(LookupRecord.objects.filter(participant_id=participant_id).order_by("looked_up_at", "id"))
    names = dict(User.objects.filter(id__in={row.user_id for row in rows}).values_list("id", "name"))
    found = []
    for row in rows:
        written = unseal_item(participant_id, f"lookup/{row.id}", person_key, bytes(row.sealed_reason)).decode()
        kind, _, reason = written.partition("\n")
        found.append({
            "member": names.get(row.user_id, ""), "looked_up_at": row.looked_up_at, "kind": kind, "reason": reason
        })  # fmt: skip
    return found


LOOKUPS = Source(
    name="look_ups",
    says="Who of the merchant's team opened your file, when and why.",
    table=LookupRecord,
    is_portable=False,
    read=_read_lookups,
    properties=(
        Property("member", TEXT, "Who it was; empty for a former member of the team.", ("user_id",)),
        Property("looked_up_at", MOMENT, "When."),
        Property("kind", one_of(LookupReason), "What for, in a word.", ("sealed_reason",)),
        Property("reason", TEXT, "Why, in that member's words.", ("sealed_reason",)),
    ),
    left_out={"id": OWN_KEY, "participant_id": SAME},
)


def name_recipients(version_id: UUID, recipients: list[str]) -> list[str]:
    """Their legal names, as the version says them (Court of Justice of the EU, C-154/21)."""
    names = {each.id: each.name for each in find_version(version_id).offer.recipients}
    return [names.get(recipient, recipient) for recipient in recipients]


ANSWERS = table_source(
    "answers",
    Consent,
    "Each answer to a permission, yes or no, and what became of it.",
    Property("number", COUNT, "The number of this answer: uses and the log name it."),
    Property("permission", TEXT, "What the offer calls the question.", ("permission_id",)),
    VERSION,
    Property("country", COUNTRY, "In which market it was asked."),
    Property("is_allowed", TRUTH, "Whether you said yes.", ("answer",)),
    Property("items", list_of(one_of(ITEMS)), "What it is about."),
    Property("purpose", one_of(PURPOSES), "What for."),
    Property("channels", list_of(one_of(CHANNELS)), "Where it may be shown."),
    Property("territories", list_of(COUNTRY), "In which countries."),
    Property("recipients", list_of(TEXT), "Who may receive it, by name; none: the merchant alone.",
             ("version_id", "recipients"), name_recipients),
    Property("answered_at", MOMENT, "When you answered."),
    Property("expires_at", or_none(MOMENT), "When a yes ends by itself."),
    Property("ended_at", or_none(MOMENT), "When it ended before."),
    Property("end_reason", or_none(one_of(EndReason)), "Why it ended."),
    Property("end_door", or_none(one_of(Door)), "Where it was taken back."),
    Property("receipt", or_none(TEXT), "The code of the receipt of this answer.", ("receipt_id",), receipt_token,
             is_portable=False),
    is_portable=True,
    left_out={"id": OWN_KEY, "market_id": "the country stands beside it"},
    order="number",
)  # fmt: skip

RECEIPTS = table_source(
    "receipts",
    Receipt,
    "What you saw and did each time you answered: the proof of a yes, and of a no.",
    Property("code", or_none(TEXT), "Opens the receipt at /r/<code>/ without signing in: keep it to yourself.",
             ("id",), receipt_token, is_portable=False),
    VERSION,
    Property("version_hash", HASH, "SHA-256 of the offer file that you were shown."),
    Property("country", COUNTRY, "In which market."),
    Property("language", TEXT, "In which language you read it."),
    Property("notice_hash", HASH, "SHA-256 of the notice that you were shown."),
    Property("page_hash", HASH, "SHA-256 of the page with the questions."),
    Property("control_states", {
        "type": "object",
        "additionalProperties": {"type": "object", "additionalProperties": {"type": "string"}},
    }, "For each question, where its buttons stood when the page was shown and when it was sent."),
    Property("act", one_of(Act), "What you did to answer."),
    Property("given_at", MOMENT, "When."),
    is_portable=True,
    left_out={"market_id": "the country stands beside it"},
    order="given_at",
)  # fmt: skip


def _read_clarity(participant_id: UUID) -> list[Row]:
    person = Participant.objects.get(id=participant_id)
    answered = Consent.objects.filter(participant_id=participant_id).values_list("version_id", flat=True)
    asked = {person.version_id, find_market_by_id(person.market_id).version_id, *answered}
    found = []
    for version_id in asked:
        kept = find_answers(participant_id, version_id)
        if kept is not None:
            found.append({
                "version": find_version(version_id).number, "answered_on": kept.answered_on,
                "knows_who": kept.answers.who, "knows_what": kept.answers.what, "knows_until": kept.answers.until,
            })  # fmt: skip
    return sorted(found, key=lambda row: row["version"])


CLARITY = Source(
    name="clarity",
    says="What you answered to the three questions about how clear the offer is. Your key alone leads to it.",
    is_portable=True,
    read=_read_clarity,
    properties=(
        Property("version", COUNT, "The number of the version that it is about."),
        Property("answered_on", DAY, "When."),
        Property("knows_who", TRUTH, "Whether you had it right who sees what you allow."),
        Property("knows_what", TRUTH, "Whether you had it right what is shown."),
        Property("knows_until", TRUTH, "Whether you had it right until when."),
    ),
)


def refer_to_case(case_id: UUID | None) -> str | None:
    """What the person calls a request of theirs."""
    if case_id is None:
        return None
    reference = Case.objects.filter(id=case_id).values_list("reference", flat=True).first()
    return None if reference is None else show_reference(reference)


_REQUEST = Property(
    "request", or_none(TEXT), "The number of the request that it belongs to.", ("case_id",), refer_to_case
)

RESTRICTIONS = table_source(
    "restrictions",
    Restriction,
    "Times in which something of you was kept and not used.",
    Property("cause", one_of(RestrictionCause), "Why."),
    Property("items", list_of(one_of(ITEM_NAMES)), "What it is about; empty: everything."),
    Property("since", MOMENT, "Since when."),
    Property("told_at", or_none(MOMENT), "When you were told that it ends."),
    Property("ends_on", or_none(DAY), "On which day it ends by itself after that."),
    Property("ended_at", or_none(MOMENT), "When it ended."),
    _REQUEST,
    is_portable=False,
    left_out={"id": OWN_KEY, "told_by_user_id": STAFF},
    order="since",
)

ERASURES = table_source(
    "erasures",
    Erasure,
    "How far an erasure is that you asked for.",
    Property("cause", one_of(ErasureCause), "Why."),
    Property("way", one_of(ErasureWay), "What becomes of money that is owed."),
    Property("begun_at", MOMENT, "When it began."),
    Property("slip_ends_in", TEXT, "The last characters of your slip.",
             ("slip_last_characters",)),
    Property("erased_at", or_none(MOMENT), "When key and rows went."),
    Property("swept_at", or_none(MOMENT), "When the database's own files held nothing of it any more."),
    Property("recipients_done_at", or_none(MOMENT), "When every recipient had answered."),
    Property("backups_until", or_none(DAY), "The last day on which a backup can hold it."),
    _REQUEST,
    is_portable=False,
    left_out={
        "id": OWN_KEY,
        "erased_in": INNER,
        "accounts_until": "who was erased gets no such file",
        "completed_at": "who was erased gets no such file",
    },
    order="begun_at",
    # The index of what is under way begins with the person, and of what is complete nobody can ask any more.
    filters={"completed_at": None},
)  # fmt: skip
