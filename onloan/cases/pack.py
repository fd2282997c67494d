"""The copy of everything that is kept about a person (GDPR art. 15), and the part to take elsewhere (art. 20).

Every table with rows about people is named in ``SOURCES`` once; a test fails when one is missing. It is made when
the person asks for it, from indexes that begin with the person, so it costs the same however many others there
are, and nothing of it is stored. A source that fails is left out and named: the rest is given in time.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db.models import BinaryField

from onloan.cases.models import Case
from onloan.cases.queries import find_case, list_cases_of
from onloan.cases.rules import EventKind, Kind, State
from onloan.cases.timeline import list_events, record_event
from onloan.db import action
from onloan.errors import NotFound
from onloan.people.change_queries import list_changes, list_lookups
from onloan.people.queries import find_participant, list_item_names, read_item
from onloan.people.statements import lock_participant
from onloan.uses.audience_queries import list_audiences_of

logger = logging.getLogger(__name__)

FORM = "onloan-access-pack/1"
ROWS_MAX = 50_000
PHOTO = "profile_photo"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Where something about a person is kept. ``tables`` are read as they are, but for ``withheld``: columns about
    somebody else, keys and seals. ``read`` gives what has to be unsealed first. ``is_portable``: given by the
    person or observed about them, not inferred (art. 20)."""

    name: str
    tables: tuple[str, ...]
    is_portable: bool
    withheld: frozenset[str] = frozenset()
    read: Callable[[UUID], list[Row]] | None = None


@dataclass(frozen=True, slots=True)
class Pack:
    """What was put together: rows by source, the photo, and the names of sources that did not answer."""

    public_id: str
    made_at: datetime
    is_portable: bool
    content: Mapping[str, list[Row]]
    photo: bytes | None
    gaps: tuple[str, ...] = field(default=())


def _read_profile(participant_id: UUID) -> list[Row]:
    person = find_participant(participant_id)
    if person is None:
        raise NotFound
    facts = {"public_id": person.public_id, "country": person.country, "language": person.language}
    times = {
        "joined_at": person.joined_at,
        "restricted_at": person.restricted_at,
        "objected_at": person.objected_at,
    }
    items = {
        name: (value or b"").decode() if name != PHOTO else "profile_photo.jpg"
        for name in list_item_names(participant_id)
        for value in [read_item(participant_id, name) if name != PHOTO else b""]
    }
    return [{**facts, **times, **items}]


def _read_changes(participant_id: UUID) -> list[Row]:
    return [_plain_view(line) for line in list_changes(participant_id)]


def _read_lookups(participant_id: UUID) -> list[Row]:
    return [_plain_view(line) for line in list_lookups(participant_id)]


def _read_mass_uses(participant_id: UUID) -> list[Row]:
    return [
        {
            "items": list(use.audience.items), "purpose": use.audience.purpose, "channel": use.audience.channel,
            "recipient": use.audience.recipient, "decided_at": use.audience.decided_at,
            "consent_numbers": list(use.consent_numbers), "is_mass": True,
        }
        for use in list_audiences_of(participant_id)
    ]  # fmt: skip


def _read_cases(participant_id: UUID) -> list[Row]:
    rows: list[Row] = []
    for line in list_cases_of(participant_id):
        view = find_case(line.id)
        rows.append(
            {
                "reference": line.reference, "kind": line.kind.value, "received_at": line.received_at,
                "due_on": line.legal_due_on, "closed_at": line.closed_at, "text": view.text, "answer": view.answer,
                "events": [
                    {"kind": event.kind.value, "at": event.at.isoformat(), "text": event.text}
                    for event in list_events(line.id, only_shown=True)
                ],
            }
        )  # fmt: skip
    return rows


# What names other people, or is a key: withheld wherever it stands (art. 15(4)).
_OTHERS = frozenset({
    "sponsor_id", "friend_id", "details", "by_user_id", "decided_by_user_id", "second_decided_by_user_id",
    "set_by_user_id", "done_by_user_id", "by_key_id", "undone_by_key_id", "undone_by_user_id", "mark",
    "value_hash", "account_hash", "ring_id", "subject", "cause_key", "commitment_key", "closed_by_user_id",
})  # fmt: skip

SOURCES: tuple[Source, ...] = (
    Source(
        "profile",
        ("people_person_key", "people_item", "people_email_lookup", "people_code_lookup"),
        True,
        read=_read_profile,
    ),
    Source("changes", ("people_item_change",), True, read=_read_changes),
    Source("look-ups", ("people_lookup_record",), False, read=_read_lookups),
    Source("answers", ("consents_consent", "consents_receipt"), True, _OTHERS),
    Source("uses", ("uses_use", "uses_serving"), True, _OTHERS),
    Source("mass-uses", (), True, read=_read_mass_uses),
    Source("recipients-told", ("uses_notice", "uses_takedown"), False, _OTHERS),
    Source("rewards", ("ledger_account", "ledger_transfer", "ledger_reward"), True, _OTHERS),
    Source("vouchers", ("vouchers_voucher", "vouchers_redemption"), True, _OTHERS),
    Source(
        "payments",
        ("payouts_payable", "payouts_payment", "payouts_payee", "payouts_slip", "payouts_year_note"),
        True,
        _OTHERS,
    ),
    Source("referral", ("referrals_link", "referrals_attribution", "referrals_event"), True, _OTHERS),
    Source("fraud-checks", ("referrals_mark", "referrals_signal", "referrals_review"), False, _OTHERS),
    Source(
        "requests",
        ("cases_case", "cases_event", "cases_sighting", "cases_restriction", "cases_erasure"),
        True,
        read=_read_cases,
    ),
    Source("mails", ("outbox_message",), False, _OTHERS | {"context"}),
    Source("log", ("evidence_link",), False, _OTHERS),
)


