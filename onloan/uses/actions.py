"""The gate: whether items of a person may be used, decided and recorded before it answers."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import connection

from onloan import db, ids
from onloan.db import action
from onloan.errors import BadInput, MustStopError, NotFound
from onloan.evidence.actions import number_entries
from onloan.evidence.errors import PersonalDataInLog
from onloan.offers.queries import find_version
from onloan.offers.vocabulary import CHANNELS, ITEMS, PURPOSES
from onloan.people.queries import read_items
from onloan.people.rules import mask_username
from onloan.people.statements import lock_participant
from onloan.uses import rules
from onloan.uses.reasons import write_sentence
from onloan.uses.rules import Reason, UseRequest
from onloan.uses.statements import read_facts, use_statements

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Decision:
    """The gate's answer. ``reason`` is empty when it is yes, else a code like ``D-WITHDRAWN``, and ``sentence``
    says it in words. ``use_id`` names the record; there is none where nothing could be recorded."""

    allowed: bool
    reason: str
    sentence: str
    use_id: UUID | None
    consent_number: int | None = None


@dataclass(frozen=True, slots=True)
class UsedItems:
    """``values`` by item name: empty unless the decision is yes, and without items that the person never gave."""

    decision: Decision
    values: dict[str, bytes]


class LogDownError(Exception):
    """The log is behind. Raised to leave the transaction, so that the sequencer can be given its turn."""


def decide_use(
    *,
    participant_id: UUID,
    items: tuple[str, ...],
    purpose: str,
    channel: str,
    country: str,
    recipient: str | None = None,
) -> Decision:
    """Whether ``items`` may be used for ``purpose`` on ``channel`` in ``country`` now; recorded either way.

    ``country`` is the market in which it is shown; ``recipient`` is who else receives it. Whatever cannot be
    read or recorded is denied: nothing is raised but BadInput, for words outside the vocabularies. A transaction
    of its own, so that the record is committed before anybody sees the answer (GDPR articles 5(2) and 7(3)).
    """
    assert not connection.in_atomic_block, "a decision is committed before it is answered"
    request = _check_request(items, purpose, channel, country, recipient)
    try:
        try:
            return _decide_and_record(participant_id=participant_id, request=request, must_be_numbered=True)
        except LogDownError:
            _give_log_its_turn()
            return _decide_and_record(participant_id=participant_id, request=request, must_be_numbered=False)
    except NotFound:
        # Nobody by this id: there is no person to record it about.
        return _deny(Reason.NO_CONSENT)
    except (DatabaseError, PersonalDataInLog) as error:
        # Only the type: a database's message may quote a row.
        _logger.error("A use was denied because it could not be recorded: %s.", type(error).__name__)
        connection.close_if_unusable_or_obsolete()
        return _deny(Reason.LOG_DOWN)


def use_items(
    *,
    participant_id: UUID,
    items: tuple[str, ...],
    purpose: str,
    channel: str,
    country: str,
    recipient: str | None = None,
) -> UsedItems:
    """Decide as ``decide_use`` does, and open the items only after it said yes. UTF-8 text, or a JPEG."""
    decision = decide_use(
        participant_id=participant_id,
        items=items,
        purpose=purpose,
        channel=channel,
        country=country,
        recipient=recipient,
    )
    return UsedItems(decision, _read_values(participant_id, items) if decision.allowed else {})


@action
def _decide_and_record(*, participant_id: UUID, request: UseRequest, must_be_numbered: bool) -> Decision:
    """The recipe: lock the person, then read every fact in one statement, decide, write, commit.

    The lock is held against withdrawals and flags, which take it too: one that commits before this lock is
    granted is seen here, one that commits after it comes later in the log as well.
    """
    lock_participant(participant_id)
    facts = read_facts(participant_id, request.country)
    if facts.is_log_down and must_be_numbered:
        raise LogDownError
    verdict = rules.decide(facts, request)
    consent = verdict.consent
    version = find_version(facts.version_id if consent is None else consent.version_id)
    use_id = ids.new_id()
    reason = "" if verdict.reason is None else verdict.reason.value
    db.execute(
        use_statements(
            use_id=use_id,
            participant_id=participant_id,
            request=request,
            facts=facts,
            consent=consent,
            reason=reason,
            offer_slug=version.offer_slug,
            version_hash=version.file_hash,
        )
    )
    if verdict.reason is not None:
        return _deny(verdict.reason, use_id)
    assert consent is not None
    return Decision(True, "", "", use_id, consent.number)


def _give_log_its_turn() -> None:
    """Number what waits, in case nobody sat in the sequencer's seat. A log that has stopped stays as it is: the
    seat has said so loudly, and the gate denies."""
    with contextlib.suppress(MustStopError):
        number_entries(is_waiting=False)


def _deny(reason: Reason, use_id: UUID | None = None) -> Decision:
    return Decision(False, reason.value, write_sentence(reason), use_id)


def _check_request(
    items: tuple[str, ...], purpose: str, channel: str, country: str, recipient: str | None
) -> UseRequest:
    """Raises BadInput for anything outside the closed vocabularies, before anything is read."""
    if not 1 <= len(items) <= rules.ITEMS_MAX or len(set(items)) != len(items) or not set(items) <= set(ITEMS):
        raise BadInput(field="items", problem=f"name one or more of {', '.join(ITEMS)}, each once")
    if purpose not in PURPOSES:
        raise BadInput(field="purpose", problem=f"name one of {', '.join(PURPOSES)}")
    if channel not in CHANNELS:
        raise BadInput(field="channel", problem=f"name one of {', '.join(CHANNELS)}")
    if not rules.is_country(country):
        raise BadInput(field="country", problem="write two capital letters, as in FR")
    if recipient is not None and not rules.is_word(recipient):
        raise BadInput(field="recipient", problem="write the recipient as the offer does, as in print-shop")
    return UseRequest(items, purpose, channel, country, recipient)


def _read_values(participant_id: UUID, items: tuple[str, ...]) -> dict[str, bytes]:
    """The items in plain; one that is made from another is made here and its source goes no further."""
    sources = {item: ITEMS[item].part_of or item for item in items}
    stored = read_items(participant_id, sorted(set(sources.values())))
    values: dict[str, bytes] = {}
    for item, source in sources.items():
        if source in stored:
            is_masked = item == "username_masked"
            values[item] = mask_username(stored[source].decode()).encode() if is_masked else stored[source]
    return values
