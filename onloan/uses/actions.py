"""The gate: whether items of a person may be used, decided and recorded before it answers."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import connection

from onloan import db
from onloan.db import action
from onloan.errors import MustStopError, NotFound
from onloan.evidence.actions import number_entries
from onloan.evidence.errors import PersonalDataInLog
from onloan.offers.vocabulary import ITEMS
from onloan.people.queries import read_items
from onloan.people.rules import mask_username
from onloan.people.statements import lock_participant
from onloan.uses.deciding import Decision, check_request, decide_about, deny, write_decisions
from onloan.uses.models import Use
from onloan.uses.rules import Reason, UseRequest
from onloan.uses.serving_statements import serving_statements
from onloan.uses.statements import read_situation

_logger = logging.getLogger(__name__)


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
    contexts: tuple[str, ...] = (),
    is_copy: bool = False,
) -> Decision:
    """Whether ``items`` may be used for ``purpose`` on ``channel`` in ``country`` now; recorded either way.

    ``country`` is the market in which it is shown; ``recipient`` is who else receives it; ``contexts`` are what it
    is shown beside; ``is_copy`` says that it will be copied. Whatever cannot be
    read or recorded is denied: nothing is raised but BadInput, for words outside the vocabularies. A transaction
    of its own, so that the record is committed before anybody sees the answer (GDPR articles 5(2) and 7(3)).
    """
    assert not connection.in_atomic_block, "a decision is committed before it is answered"
    request = check_request(
        items=items, purpose=purpose, channel=channel, country=country, recipient=recipient,
        contexts=contexts, is_copy=is_copy,
    )  # fmt: skip
    try:
        try:
            return _decide_and_record(participant_id=participant_id, request=request, must_be_numbered=True)
        except LogDownError:
            give_log_its_turn()
            return _decide_and_record(participant_id=participant_id, request=request, must_be_numbered=False)
    except NotFound:
        # Nobody by this id: there is no person to record it about.
        return deny(Reason.NO_CONSENT)
    except (DatabaseError, PersonalDataInLog) as error:
        # Only the type: a database's message may quote a row.
        _logger.error("A use was denied because it could not be recorded: %s.", type(error).__name__)
        connection.close_if_unusable_or_obsolete()
        return deny(Reason.LOG_DOWN)


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
    return UsedItems(decision, read_values(participant_id, items) if decision.allowed else {})


@action
def _decide_and_record(*, participant_id: UUID, request: UseRequest, must_be_numbered: bool) -> Decision:
    """The recipe: lock the person, then read every fact, decide, write, commit.

    The lock is held against withdrawals and flags, which take it too: one that commits before this lock is
    granted is seen here, one that commits after it comes later in the log as well.
    """
    situation = read_situation([participant_id])
    person = situation.people.get(participant_id)
    if person is None:
        raise NotFound
    decided = decide_about(situation.facts(person, request.country), participant_id, request)
    if decided.row.facts.is_log_down and must_be_numbered:
        raise LogDownError
    write_decisions([decided])
    return decided.decision


def give_log_its_turn() -> None:
    """Number what waits, in case nobody sat in the sequencer's seat. A log that has stopped stays as it is: the
    seat has said so loudly, and the gate denies."""
    with contextlib.suppress(MustStopError):
        number_entries(is_waiting=False)


@action
def end_use(*, use_id: UUID, now: datetime) -> datetime:
    """Whoever asked says that an allowed use is over; since when it is. Again changes nothing. Raises NotFound."""
    found = Use.objects.filter(id=use_id, allowed=True).values_list("participant_id", flat=True).first()
    if found is None:
        raise NotFound
    lock_participant(found)
    use = Use.objects.get(participant_id=found, id=use_id)
    if use.ended_at is None:
        # The decision has the database's time, and this machine's clock may be a little behind it.
        use.ended_at = max(now, use.decided_at)
        use.save(update_fields=["ended_at"])
    ended_at: datetime = use.ended_at
    return ended_at


@action
def count_servings(*, counts: Mapping[tuple[UUID, UUID], int], day: date) -> None:
    """Add to how often something of each use, given as (participant, use), was shown on ``day`` (UTC)."""
    assert all(count > 0 for count in counts.values())
    db.execute(serving_statements(counts=counts, day=day))


def read_values(participant_id: UUID, items: Sequence[str]) -> dict[str, bytes]:
    """The items in plain; those that the person never gave are left out."""
    sources = {ITEMS[item].part_of or item for item in items}
    return plain_values(items, read_items(participant_id, sorted(sources)))


def plain_values(items: Sequence[str], stored: Mapping[str, bytes]) -> dict[str, bytes]:
    """``items`` of one person from what is kept of them; one that is made from another is made here and its
    source goes no further."""
    values: dict[str, bytes] = {}
    for item in items:
        source = ITEMS[item].part_of or item
        if source in stored:
            is_masked = item == "username_masked"
            values[item] = mask_username(stored[source].decode()).encode() if is_masked else stored[source]
    return values
