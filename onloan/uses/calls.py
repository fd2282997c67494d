"""Questions of the merchant's systems, answered many at once: key, repetition, decision, record.

All that waits is decided in one transaction of two round trips and one commit, so that a decision costs its own
rows and a share of a commit. Each answer is given after the commit that records it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from onloan import clock
from onloan.access.errors import IdempotencyConflict, KeyMissing, ScopeMissing
from onloan.access.queries import KeyView
from onloan.access.rules import Scope
from onloan.access.statements import (
    AnswerRow,
    EarlierAnswer,
    KnownCalls,
    answer_rows,
    calls_statement,
    read_calls,
)
from onloan.batching import Batcher
from onloan.db import action
from onloan.errors import MustStopError, OnloanError
from onloan.evidence.actions import number_entries
from onloan.people.lookups import public_id_hash
from onloan.uses.deciding import Decided, Decision, decide_about, deny, write_decisions
from onloan.uses.rules import Facts, Reason, UseRequest
from onloan.uses.statements import calls_situation

logger = logging.getLogger(__name__)

BATCH_MAX = 64
WAITING_MAX = 1_000
STATUS_OK = 200


@dataclass(frozen=True, slots=True)
class UseCall:
    """One call: by whom (the keyed hash of the key), whose repetition, about whom, what; and whether what is
    allowed is to be handed out with the answer, which changes nothing in the decision."""

    key_hash: str
    idempotency_key: str
    request_hash: str
    public_id: str
    request: UseRequest
    wants_data: bool = False


@dataclass(frozen=True, slots=True)
class CallAnswer:
    """What the call is answered: ``body`` as JSON."""

    body: Mapping[str, Any]
    is_replay: bool = False


class LogDownError(Exception):
    """The log is behind: leave the transaction, so that the sequencer can be given its turn."""


class RepeatedError(Exception):
    """One of the calls came before: leave the transaction, so that nothing is done twice."""


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


def answer_calls(calls: Sequence[UseCall]) -> list[CallAnswer | Exception | None]:
    """An answer or a refusal for each call, in their order; what cannot be recorded is denied, never raised.

    None for a call that has to come again: another action holds this person just now, or the same call stood
    before it, whose answer it gets.
    """
    try:
        return _try(calls)
    except Exception as error:
        connection.close_if_unusable_or_obsolete()
        if len(calls) == 1:
            # Only the type: a database's message may quote a row.
            logger.error("A use was denied because it could not be recorded: %s.", type(error).__name__)  # noqa: TRY400
            return [_denied(Reason.LOG_DOWN)]
    # One of them spoiled it for all: each alone now.
    return [answer for call in calls for answer in answer_calls([call])]


def _try(calls: Sequence[UseCall]) -> list[CallAnswer | Exception | None]:
    """Repetitions are rare, and looking for them in each batch costs as much as deciding: the record of an answer
    refuses the second one, and then all are looked for."""
    must_be_numbered, may_repeat = True, False
    while True:
        try:
            return _decide_together(calls=calls, must_be_numbered=must_be_numbered, may_repeat=may_repeat)
        except LogDownError:
            # A log that has stopped stays as it is: the seat has said so loudly, and all is denied.
            with contextlib.suppress(MustStopError):
                number_entries(is_waiting=False)
            must_be_numbered = False
        except RepeatedError:
            # Somebody else may write the same answer between looking and writing, but then it is there.
            may_repeat = True


@action
def _decide_together(
    *, calls: Sequence[UseCall], must_be_numbered: bool, may_repeat: bool
) -> list[CallAnswer | Exception | None]:
    hashes = [public_id_hash(call.public_id) for call in calls]
    situation, [known] = calls_situation(
        hashes,
        [
            calls_statement(
                {call.key_hash for call in calls},
                {call.idempotency_key for call in calls} if may_repeat else (),
            )
        ],
    )
    if situation.is_log_down() and must_be_numbered:
        raise LogDownError
    batch = _Batch(calls, [None] * len(calls))
    for place, key in _settle_known(batch, read_calls(known)).items():
        person = situation.people.get(hashes[place])
        if person is None:
            # Nobody by this id: there is no person to record it about.
            batch.answers[place] = _denied(Reason.NO_CONSENT)
        elif person.id in situation.locked:
            _decide(batch, place, key, situation.facts(person, calls[place].request.country), person.id)
    if not write_decisions(batch.written, once=answer_rows(batch.kept, clock.now())):
        raise RepeatedError
    return batch.answers


def _settle_known(batch: _Batch, known: KnownCalls) -> dict[int, KeyView]:
    """Answer who may not ask and what was asked before; the places of the others, with their keys."""
    to_decide: dict[int, KeyView] = {}
    begun: set[tuple[UUID, str]] = set()
    for place, call in enumerate(batch.calls):
        key = known.keys.get(call.key_hash)
        if key is None:
            batch.answers[place] = KeyMissing()
        elif Scope.USES.value not in key.scopes:
            batch.answers[place] = ScopeMissing(scope=Scope.USES.value)
        elif (earlier := known.answers.get((key.id, call.idempotency_key))) is not None:
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


def _decide(batch: _Batch, place: int, key: KeyView, facts: Facts, participant_id: UUID) -> None:
    call = batch.calls[place]
    decided = decide_about(facts, participant_id, call.request)
    body = answer_body(decided.decision)
    batch.written.append(decided)
    batch.kept.append(AnswerRow(key.id, call.idempotency_key, call.request_hash, STATUS_OK, body))
    batch.answers[place] = CallAnswer(body)


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
