"""Codes that the merchant made itself: handed in by a file, given to people who earn a voucher."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from onloan import db, ids
from onloan.access.rules import Capability
from onloan.access.team import find_member_by_id, require
from onloan.db import action
from onloan.errors import MustStopError
from onloan.ledger.queries import find_place
from onloan.markets.rules import market_facts
from onloan.money import Money
from onloan.offers.queries import find_market_by_id, find_version
from onloan.people.statements import code_lookup_statement, lock_participant
from onloan.vouchers.codes import own_code_hash, seal_own_code
from onloan.vouchers.endings import voucher_mail
from onloan.vouchers.errors import OwnCodesUnwanted, TooManyOwnCodes
from onloan.vouchers.models import OwnCode, Voucher
from onloan.vouchers.rules import end_of_day, normalize_own_code
from onloan.vouchers.statements import take_own_code

logger = logging.getLogger(__name__)

CODES_MAX = 100_000
CODES_PER_TRANSACTION = 500
REFUSED_LINES_MAX = 100

RefusedBecause = Literal["form", "taken"]


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that was not read, counted from 1; never the code on it. ``form``: it is no code of 8 to 40 letters
    and digits; ``taken``: the code stands for another market, reward or amount."""

    line: int
    because: RefusedBecause


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file: codes ``new`` in stock, ``known`` before (also twice in the file), and how many lines
    were refused, the first of them listed."""

    new: int
    known: int
    refused: int
    refused_lines: tuple[RefusedLine, ...]


def import_own_codes(
    *, market_id: UUID, rule_id: str, codes: Iterable[str], user_id: UUID, now: datetime
) -> ImportReport:
    """Take codes into stock for one reward of one market, as many as are good, 500 in a transaction; each stands
    for the reward's amount. The same file again changes nothing, so a broken import is mended by repeating it.

    Empty lines are passed over. Raises NotAllowed without the right to fund a pool, NotFound, OwnCodesUnwanted,
    TooManyOwnCodes (before anything is stored).
    """
    require(find_member_by_id(user_id), Capability.FUND_POOL)
    amount = _amount_of(market_id, rule_id)
    lines = [
        (number, line.strip())
        for number, line in enumerate(itertools.islice(codes, CODES_MAX + 1), start=1)
        if line.strip()
    ]
    if len(lines) > CODES_MAX:
        raise TooManyOwnCodes(field="codes", most=CODES_MAX)
    new = known = 0
    refused: list[RefusedLine] = []
    for start in range(0, len(lines), CODES_PER_TRANSACTION):
        outcome = _import_some(
            market_id=market_id,
            rule_id=rule_id,
            amount=amount,
            lines=lines[start : start + CODES_PER_TRANSACTION],
            user_id=user_id,
            now=now,
        )
        new, known = new + outcome.new, known + outcome.known
        refused += outcome.refused_lines
    return ImportReport(new, known, len(refused), tuple(refused[:REFUSED_LINES_MAX]))


def _amount_of(market_id: UUID, rule_id: str) -> Money:
    """What one code of this reward is worth in this market, by the version that newcomers join under."""
    market = find_market_by_id(market_id)
    for rule in find_version(market.version_id).offer.rewards:
        if rule.id == rule_id and rule.own_codes and market.country in rule.amounts:
            return rule.amounts[market.country]
    raise OwnCodesUnwanted(field="reward")


@action
def _import_some(
    *,
    market_id: UUID,
    rule_id: str,
    amount: Money,
    lines: Sequence[tuple[int, str]],
    user_id: UUID,
    now: datetime,
) -> ImportReport:
    refused: list[RefusedLine] = []
    wanted: dict[str, tuple[int, str]] = {}
    known = 0
    for number, code in lines:
        normalized = normalize_own_code(code)
        if normalized is None:
            refused.append(RefusedLine(number, "form"))
            continue
        code_hash = own_code_hash(normalized)
        if code_hash in wanted:
            known += 1
            continue
        wanted[code_hash] = (number, code)
    made: dict[str, UUID] = {code_hash: ids.new_id() for code_hash in wanted}
    db.execute([
        db.insert(
            OwnCode,
            id=made[code_hash], market_id=market_id, rule_id=rule_id, code_hash=code_hash,
            sealed_code=seal_own_code(made[code_hash], code), amount_minor=amount.amount_minor,
            currency=amount.currency, imported_at=now, by_user_id=user_id, voucher_id=None,
            on_conflict="ON CONFLICT (code_hash) DO NOTHING",
        )
        for code_hash, (_, code) in wanted.items()
    ])  # fmt: skip
    here = (market_id, rule_id, amount.amount_minor, amount.currency)
    place = ("market_id", "rule_id", "amount_minor", "currency")
    new = 0
    for own_code_id, code_hash, *at in OwnCode.objects.filter(code_hash__in=wanted).values_list(
        "id", "code_hash", *place
    ):
        if own_code_id == made[code_hash]:
            new += 1
        elif tuple(at) == here:
            known += 1
        else:
            refused.append(RefusedLine(wanted[code_hash][0], "taken"))
    refused.sort(key=lambda line: line.line)
    return ImportReport(new, known, len(refused), tuple(refused))


def hand_out_codes(*, now: datetime, limit: int) -> int:
    """Give codes that came in to the vouchers that wait for one, the oldest first; how many got theirs. A job."""
    given = 0
    place = ("market_id", "rule_id", "amount_minor", "currency")
    waiting = Voucher.objects.filter(waits_for_code=True)
    for group in list(waiting.values(*place).distinct().order_by()):
        rows = waiting.filter(**group).order_by("issued_at", "id").values_list("participant_id", "id")
        for participant_id, voucher_id in list(rows[: limit - given]):
            try:
                if not _hand_out(participant_id=participant_id, voucher_id=voucher_id, now=now):
                    break
            except MustStopError:
                raise
            except Exception as error:
                logger.error("a code cannot be handed out: %s", type(error).__name__)  # noqa: TRY400
                continue
            given += 1
    return given


@action
def _hand_out(*, participant_id: UUID, voucher_id: UUID, now: datetime) -> bool:
    """False when there is no code for this voucher. Its time begins now: waiting took nothing of it."""
    lock_participant(participant_id)
    voucher = Voucher.objects.get(participant_id=participant_id, id=voucher_id)
    if not voucher.waits_for_code:
        return True
    taken = take_own_code(
        voucher_id=voucher_id,
        market_id=voucher.market_id,
        rule_id=voucher.rule_id,
        amount=Money(voucher.amount_minor, voucher.currency),
    )
    if taken is None:
        return False
    code = normalize_own_code(taken.code)
    assert code is not None, "it was checked when it was handed in"
    if voucher.expires_at is not None:
        time_zone = market_facts(find_place(voucher.market_id).country).time_zone
        voucher.expires_at = end_of_day(voucher.expires_at + (now - voucher.issued_at), time_zone)
    voucher.waits_for_code, voucher.own_code_id, voucher.last_characters = False, taken.id, code[-4:]
    voucher.save(update_fields=["waits_for_code", "own_code_id", "last_characters", "expires_at"])
    db.execute([
        code_lookup_statement(
            kind="voucher", code=code, participant_id=participant_id, target_id=voucher_id
        ),
        *voucher_mail(voucher, "voucher_code"),
    ])  # fmt: skip
    return True
