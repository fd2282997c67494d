"""Questions of the merchant's systems, answered many at once: key, repetition, decision, record.

All that waits is decided in one transaction of two round trips and one commit, so that a decision costs its own
rows and a share of a commit. Each answer is given after the commit that records it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import connection

from onloan import clock, db
from onloan.access.errors import IdempotencyConflict, KeyMissing, ScopeMissing
from onloan.access.queries import KeyView
from onloan.access.rules import Scope
from onloan.access.statements import (
    AnswerRow,
    EarlierAnswer,
    answer_rows,
    answers_statement,
    keys_statement,
    read_answers,
    read_keys,
)
from onloan.batching import Batcher
from onloan.db import action
from onloan.errors import OnloanError
from onloan.evidence.actions import number_entries
from onloan.evidence.errors import PersonalDataInLog
from onloan.people.lookups import people_statement, public_id_hash, read_people
from onloan.uses.deciding import Decided, Decision, decide_alone, deny, write_decisions
from onloan.uses.rules import Reason, UseRequest
from onloan.uses.statements import Situation, read_situation

logger = logging.getLogger(__name__)

BATCH_MAX = 64
WAITING_MAX = 1_000
BUSY_SECONDS_MAX = 5.0
BUSY_REST_SECONDS = 0.002
STATUS_OK = 200


@dataclass(frozen=True, slots=True)
class UseCall:
    """One call: by whom (the keyed hash of the key), whose repetition, about whom, what."""

    key_hash: str
    idempotency_key: str
    request_hash: str
    public_id: str
    request: UseRequest


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """What the call is answered: ``body`` as JSON. ``participant_id`` is for handing out what was allowed;
    it is None for a repetition, and where nobody is concerned."""

    body: Mapping[str, Any]
    is_replay: bool = False
    participant_id: UUID | None = None


class LogDownError(Exception):
    """The log is behind: leave the transaction, so that the sequencer can be given its turn."""


@dataclass
class _Batch:
    """The state of one batch: ``answers`` has a place for each call, None until it is settled."""

    calls: Sequence[UseCall]
    answers: list[CallAnswer | Exception | None]
    written: list[Decided] = field(default_factory=list)
    kept: list[AnswerRow] = field(default_factory=list)


def ask_gate(call: UseCall) -> CallAnswer:
    """The recorded answer to one call. Raises KeyMissing, ScopeMissing, IdempotencyConflict, Overloaded."""
    return _batcher.ask(call)


def answer_calls(calls: Sequence[UseCall]) -> list[CallAnswer | Exception]:
    """An answer or a refusal for each call, in their order. What cannot be recorded is denied, never raised."""
    answers: list[CallAnswer | Exception | None] = [None] * len(calls)
    deadline = time.monotonic() + BUSY_SECONDS_MAX
    while waiting := [place for place, answer in enumerate(answers) if answer is None]:
        if time.monotonic() > deadline:
            return [_denied(Reason.LOG_DOWN) if answer is None else answer for answer in answers]
        found = _answer_together([calls[place] for place in waiting])
        if all(answer is None for answer in found):
            # Somebody else holds every one of these people; they let go when their transaction ends.
            time.sleep(BUSY_REST_SECONDS)
        for place, answer in zip(waiting, found, strict=True):
            answers[place] = answer
    return [answer for answer in answers if answer is not None]


def _answer_together(calls: Sequence[UseCall]) -> list[CallAnswer | Exception | None]:
    """Answers, and None for people whom another action holds just now."""
    try:
        return _try(calls)
    except (DatabaseError, PersonalDataInLog, LogDownError) as error:
        if len(calls) == 1:
            # Only the type: a database's message may quote a row.
            logger.error("A use was denied because it could not be recorded: %s.", type(error).__name__)  # noqa: TRY400
            connection.close_if_unusable_or_obsolete()
            return [_denied(Reason.LOG_DOWN)]
    # One of them spoiled it for all: each alone now.
    connection.close_if_unusable_or_obsolete()
    return [answer for call in calls for answer in _answer_together([call])]


def _try(calls: Sequence[UseCall]) -> list[CallAnswer | Exception | None]:
    try:
        return _decide_together(calls=calls, must_be_numbered=True)
    except LogDownError:
        number_entries(is_waiting=False)
        return _decide_together(calls=calls, must_be_numbered=False)


@action
def _decide_together(*, calls: Sequence[UseCall], must_be_numbered: bool) -> list[CallAnswer | Exception | None]:
    keys, answered, people = db.fetch_together([
        keys_statement(sorted({call.key_hash for call in calls})),
        answers_statement(sorted({call.idempotency_key for call in calls})),
        people_statement(call.public_id for call in calls),
    ])  # fmt: skip
    batch = _Batch(calls, [None] * len(calls))
    to_decide = _settle_known(batch, read_keys(keys), read_answers(answered))
    found = read_people(people)
    asked = {place: found.get(public_id_hash(calls[place].public_id)) for place in to_decide}
    situation = read_situation([person for person in asked.values() if person], is_waiting=False)
    if situation.is_log_down() and must_be_numbered:
        raise LogDownError
    for place, key in to_decide.items():
        participant_id = asked[place]
        if participant_id is None:
            # Nobody by this id: there is no person to record it about.
            batch.answers[place] = _denied(Reason.NO_CONSENT)
        elif participant_id in situation.locked:
            _decide(batch, place, key, participant_id, situation)
    write_decisions(batch.written, others=[answer_rows(batch.kept, clock.now())])
    return batch.answers


def _settle_known(
    batch: _Batch, keys: Mapping[str, KeyView], answered: Mapping[tuple[UUID, str], EarlierAnswer]
) -> dict[int, KeyView]:
    """Answer who may not ask and what was asked before; the places of the others, with their keys."""
    to_decide: dict[int, KeyView] = {}
    begun: set[tuple[UUID, str]] = set()
    for place, call in enumerate(batch.calls):
        key = keys.get(call.key_hash)
        if key is None:
            batch.answers[place] = KeyMissing()
        elif Scope.USES.value not in key.scopes:
            batch.answers[place] = ScopeMissing(scope=Scope.USES.value)
        elif (earlier := answered.get((key.id, call.idempotency_key))) is not None:
            batch.answers[place] = _repeat(earlier, call)
        elif (key.id, call.idempotency_key) not in begun:
            # A call that came twice at once is answered in the next round, from the first one's record.
            begun.add((key.id, call.idempotency_key))
            to_decide[place] = key
    return to_decide


def _repeat(earlier: EarlierAnswer, call: UseCall) -> CallAnswer | OnloanError:
    if earlier.request_hash != call.request_hash:
        return IdempotencyConflict()
    return CallAnswer(earlier.body, is_replay=True)


def _decide(batch: _Batch, place: int, key: KeyView, participant_id: UUID, situation: Situation) -> None:
    call = batch.calls[place]
    decided = decide_alone(situation, participant_id, call.request)
    body = answer_body(decided.decision)
    batch.written.append(decided)
    batch.kept.append(AnswerRow(key.id, call.idempotency_key, call.request_hash, STATUS_OK, body))
    batch.answers[place] = CallAnswer(body, participant_id=participant_id)


def _denied(reason: Reason) -> CallAnswer:
    return CallAnswer(answer_body(deny(reason)))


def answer_body(decision: Decision) -> dict[str, str]:
    """The decision as the caller reads it."""
    body = {"decision": "allowed" if decision.allowed else "denied"}
    if decision.use_id is not None:
        body["use"] = str(decision.use_id)
    return body if decision.allowed else {**body, "reason": decision.reason, "sentence": decision.sentence}


_batcher: Batcher[UseCall, CallAnswer] = Batcher(
    "onloan-gate", answer_calls, batch_max=BATCH_MAX, waiting_max=WAITING_MAX
)
