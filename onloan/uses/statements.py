"""What the gate reads in one statement, and what it writes in one round trip."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from onloan import clock, db
from onloan.db import Statement
from onloan.evidence.queries import LOG_DOWN_AFTER, OLDEST_QUEUED_SQL
from onloan.evidence.rules import Value
from onloan.evidence.statements import entry_statements
from onloan.uses.models import Use
from onloan.uses.rules import ConsentFacts, Facts, MarketFacts, UseRequest

CONSENTS_MAX = 200

_NOW_POSTGRESQL = "clock_timestamp()"
_NOW_SQLITE = "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')"

# Live answers come first: should somebody have changed their mind more often than the limit, the gate still
# sees what counts now.
_FACTS = """
    SELECT person.restricted_at IS NOT NULL, person.objected_at IS NOT NULL, person.erased_at IS NOT NULL,
           person.market_id, person.version_id,
           home.state, home.closes_at, shown.state, shown.closes_at,
           ({oldest_queued}), {now},
           consent.number, consent.permission_id, consent.version_id, consent.answer, consent.items,
           consent.purpose, consent.channels, consent.territories, consent.recipients, consent.expires_at,
           consent.end_reason, consent.answered_at, receipt.id IS NOT NULL
    FROM people_participant AS person
    LEFT JOIN offers_market AS home ON home.id = person.market_id
    LEFT JOIN offers_market AS shown ON shown.offer_id = person.offer_id AND shown.country = %s
    LEFT JOIN consents_consent AS consent ON consent.participant_id = person.id
    LEFT JOIN consents_receipt AS receipt
        ON receipt.participant_id = consent.participant_id AND receipt.id = consent.receipt_id
    WHERE person.id = %s
    ORDER BY (consent.answer AND consent.ended_at IS NULL) DESC, consent.number DESC
    LIMIT %s
"""


def read_facts(participant_id: UUID, country: str) -> Facts:
    """All that a decision about a use in ``country`` needs. Call it after the person's row is locked: the
    statement then sees whatever the last action about this person committed."""
    now_sql = _NOW_POSTGRESQL if db.is_postgresql() else _NOW_SQLITE
    sql = _FACTS.format(oldest_queued=OLDEST_QUEUED_SQL, now=now_sql)
    rows = db.fetch_all(sql, (country, db.uuid_value(participant_id), CONSENTS_MAX))
    assert rows, "the person's row is locked, so it is there"
    first = rows[0]
    answered_at = [db.read_time(row[22]) for row in rows if row[22] is not None]
    # What was answered was committed before this statement began. Should the clock of the machine that wrote it
    # run ahead of the database's, the present is still no earlier than the answer.
    now = max([clock.shift(db.read_time(first[10])), *answered_at])
    return Facts(
        is_restricted=bool(first[0]),
        is_objected=bool(first[1]),
        is_erased=bool(first[2]),
        market_id=db.read_uuid(first[3]),
        version_id=db.read_uuid(first[4]),
        home_market=_read_market(first[5], first[6]),
        shown_market=_read_market(first[7], first[8]),
        is_log_down=first[9] is not None and now - db.read_time(first[9]) > LOG_DOWN_AFTER,
        now=now,
        consents=tuple(_read_consent(row[11:]) for row in rows if row[11] is not None),
    )


def _read_market(state: str | None, closes_at: Any) -> MarketFacts | None:
    return None if state is None else MarketFacts(state, db.read_time(closes_at))


def _read_consent(row: tuple[Any, ...]) -> ConsentFacts:
    return ConsentFacts(
        number=row[0],
        permission_id=row[1],
        version_id=db.read_uuid(row[2]),
        answer=bool(row[3]),
        items=frozenset(json.loads(row[4])),
        purpose=row[5],
        channels=frozenset(json.loads(row[6])),
        territories=frozenset(json.loads(row[7])),
        recipients=frozenset(json.loads(row[8])),
        expires_at=None if row[9] is None else db.read_time(row[9]),
        end_reason=row[10],
        has_receipt=bool(row[12]),
    )


def use_statements(
    *,
    use_id: UUID,
    participant_id: UUID,
    request: UseRequest,
    facts: Facts,
    consent: ConsentFacts | None,
    reason: str,
    offer_slug: str,
    version_hash: str,
) -> list[Statement]:
    """The record of one decision and its entry in the evidence. ``reason`` is empty for an allowed use."""
    fields: dict[str, Value] = {
        "offer": offer_slug,
        "version": version_hash,
        "market": request.country,
        "items": request.items,
        "purpose": request.purpose,
        "channel": request.channel,
        "decision": "deny" if consent is None else "allow",
    }
    if request.recipient is not None:
        fields["recipient"] = request.recipient
    if consent is None:
        fields["reason"] = reason
    else:
        fields |= {"permission": consent.permission_id, "consent_number": consent.number}
    return [
        db.insert(
            Use,
            id=use_id,
            participant_id=participant_id,
            consent_number=None if consent is None else consent.number,
            permission_id="" if consent is None else consent.permission_id,
            items=list(request.items),
            purpose=request.purpose,
            channel=request.channel,
            market_id=facts.market_id,
            country=request.country,
            recipient=request.recipient or "",
            version_id=facts.version_id if consent is None else consent.version_id,
            allowed=consent is not None,
            reason=reason,
            decided_at=facts.now,
        ),
        *entry_statements(
            kind="use_denied" if consent is None else "use_allowed",
            fields=fields,
            participant_id=participant_id,
            occurred_at=facts.now,
        ),
    ]
