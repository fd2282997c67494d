"""Uses that rest on no consent and concern many people at once: paying them, looking for fraud.

The rule is the gate's own and each person has a record of their own; in the log people of one version share an
entry that says how many they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from onloan import db, ids
from onloan.db import action
from onloan.evidence.statements import entry_statements
from onloan.offers.queries import find_market_by_id, find_version
from onloan.people.queries import PEOPLE_PER_STATEMENT
from onloan.uses.deciding import Decided, decide_about, entry_fields, judge, write_decisions
from onloan.uses.errors import RecordBehind
from onloan.uses.models import Use
from onloan.uses.rules import OTHER_BASES, UseRequest
from onloan.uses.statements import Situation, UseRow, read_situation, use_rows


@action
def record_basis_uses(
    *,
    participant_ids: Collection[UUID],
    items: tuple[str, ...],
    purpose: str,
    channel: str,
    is_once_a_day: bool = False,
) -> set[UUID]:
    """Ask the gate about each of these people, whose rows it locks, and record the answers; who may be used.

    It is shown where each of them joined. With ``is_once_a_day`` a person's record of the same purpose and answer
    stands for the whole day (UTC). Open what was asked for only after the commit, or in the same transaction.
    Raises RecordBehind.
    """
    assert purpose in OTHER_BASES, "what rests on a consent is asked person by person"
    wanted = sorted(set(participant_ids))
    allowed: set[UUID] = set()
    for start in range(0, len(wanted), PEOPLE_PER_STATEMENT):
        some = wanted[start : start + PEOPLE_PER_STATEMENT]
        situation = read_situation(some)
        if situation.is_log_down():
            raise RecordBehind
        known = _list_known(some, purpose, situation.now) if is_once_a_day else set()
        allowed |= _record_some(situation, items, purpose, channel, known)
    return allowed


def _list_known(participant_ids: Sequence[UUID], purpose: str, now: datetime) -> set[tuple[UUID, bool]]:
    """Whose answer of today for this purpose is on record, with the answer."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = Use.objects.filter(participant_id__in=participant_ids, purpose=purpose, decided_at__gte=midnight)
    return set(rows.values_list("participant_id", "allowed"))


def _record_some(
    situation: Situation[UUID],
    items: tuple[str, ...],
    purpose: str,
    channel: str,
    known: Collection[tuple[UUID, bool]],
) -> set[UUID]:
    countries = {
        market_id: find_market_by_id(market_id).country
        for market_id in {person.market_id for person in situation.people.values()}
    }
    allowed: set[UUID] = set()
    denied: list[Decided] = []
    together: dict[tuple[UUID, str], list[UseRow]] = defaultdict(list)
    for participant_id, person in situation.people.items():
        country = countries[person.market_id]
        request = UseRequest(items, purpose, channel, country, None)
        facts = situation.facts(person, country)
        verdict = judge(facts, request)
        if verdict.reason is None:
            allowed.add(participant_id)
        if (participant_id, verdict.reason is None) in known:
            continue
        if verdict.reason is None:
            row = UseRow(ids.new_id(), participant_id, request, facts, None, verdict.basis, "")
            together[row.version_id, country].append(row)
        else:
            denied.append(decide_about(facts, participant_id, request))
    write_decisions(denied)
    for rows in together.values():
        _write_together(rows)
    return allowed


def _write_together(rows: Sequence[UseRow]) -> None:
    """The records of people of one version in one market, and one entry with their number."""
    first = rows[0]
    kind, fields = entry_fields(find_version(first.version_id), first.facts, first.request, None, first.basis, "")
    shared = {name: list(value) if isinstance(value, tuple) else value for name, value in fields}
    db.insert_rows([use_rows(rows)])
    db.execute(
        entry_statements(
            kind=kind,
            fields={**shared, "count": len(rows)},
            participant_id=None,
            occurred_at=first.facts.now,
        )
    )
