"""A mass use: all whom it may touch, decided in the sequencer's seat and recorded as one entry."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy
from pyroaring import BitMap

from onloan import clock, db, ids
from onloan.db import action
from onloan.errors import BadInput, MustStopError, NotFound
from onloan.evidence.actions import SeatEntry, append_entry, append_in_seat, number_entries
from onloan.evidence.queries import LogMark, consent_entries, read_mark
from onloan.offers.queries import MarketView, list_offer_markets
from onloan.uses.audience_index import LiveIndex, Selection, to_bits
from onloan.uses.audience_loading import load_index, read_saved, save_index
from onloan.uses.deciding import check_request, judge
from onloan.uses.errors import AudienceNotReady
from onloan.uses.models import Audience
from onloan.uses.reasons import write_sentence
from onloan.uses.rules import OTHER_BASES, ConsentFacts, Facts, MarketFacts, Reason, UseRequest

logger = logging.getLogger(__name__)

TAIL_MAX = 2_000_000
"""Entries behind which reading the table anew is quicker than following the log."""
SAVED_AFTER = 20_000

NOBODY = gettext_lazy("Nobody's live permission covers this use as a whole, so there is nobody to touch.")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: a key of the merchant's systems, or a member of the team."""

    key_id: UUID | None = None
    user_id: UUID | None = None

    def __post_init__(self) -> None:
        assert (self.key_id is None) != (self.user_id is None), "one of the two asks"


@dataclass(frozen=True, slots=True)
class AllowedAudience:
    """``log_index`` is the entry that records it, and the instant as of which its set was decided."""

    id: UUID
    count: int
    set_hash: str
    log_index: int


@dataclass(frozen=True, slots=True)
class AudienceDecision:
    """``audience`` when it was allowed; else ``reason`` is a code like ``D-MARKET`` and ``sentence`` its words."""

    audience: AllowedAudience | None
    reason: str = ""
    sentence: str = ""


class _Kept:
    """The index of this process. ``loading`` is held while one is brought up to date, ``changing`` only while
    entries are read into it: whoever sits in the sequencer's seat must not wait for a load."""

    def __init__(self) -> None:
        self.index: LiveIndex | None = None
        self.saved_size = -1
        self.loading = threading.Lock()
        self.changing = threading.Lock()


_kept = _Kept()


def prepare_audiences() -> None:
    """Bring this process's index up to the log, so that little is left to do in the seat. Call it before
    ``decide_audience``, outside any transaction; it may read for seconds the first time."""
    assert not connection.in_atomic_block, "the index is read before the seat is taken"
    with contextlib.suppress(MustStopError):
        # What waits needs its number before anything is decided, and the seat should be held shortly. A log that
        # has stopped has said so, and the decision will be no.
        number_entries()
    with _kept.loading:
        mark = read_mark()
        index = _kept.index
        # Of an empty log there is nothing to know it by.
        if index is None or not index.mark.size or not _is_ours(index.mark, mark):
            index = _load(mark)
        _follow(index, mark)
        _kept.index = index
        if mark.size - _kept.saved_size >= SAVED_AFTER or _kept.saved_size > mark.size:
            with _kept.changing:
                save_index(index)
            _kept.saved_size = mark.size


def _is_ours(known: LogMark, mark: LogMark) -> bool:
    """Whether ``known`` is a not too distant beginning of this very log."""
    is_near = known.log_id == mark.log_id and 0 <= mark.size - known.size <= TAIL_MAX
    return is_near and read_mark(known.size) == known


def _load(mark: LogMark) -> LiveIndex:
    saved = None if mark.log_id is None else read_saved(mark.log_id)
    if saved is not None and _is_ours(saved.mark, mark):
        _kept.saved_size = saved.mark.size
        return saved
    _kept.saved_size = -1
    return load_index()


def _follow(index: LiveIndex, mark: LogMark) -> None:
    with _kept.changing:
        index.read(consent_entries(index.mark.size, mark.size))
        index.forget_ended(clock.now().astimezone(UTC).date())
        if mark.size > index.mark.size:
            index.mark = mark


