"""An answer as statements, so that it can lie in the transaction in which a person joins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onloan import db, ids
from onloan.consents import rules
from onloan.consents.errors import AnswersIncomplete, NoAct, PermissionUnknown
from onloan.consents.models import HASH_CHARACTERS, Consent, Receipt
from onloan.consents.rules import Door, EndReason
from onloan.db import Statement
from onloan.evidence.statements import entry_statements
from onloan.offers.document import Permission
from onloan.offers.queries import PublishedVersion
from onloan.offers.texts import notice_hash
from onloan.outbox.mails import receipt_token
from onloan.people.statements import code_lookup_statement


@dataclass(frozen=True, slots=True)
class AnswerStatements:
    """The writes of one set of answers, and how the person will find their receipt."""

    statements: list[Statement]
    receipt_id: UUID
    receipt_token: str


def answer_statements(
    *,
    participant_id: UUID,
    version: PublishedVersion,
    market_id: UUID,
    country: str,
    answers: Mapping[str, bool],
    numbers: Sequence[int],
    language: str,
    page_hash: str,
    act: str,
    now: datetime,
) -> AnswerStatements:
    """One receipt, one row for each answer, yes or no, and their entries in the evidence.

    ``answers`` by permission id; on the join form every permission of ``version`` has one. ``numbers`` are
    fresh consent numbers, one for each answer. ``page_hash`` is the SHA-256, in hexadecimal, of the page that
    asked. Run after the participant's row is written or locked. Raises NoAct, AnswersIncomplete,
    PermissionUnknown (GDPR articles 4(11) and 7(1); EDPB guidelines 05/2020).
    """
    _check_answers(version, answers, act)
    assert len(numbers) == len(answers), "each answer has a number of its own"
    assert len(page_hash) == HASH_CHARACTERS, "a page hash is SHA-256 in hexadecimal"
    receipt_id = ids.new_id()
    token = receipt_token(receipt_id)
    statements = [
        db.insert(
            Receipt,
            id=receipt_id,
            participant_id=participant_id,
            version_id=version.id,
            version_hash=version.file_hash,
            market_id=market_id,
            country=country,
            language=language,
            notice_hash=notice_hash(version, country, language),
            page_hash=page_hash,
            control_states=rules.describe_controls(answers),
            act=act,
            given_at=now,
        ),
        code_lookup_statement(kind="receipt", code=token, participant_id=participant_id, target_id=receipt_id),
    ]
    for number, (permission_id, answer) in zip(numbers, answers.items(), strict=True):
        statements += _consent_statements(
            participant_id=participant_id,
            version=version,
            market_id=market_id,
            country=country,
            permission=version.offer.permission(permission_id),
            answer=answer,
            number=number,
            receipt_id=receipt_id,
            now=now,
        )
    return AnswerStatements(statements, receipt_id, token)


def _consent_statements(
    *,
    participant_id: UUID,
    version: PublishedVersion,
    market_id: UUID,
    country: str,
    permission: Permission,
    answer: bool,
    number: int,
    receipt_id: UUID,
    now: datetime,
) -> list[Statement]:
    """One answer with the whole scope that the person read, and its entry in the evidence."""
    expires_at = None
    if answer:
        time_zone = version.offer.markets[country].time_zone
        last_day = rules.find_last_day(now, permission.term_days, time_zone)
        expires_at = rules.find_expiry(last_day, time_zone)
    return [
        db.insert(
            Consent,
            id=ids.new_id(),
            participant_id=participant_id,
            number=number,
            permission_id=permission.id,
            version_id=version.id,
            market_id=market_id,
            country=country,
            answer=answer,
            items=list(permission.items),
            purpose=permission.purpose,
            channels=list(permission.channels),
            territories=list(permission.territories),
            recipients=list(permission.recipients),
            answered_at=now,
            expires_at=expires_at,
            ended_at=None,
            end_reason=None,
            end_door=None,
            receipt_id=receipt_id,
        ),
        *entry_statements(
            kind="consent_given" if answer else "consent_refused",
            fields=_entry_fields(version, country, permission, number, expires_at),
            participant_id=participant_id,
            occurred_at=now,
        ),
    ]


def _check_answers(version: PublishedVersion, answers: Mapping[str, bool], act: str) -> None:
    if act not in set(rules.Act) or any(type(answer) is not bool for answer in answers.values()):
        raise NoAct
    if rules.find_unknown(version.offer, answers):
        raise PermissionUnknown
    if act == rules.Act.JOIN_FORM and rules.find_unanswered(version.offer, answers):
        raise AnswersIncomplete


def _entry_fields(
    version: PublishedVersion, country: str, permission: Permission, number: int, expires_at: datetime | None
) -> dict[str, str | int | Sequence[str]]:
    fields: dict[str, str | int | Sequence[str]] = {
        "offer": version.offer_slug,
        "version": version.file_hash,
        "market": country,
        "permission": permission.id,
        "items": permission.items,
        "purpose": permission.purpose,
        "channels": permission.channels,
        "territories": permission.territories,
        "consent_number": number,
    }
    if permission.recipients:
        fields["recipients"] = permission.recipients
    if expires_at is not None:
        # The last day in UTC on which the consent counts, because an entry's own day is a day in UTC.
        fields["expires"] = rules.find_last_utc_day(expires_at).isoformat()
    return fields


_END = """
    UPDATE consents_consent SET ended_at = %s, end_reason = %s, end_door = %s
    WHERE participant_id = %s AND id = %s AND ended_at IS NULL
"""


def end_statements(
    consent: Consent, *, version: PublishedVersion, reason: EndReason, door: Door | None, now: datetime
) -> list[Statement]:
    """End one live yes and say so in the evidence. Run after the person's row is locked.

    One that ran out by itself before ``now`` is written down as expired, whatever asked for its end. A door goes
    with a withdrawal and with nothing else.
    """
    assert consent.answer and consent.ended_at is None and consent.expires_at is not None
    if consent.expires_at <= now:
        reason, door = EndReason.EXPIRED, None
    # The clock of another process may have run ahead when the answer was given: an end is never before it.
    ended_at = max(now, consent.answered_at)
    fields: dict[str, str | int | Sequence[str]] = {
        "offer": version.offer_slug,
        "version": version.file_hash,
        "market": consent.country,
        "permission": consent.permission_id,
        "consent_number": consent.number,
    }
    kind = _KIND_OF_END.get(reason, "consent_stopped")
    if kind == "consent_stopped":
        fields["reason"] = reason.value
    return [
        (
            _END,
            (
                db.time_value(ended_at),
                reason.value,
                None if door is None else door.value,
                db.uuid_value(consent.participant_id),
                db.uuid_value(consent.id),
            ),
        ),
        *entry_statements(kind=kind, fields=fields, participant_id=consent.participant_id, occurred_at=ended_at),
    ]


_KIND_OF_END = {EndReason.WITHDRAWN: "consent_withdrawn", EndReason.EXPIRED: "consent_expired"}
