"""What a bank's reason code asks for."""

from __future__ import annotations

from enum import StrEnum


class Help(StrEnum):
    ACCOUNT = "account"
    CLOSED = "closed"
    NAME = "name"
    ASK_BANK = "ask_bank"
    MERCHANT = "merchant"


def help_for(reason_code: str | None) -> Help:
    return Help.ACCOUNT