@action
def decide_audience(
    *,
    offer_slug: str,
    country: str,
    items: Sequence[str],
    purpose: str,
    channel: str,
    by: Asker,
    recipient: str | None = None,
    contexts: Sequence[str] = (),
    is_copy: bool = False,
) -> AudienceDecision:
    """Whom of an offer this use may touch now, in ``country``; recorded either way. ``prepare_audiences`` first.

    Everything is read in the sequencer's seat, after everything committed had its number: so the set is exact as
    of the entry that records it. What is final only after the commit (GDPR articles 5(2) and 7(3)). Raises
    BadInput, NotFound for an unknown offer, AudienceNotReady.
    """
    request = check_request(
        items=items, purpose=purpose, channel=channel, country=country, recipient=recipient,
        contexts=contexts, is_copy=is_copy,
    )  # fmt: skip
    if purpose in OTHER_BASES:
        raise BadInput(field="purpose", problem="an audience is for what people allow")
    markets = list_offer_markets(offer_slug)
    if not markets:
        raise NotFound
    seat = _Seat(offer_slug, request)
    try:
        seated = append_in_seat(decide=seat.decide)
    except MustStopError as error:
        # The sentences of MustStopError are ours and hold no value from any row.
        logger.critical("An audience was denied because the log has stopped: %s.", error)
        seated, seat.selection = None, Selection(BitMap(), None, Reason.LOG_DOWN)
    if seated is None:
        return _deny(offer_slug, request, seat.selection.reason or Reason.NO_CONSENT)
    assert seat.selection.ends_at is not None
    audience = Audience(
        id=ids.new_id(),
        offer_id=markets[0].offer_id,
        country=country,
        items=list(request.items),
        purpose=purpose,
        channel=channel,
        recipient=recipient or "",
        is_copy=is_copy,
        log_index=seated.log_index,
        set_hash=seated.facts.set_hash,
        set_bytes=seated.facts.set_bytes,
        count=seated.facts.count,
        decided_at=seat.now,
        watched_until=seat.selection.ends_at,
        seen_index=seated.log_index + 1,
        by_key_id=by.key_id,
        by_user_id=by.user_id,
    )
    audience.save(force_insert=True)
    return AudienceDecision(AllowedAudience(audience.id, audience.count, audience.set_hash, audience.log_index))


class _Seat:
    """What is decided in the seat, once everything committed has its number."""

    def __init__(self, offer_slug: str, request: UseRequest) -> None:
        self.offer_slug = offer_slug
        self.request = request
        self.now = datetime.min.replace(tzinfo=UTC)
        self.selection = Selection(BitMap(), None, Reason.NO_CONSENT)

    def decide(self, size: int) -> SeatEntry | None:
        index = _kept.index
        if index is None:
            raise AudienceNotReady
        with _kept.changing:
            mark = read_mark(size)
            if index.mark.size and not _is_ours(index.mark, mark):
                _kept.index = None
                raise AudienceNotReady
            index.read(consent_entries(index.mark.size, size))
            # Read after the seat was taken: a market that stopped before is seen as stopped.
            markets = {market.country: market for market in list_offer_markets(self.offer_slug)}
            self.now = _find_now(index.given_on)
            self.selection = index.select(
                self.offer_slug, lambda home, consent: self._judge(markets, home, consent)
            )
        # In another transaction this log's order may still come out otherwise; the index forgets nothing by it.
        transaction.on_commit(lambda: _advance(index, mark))
        if self.selection.reason is not None:
            return None
        bits = to_bits(self.selection.numbers)
        return SeatEntry("audience_allowed", _fields(self.offer_slug, self.request), self.now, bits)

    def _judge(self, markets: dict[str, MarketView], home: str, consent: ConsentFacts) -> Reason | None:
        """The gate's own rule, about anybody who gave ``consent`` in ``home`` and was not stopped since: what a
        flag stops is an end in the log."""
        facts = Facts(
            is_restricted=False,
            is_objected=False,
            is_checks_objected=False,
            is_erased=False,
            market_id=markets[home].id,
            version_id=consent.version_id,
            home_market=_market_facts(markets.get(home)),
            shown_market=_market_facts(markets.get(self.request.country)),
            # Nothing waits for its number any more: we are in the seat.
            is_log_down=False,
            now=self.now,
            consents=(consent,),
        )
        return judge(facts, self.request).reason


def _market_facts(market: MarketView | None) -> MarketFacts | None:
    return None if market is None else MarketFacts(market.state, market.closes_at)


def _find_now(given_on: date) -> datetime:
    """The database's time; or, should the clock of a machine that wrote an answer run ahead, the day of that."""
    now = clock.shift(db.database_now())
    return max(now, datetime.combine(given_on, time.min, tzinfo=UTC))


def _advance(index: LiveIndex, mark: LogMark) -> None:
    if mark.size > index.mark.size:
        index.mark = mark


def _fields(offer_slug: str, request: UseRequest) -> dict[str, str | Sequence[str]]:
    fields: dict[str, str | Sequence[str]] = {
        "offer": offer_slug,
        "market": request.country,
        "items": request.items,
        "purpose": request.purpose,
        "channel": request.channel,
        "decision": "allow",
    }
    if request.recipient is not None:
        fields["recipient"] = request.recipient
    return fields


def _deny(offer_slug: str, request: UseRequest, reason: Reason) -> AudienceDecision:
    """A no is recorded too, about nobody."""
    append_entry(
        kind="use_denied",
        fields={**_fields(offer_slug, request), "decision": "deny", "reason": reason.value},
        occurred_at=clock.now(),
    )
    is_about_all = reason in {Reason.LOG_DOWN, Reason.MARKET, Reason.CONTEXT, Reason.NO_CONTRACT, Reason.TRANSFER}
    return AudienceDecision(None, reason.value, write_sentence(reason) if is_about_all else str(NOBODY))