def build_pack(participant_id: UUID, *, is_portable: bool, now: datetime) -> Pack:
    """Ask every source. Raises NotFound for somebody who is not there any more."""
    person = find_participant(participant_id)
    if person is None or person.erased_at is not None:
        raise NotFound
    content: dict[str, list[Row]] = {}
    gaps: list[str] = []
    for source in SOURCES:
        if is_portable and not source.is_portable:
            continue
        try:
            content[source.name] = _read_source(source, participant_id)
        except Exception as error:
            # Whatever fails in one place must not keep the rest from the person.
            logger.error("a pack has a gap, %s: %s", source.name, type(error).__name__)  # noqa: TRY400
            gaps.append(source.name)
    photo = read_item(participant_id, PHOTO)
    return Pack(person.public_id, now, is_portable, content, photo, tuple(gaps))


def _read_source(source: Source, participant_id: UUID) -> list[Row]:
    if source.read is not None:
        return source.read(participant_id)
    rows: list[Row] = []
    models = {model._meta.db_table: model for model in apps.get_models()}
    for table in source.tables:
        model = models[table]
        columns = [
            each.attname
            for each in model._meta.concrete_fields
            if not isinstance(each, BinaryField) and each.attname not in source.withheld | {"participant_id"}
        ]
        found = model._default_manager.filter(participant_id=participant_id).values(*columns)[: ROWS_MAX + 1]
        assert len(found) <= ROWS_MAX, "so much of one person is a mistake somewhere"
        rows += [{"table": table, **row} for row in found]
    return rows


def write_zip(pack: Pack, page: str) -> bytes:
    """The zip: ``index.html`` for a person, ``data.json`` with its schema and a CSV for each source, the photo."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.html", page)
        archive.writestr("data.json", write_json(pack))
        archive.writestr("schema.json", json.dumps(SCHEMA, indent=1))
        for name, rows in pack.content.items():
            archive.writestr(f"csv/{name}.csv", _write_csv(rows))
        if pack.photo is not None:
            archive.writestr("profile_photo.jpg", pack.photo)
    return out.getvalue()


def write_json(pack: Pack) -> str:
    body = {
        "form": FORM,
        "participant": pack.public_id,
        "made_at": pack.made_at.isoformat(),
        "is_portable_part": pack.is_portable,
        "gaps": list(pack.gaps),
        "sources": pack.content,
    }
    return json.dumps(body, default=_write_value, ensure_ascii=False, indent=1)


def _write_csv(rows: list[Row]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_write_cell(row.get(name)) for name in names])
    return out.getvalue()


def _write_cell(value: Any) -> str:
    """Text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    text = (
        value if isinstance(value, str) else json.dumps(value, default=_write_value, ensure_ascii=False).strip('"')
    )
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _write_value(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _plain_view(line: Any) -> Row:
    return {name: getattr(line, name) for name in line.__dataclass_fields__}


@action
def note_handed_over(*, participant_id: UUID, is_portable: bool, gaps: tuple[str, ...], now: datetime) -> None:
    """Write it into the open request, if there is one; the request stays for its answer."""
    lock_participant(participant_id)
    kind = Kind.PORTABILITY if is_portable else Kind.ACCESS
    case = Case.objects.filter(participant_id=participant_id, kind=kind, state=State.OPEN).first()
    if case is not None:
        text = f"Without: {', '.join(gaps)}" if gaps else None
        record_event(case_id=case.id, kind=EventKind.PACK_SENT, now=now, text=text, is_shown=True)


SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "What is kept about one person",
    "type": "object",
    "additionalProperties": False,
    "required": ["form", "participant", "made_at", "is_portable_part", "gaps", "sources"],
    "properties": {
        "form": {"const": FORM},
        "participant": {"type": "string", "description": "The public id; it says nothing about the person."},
        "made_at": {"type": "string", "format": "date-time"},
        "is_portable_part": {"type": "boolean", "description": "True: only what article 20 of the GDPR names."},
        "gaps": {"type": "array", "items": {"type": "string"}, "description": "Sources that did not answer."},
        "sources": {
            "type": "object",
            "propertyNames": {"enum": [source.name for source in SOURCES]},
            "additionalProperties": {"type": "array", "items": {"type": "object"}},
        },
    },
}
