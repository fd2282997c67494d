"""Sources of the pack about what somebody asked and saw, the mails to them, and their entries of the log."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from onloan import db, keys
from onloan.cases.clocks import Pause
from onloan.cases.models import Case, CaseEvent, CasePause, LatePayment, Sighting
from onloan.cases.pack.forms import (
    COUNT,
    COUNTRY,
    DAY,
    HASHED,
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
    make_row,
    one_of,
    or_none,
    table_source,
)
from onloan.cases.pack.person import refer_to_case
from onloan.cases.rules import About, Door, EventKind, Kind, LateEnd, Outcome, State, show_reference
from onloan.cases.sealing import (
    unseal_answer,
    unseal_contact,
    unseal_identified_how,
    unseal_picture,
    unseal_representative,
    unseal_text,
)
from onloan.cases.sighting_queries import read_report
from onloan.cases.timeline import unseal_event
from onloan.evidence.models import EntryLink
from onloan.evidence.statements import read_bytes
from onloan.ledger.rules import reward_reference
from onloan.offers.vocabulary import CHANNELS, ITEMS
from onloan.outbox.mails import render_mail
from onloan.outbox.models import Message
from onloan.outbox.rules import KIND_MAIL, SECRET_FIELDS, STATES
from onloan.payouts.models import Payable

_SEALED = {
    "contact": ("sealed_contact", unseal_contact),
    "text": ("sealed_text", unseal_text),
    "answer": ("sealed_answer", unseal_answer),
    "representative": ("sealed_representative", unseal_representative),
    "identified_how": ("sealed_identified_how", unseal_identified_how),
}


def _read_requests(participant_id: UUID) -> list[Row]:
    rows = bounded(Case.objects.filter(participant_id=participant_id).order_by("received_at", "id").values())
    return [
        {
            **make_row(_REQUEST, row),
            **{
                name: None if row[column] is None else unseal(row["id"], bytes(row[column]))
                for name, (column, unseal) in _SEALED.items()
            },
        }
        for row in rows
    ]


_REQUEST = (
    Property("number", TEXT, "Its number, as you were told it.", ("reference",), show_reference),
    Property("kind", one_of(Kind), "What you asked."),
    Property("about", one_of(About), "What exactly it is about."),
    Property("country", COUNTRY, "Which country's law it is answered under."),
    Property("language", TEXT, "In which language it is answered."),
    Property("door", one_of(Door), "How it came."),
    Property("state", one_of(State), "Whether it was answered."),
    Property("received_at", MOMENT, "When it came."),
    Property("received_on", or_none(DAY), "The day on which it reached us."),
    Property("acknowledged_at", or_none(MOMENT), "When you were told that it came."),
    Property("clock_from", or_none(DAY), "From which day the time to answer counts, where it is another one."),
    Property("due_on", DAY, "The day that the team sees."),
    Property("legal_due_on", DAY, "The last day in law."),
    Property("extended_at", or_none(MOMENT), "When more time was taken."),
    Property("contact", or_none(TEXT), "The address that you gave with it.", ("sealed_contact",)),
    Property("text", or_none(TEXT), "What you wrote.", ("sealed_text",)),
    Property("representative", or_none(TEXT), "Who wrote it for you.", ("sealed_representative",)),
    Property("identified_at", or_none(MOMENT), "When a member of the team found that it was you."),
    Property("identified_how", or_none(TEXT), "How they knew.", ("sealed_identified_how",), is_portable=False),
    Property("answer", or_none(TEXT), "What we answered.", ("sealed_answer",), is_portable=False),
    Property("closed_at", or_none(MOMENT), "When it was closed."),
    Property("outcome", or_none(one_of(Outcome)), "How it ended."),
)
REQUESTS = Source(
    name="requests",
    says="What you asked of us, complaints too, and what we answered.",
    table=Case,
    is_portable=True,
    read=_read_requests,
    properties=_REQUEST,
    left_out={
        "id": OWN_KEY,
        "participant_id": SAME,
        "contact_hash": HASHED,
        "origin_case_id": INNER,
        "alarm_days": REMINDER,
        "alarmed_at": REMINDER,
        "letter_waits_since": REMINDER,
        "identified_by_user_id": STAFF,
        "closed_by_user_id": STAFF,
    },
)


def _references(participant_id: UUID) -> dict[UUID | None, str]:
    rows = Case.objects.filter(participant_id=participant_id).values_list("id", "reference")
    return {case_id: show_reference(reference) for case_id, reference in rows}


def _read_steps(participant_id: UUID) -> list[Row]:
    numbers = _references(participant_id)
    rows = bounded(CaseEvent.objects.filter(participant_id=participant_id).order_by("at", "id"))
    return [
        {
            "request": numbers.get(row.case_id),
            "kind": row.kind,
            "at": row.at,
            "is_by_team": row.by_user_id is not None,
            "text": unseal_event(row.id, bytes(row.sealed_text)) if row.sealed_text and row.is_shown else None,
            # A note for colleagues may speak of somebody else, so a person looks at it first (GDPR art. 15(4)).
            "is_withheld": row.sealed_text is not None and not row.is_shown,
        }
        for row in rows
    ]


STEPS = Source(
    name="steps",
    says="What happened to each of your requests, step by step.",
    table=CaseEvent,
    is_portable=False,
    read=_read_steps,
    properties=(
        Property("request", or_none(TEXT), "The number of the request.", ("case_id",)),
        Property("kind", one_of(EventKind), "What happened."),
        Property("at", MOMENT, "When."),
        Property("is_by_team", TRUTH, "Whether a member of the team did it.", ("by_user_id",)),
        Property("text", or_none(TEXT), "What stands beside it, as your page shows it.", ("sealed_text",)),
        Property("is_withheld", TRUTH,
                 "That something was written beside it for colleagues. Ask us for it: a person looks first "
                 "whether it speaks of somebody else.", ("is_shown",)),
    ),
    left_out={"id": OWN_KEY, "participant_id": SAME},
)  # fmt: skip


def _read_questions(participant_id: UUID) -> list[Row]:
    numbers = _references(participant_id)
    rows = bounded(CasePause.objects.filter(case_id__in=list(numbers)).order_by("asked_at", "id"))
    return [
        {
            "request": numbers[row.case_id],
            "kind": row.kind,
            "asked_at": row.asked_at,
            "answered_at": row.answered_at,
            "reason": keys.unseal(
                keys.derive_key("cases"), bytes(row.sealed_reason), row.id.bytes + b"reason"
            ).decode(),
        }
        for row in rows
    ]


QUESTIONS = Source(
    name="questions",
    says="Questions to you that stopped the time to answer, and why they had to be asked.",
    is_portable=False,
    read=_read_questions,
    properties=(
        Property("request", TEXT, "The number of the request."),
        Property("kind", one_of(Pause), "What had to be known."),
        Property("asked_at", MOMENT, "When it was asked."),
        Property("answered_at", or_none(MOMENT), "When the answer came."),
        Property("reason", TEXT, "Why it had to be asked, in the words of who asked."),
    ),
    left_out={"alarm_days": REMINDER},
)


def _read_sightings(participant_id: UUID) -> list[Row]:
    numbers = _references(participant_id)
    rows = bounded(Sighting.objects.filter(participant_id=participant_id).order_by("reported_at", "id"))
    found = []
    for row in rows:
        report = read_report(row)
        found.append({
            "item": row.item, "channel": row.channel, "address": report.address, "words": report.words,
            "seen_on": row.seen_on, "picture": None if row.sealed_picture is None else picture_file(row.id),
            "reported_at": row.reported_at, "use": row.use_id, "is_mass": row.is_mass,
            "is_after_end": row.is_after_end, "request": numbers.get(row.case_id),
        })  # fmt: skip
    return found


def picture_file(sighting_id: UUID) -> str:
    return f"sightings/{sighting_id.hex}.jpg"


def read_pictures(participant_id: UUID) -> dict[str, bytes]:
    """The pictures that came with sightings, by the name of their file."""
    rows = Sighting.objects.filter(participant_id=participant_id, sealed_picture__isnull=False)
    return {
        picture_file(row.id): unseal_picture(row.id, bytes(row.sealed_picture or b"")) for row in bounded(rows)
    }


SIGHTINGS = Source(
    name="sightings",
    says="Where you saw your photo or your name, and what explains it.",
    table=Sighting,
    is_portable=True,
    read=_read_sightings,
    properties=(
        Property("item", one_of(ITEMS), "What you saw."),
        Property("channel", one_of(["", *CHANNELS]), "Where; empty for a place that is not in the list."),
        Property("address", TEXT, "The address that you gave.", ("sealed_text",)),
        Property("words", TEXT, "What you wrote.", ("sealed_text",)),
        Property("seen_on", DAY, "When you saw it."),
        Property("picture", or_none(TEXT), "The file of the picture that you sent.", ("sealed_picture",)),
        Property("reported_at", MOMENT, "When you told us."),
        Property("use", or_none(KEY), "The use that explains it.", ("use_id",)),
        Property("is_mass", TRUTH, "Whether that is a mass use."),
        Property("is_after_end", TRUTH, "Whether that use was over by then."),
        Property("request", or_none(TEXT), "The number of the request that came of it.", ("case_id",)),
    ),
    left_out={"id": OWN_KEY, "participant_id": SAME, "offer_id": INNER},
)


def _reward_of(payable_id: UUID) -> str | None:
    """What every other part of the file calls the reward that a payment is of."""
    reward_id = Payable.objects.filter(id=payable_id).values_list("reward_id", flat=True).first()
    return None if reward_id is None else reward_reference(reward_id)


LATE_PAYMENTS = table_source(
    "late_payments",
    LatePayment,
    "Payments of ours that did not reach you in time, and the complaint that we opened for it.",
    Property("request", or_none(TEXT), "The number of that complaint.", ("case_id",), refer_to_case),
    Property("reward", or_none(TEXT), "The reference of the reward that it is of.", ("payable_id",), _reward_of),
    Property("due_on", DAY, "By which day it should have been paid."),
    Property("noted_at", MOMENT, "When we noted that it was late."),
    Property("settled_at", or_none(MOMENT), "When we noted that it was late no more."),
    Property("end", or_none(one_of(LateEnd)), "How that ended."),
    is_portable=False,
    left_out={"id": OWN_KEY},
    order="noted_at",
)


def _read_mails(participant_id: UUID) -> list[Row]:
    rows = bounded(Message.objects.filter(participant_id=participant_id).order_by("created_at", "id"))
    return [
        {
            "to": "you" if row.kind == KIND_MAIL else "merchant",
            "kind": row.template,
            "subject": _write_subject(row),
            "language": row.language,
            "written_at": row.created_at,
            "state": row.state,
            "settled_at": row.settled_at,
            "problem": row.last_error_code,
        }
        for row in rows
    ]


def _write_subject(row: Message) -> str:
    """The line that stood over it. What was sealed in it is wiped, and never stands in a subject."""
    if row.kind != KIND_MAIL:
        return ""
    blank = dict.fromkeys(SECRET_FIELDS - {"link"}, "")
    return render_mail(template=row.template, language=row.language, context=row.context, secrets=blank)[0]


MAILS = Source(
    name="mails",
    says="Mails to you, and what the merchant's own systems were told of you, as long as that is kept.",
    table=Message,
    is_portable=False,
    read=_read_mails,
    properties=(
        Property("to", one_of(["you", "merchant"]), "Who it was for.", ("kind",)),
        Property("kind", TEXT, "Which mail, or which event.", ("template",)),
        Property("subject", TEXT, "Its subject; empty for an event.", ("context",)),
        Property("language", TEXT, "In which language."),
        Property("written_at", MOMENT, "When it was written.", ("created_at",)),
        Property("state", one_of(STATES), "Whether it was sent."),
        Property("settled_at", or_none(MOMENT), "When it was sent, or given up."),
        Property("problem", TEXT, "Why it could not be sent; empty when nothing stood against it.",
                 ("last_error_code",)),
    ),
    left_out={
        "id": OWN_KEY,
        "participant_id": SAME,
        "sealed_address": "wiped once it is sent: your address stands among the items",
        "sealed_context": "wiped once it is sent",
        "endpoint_id": "one of the merchant's systems",
        "idempotency_ref": INNER,
        "attempts": INNER,
        "next_attempt_at": INNER,
    },
)  # fmt: skip

_LOG = (
    "SELECT link.opening_key, link.occurred_at, logged.log_index, logged.body, queued.body"
    " FROM evidence_link AS link"
    " LEFT JOIN evidence_log AS logged ON logged.entry_ref = link.entry_ref"
    " LEFT JOIN evidence_queue AS queued ON queued.entry_ref = link.entry_ref"
    " WHERE link.participant_id = %s ORDER BY link.occurred_at, link.id"
)


def _read_log(participant_id: UUID) -> list[Row]:
    return [_log_row(row) for row in db.fetch_all(_LOG, [db.uuid_value(participant_id)])]


def _log_row(row: tuple[Any, ...]) -> Row:
    opening_key, occurred_at, log_index, logged, queued = row
    assert (logged is None) != (queued is None), (
        "an entry leaves the queue in the moment in which it gets its number"
    )
    body = read_bytes(queued if logged is None else logged).decode("ascii")
    entry = json.loads(body)
    return {
        "log_index": log_index,
        "kind": entry["kind"],
        "day": entry["day"],
        "entry": body,
        "happened_at": db.read_time(occurred_at),
        "opening_key": read_bytes(opening_key).hex(),
    }


LOG = Source(
    name="log",
    says=(
        "Entries of the public log that are about you. Without the key of an entry nobody can say whom it is "
        "about: HMAC-SHA256 under it of the canonical JSON of {at: happened_at, participant: the id in the source "
        "'person'} is the entry's 'about'."
    ),
    table=EntryLink,
    is_portable=False,
    read=_read_log,
    properties=(
        Property("log_index", or_none(COUNT), "Its number in the log; null while it waits.", ("entry_ref",)),
        Property("kind", TEXT, "What happened.", ("entry_ref",)),
        Property("day", DAY, "On which day, in UTC.", ("entry_ref",)),
        Property("entry", TEXT, "The entry, byte for byte as the log has it (canonical JSON, RFC 8785).",
                 ("entry_ref",)),
        Property("happened_at", MOMENT, "The precise time, which stands in the log only under the key.",
                 ("occurred_at",)),
        Property("opening_key", {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                 "The entry's own key, in hexadecimal. With it you can prove that the entry is about you; so can "
                 "whoever else has it.", ("opening_key",)),
    ),
    left_out={"id": OWN_KEY, "participant_id": SAME},
)  # fmt: skip
