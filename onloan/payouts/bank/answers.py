"""Reading what the bank says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from onloan.money import Money

Word = Literal["accepted", "rejected", "pending", "returned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLine:
    end_to_end_id: str
    outcome: Word
    reason_code: str | None
    amount: Money | None
    booked_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAnswer:
    kind: Literal["pain002", "camt"]
    message_id: str
    original_message_id: str | None
    lines: list[AnswerLine]
    group_outcome: Word | None


def read_answer(data: bytes) -> BankAnswer:
    raise NotImplementedError
