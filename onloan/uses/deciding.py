"""How one decision is made from a situation, and how many are written in one round trip.

Whoever calls this holds the people's rows (``statements.read_situation``) and has a transaction of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from onloan import db, ids
from onloan.db import RowsOf
from onloan.errors import BadInput
from onloan.evidence import rules as evidence
from onloan.evidence.errors import PersonalDataInLog
from onloan.evidence.frames import Fields, Frame, build_frame
from onloan.evidence.statements import WrittenEntry, entry_rows, write_entry
from onloan.markets.transfers import is_transfer_covered
from onloan.offers.queries import PublishedVersion, find_version
from onloan.offers.vocabulary import CHANNELS, EXCLUDED_CONTEXTS, ITEMS, PURPOSES
from onloan.uses import rules
from onloan.uses.reasons import write_sentence
from onloan.uses.rules import ConsentFacts, Facts, Reason, UseRequest, Verdict
from onloan.uses.statements import UseRow, use_rows

KNOWN_ITEMS = frozenset(ITEMS) | rules.OTHER_ITEMS
KNOWN_CHANNELS = frozenset(CHANNELS) | frozenset(
    channel for other in rules.OTHER_BASES.values() for channel in other.channels
)
KNOWN_CONTEXTS = (*EXCLUDED_CONTEXTS, rules.ENDORSEMENT)


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
class Decided:
    """A decision, its record and its entry, before they are written."""

    decision: Decision
    row: UseRow
    entry: WrittenEntry


def deny(reason: Reason, use_id: UUID | None = None) -> Decision:
    return Decision(False, reason.value, write_sentence(reason), use_id)


def check_request(
    *,
    items: Sequence[str],
    purpose: str,
    channel: str,
    country: str,
    recipient: str | None = None,
    contexts: Sequence[str] = (),
    is_copy: bool = False,
) -> UseRequest:
    """Raises BadInput for anything outside the closed vocabularies, before anything is read."""
    asked = frozenset(items)
    if not 1 <= len(items) <= rules.ITEMS_MAX or len(asked) != len(items) or not asked <= KNOWN_ITEMS:
        raise BadInput(field="items", problem=f"name one or more of {', '.join(ITEMS)}, each once")
    if purpose not in PURPOSES:
        raise BadInput(field="purpose", problem=f"name one of {', '.join(PURPOSES)}")
    if channel not in KNOWN_CHANNELS:
        raise BadInput(field="channel", problem=f"name one of {', '.join(CHANNELS)}")
    if not rules.is_country(country):
        raise BadInput(field="country", problem="write two capital letters, as in FR")
    if recipient is not None and not rules.is_word(recipient):
        raise BadInput(field="recipient", problem="write the recipient as the offer does, as in print-shop")
    if len(contexts) > rules.CONTEXTS_MAX or not set(contexts) <= set(KNOWN_CONTEXTS):
        raise BadInput(field="context", problem=f"name some of {', '.join(KNOWN_CONTEXTS)}")
    return UseRequest(tuple(items), purpose, channel, country, recipient, tuple(contexts), is_copy)


def judge(facts: Facts, request: UseRequest) -> Verdict:
    """The one rule, and then what the version that the consent was given under says against the use."""
    verdict = rules.decide(facts, request)
    if verdict.consent is None:
        return verdict
    version = find_version(verdict.consent.version_id)
    problem = _find_scope_problem(version, verdict.consent, facts, request)
    return verdict if problem is None else Verdict(None, problem)


def decide_about(facts: Facts, participant_id: UUID, request: UseRequest) -> Decided:
    """Decide about one person. Raises PersonalDataInLog for words outside the evidence's vocabulary."""
    verdict = judge(facts, request)
    consent = verdict.consent
    version = find_version(facts.version_id if consent is None else consent.version_id)
    use_id = ids.new_id()
    reason = "" if verdict.reason is None else verdict.reason.value
    basis = "consent" if consent is not None else verdict.basis
    kind, fields = entry_fields(version, facts, request, consent, basis, reason)
    entry = write_entry(
        _frame(kind, fields, facts, has_consent=consent is not None),
        participant_id=participant_id,
        consent_number=None if consent is None else consent.number,
        occurred_at=facts.now,
    )
    if verdict.reason is None:
        decision = Decision(True, "", "", use_id, None if consent is None else consent.number)
    else:
        decision = deny(verdict.reason, use_id)
    return Decided(decision, UseRow(use_id, participant_id, request, facts, consent, basis, reason), entry)


def _find_scope_problem(
    version: PublishedVersion, consent: ConsentFacts, facts: Facts, request: UseRequest
) -> Reason | None:
    if request.recipient is None and not request.contexts:
        return None
    offer = version.offer
    recipient = next((known for known in offer.recipients if known.id == request.recipient), None)
    if request.recipient is not None and recipient is None:
        return Reason.NO_CONTRACT
    return rules.find_scope_problem(
        offer.permission(consent.permission_id),
        recipient,
        request.contexts,
        is_transfer_covered=recipient is None
        or is_transfer_covered(recipient.country, recipient.transfer, facts.now.date()),
    )


def entry_fields(
    version: PublishedVersion,
    facts: Facts,
    request: UseRequest,
    consent: ConsentFacts | None,
    basis: str,
    reason: str,
) -> tuple[str, Fields]:
    """Kind and fields of the entry about a decision, but for whom it is about and under which consent."""
    fields: Fields = (
        ("offer", version.offer_slug),
        ("version", version.file_hash),
        ("market", request.country),
        ("items", request.items),
        ("purpose", request.purpose),
        ("channel", request.channel),
        ("decision", "deny" if reason else "allow"),
    )
    if request.recipient is not None:
        fields += (("recipient", request.recipient),)
    if reason:
        return "use_denied", (*fields, ("reason", reason))
    if consent is None:
        return "use_on_basis", (*fields, ("basis", basis))
    return "use_allowed", (*fields, ("permission", consent.permission_id))


def _frame(kind: str, fields: Fields, facts: Facts, *, has_consent: bool) -> Frame:
    """The entry that this decision shares with others of the day. Raises PersonalDataInLog."""
    try:
        return build_frame(kind, facts.now.date().isoformat(), fields, has_consent=has_consent)
    except evidence.ForbiddenEntryError as error:
        raise PersonalDataInLog(problem=str(error)) from error


def write_decisions(decided: Sequence[Decided], *, once: RowsOf | None = None) -> bool:
    """Write records and entries of people whose rows are locked, and ``once`` with them (see ``db.insert_rows``,
    also for the answer), in one round trip."""
    rows = [each.row for each in decided]
    return db.insert_rows([use_rows(rows), *entry_rows([each.entry for each in decided])], once=once)
