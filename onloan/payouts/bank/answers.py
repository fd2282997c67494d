"""What a bank answers: ``pain.002`` (which orders it took), ``camt.053`` and ``camt.054`` (what it booked).

Read by local names, so that every version is read alike (pain.002.001.03 to .12 and later, camt .02 to .08 and
later). The file comes from outside: no DOCTYPE, no entity, nothing fetched, and bounds on everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from babel.numbers import get_currency_precision
from lxml import etree

from onloan.money import AMOUNT_MINOR_MAX, Money
from onloan.payouts.bank.errors import UnreadableBankFile

Outcome = Literal["accepted", "rejected", "pending", "returned"]

FILE_BYTES_MAX = 50_000_000
ELEMENTS_KEPT_MAX = 100_000
"""How many elements are in memory at once: what was read is dropped, so only a file made to hurt gets there."""

# Only money that has left the account counts as paid; "accepted" by a check of the form or the customer does not.
_SETTLED = frozenset({"ACSC", "ACCC"})
_REFUSED = frozenset({"RJCT", "CANC"})
# A second copy of a file is refused as a duplicate while the first is paid: that must never look like "not paid".
_DUPLICATES = frozenset({"AM05", "DUPL", "DU01", "DU02", "DU03", "DU04", "DU05"})
# A verification of payee says these instead of a status; the bank then waits for the payer's word.
_NAME_CHECKS = frozenset({"RVNM", "RVMC"})
_NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NOTAVAILABLE"})
_KINDS: dict[str, Literal["pain002", "camt"]] = {
    "CstmrPmtStsRpt": "pain002",
    "BkToCstmrStmt": "camt",
    "BkToCstmrDbtCdtNtfctn": "camt",
}
_READ_AT_END = frozenset({"TxInfAndSts", "TxDtls", "Ntry"})
_AMOUNT = re.compile(r"\d{1,18}(\.\d{0,5})?", re.ASCII)
_TEXT_CHARACTERS_MAX = 140
_DEPTH_MAX = 64
_CHUNK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """What became of one payment. ``pending``: the bank has it and has not paid it, or calls it a duplicate of one
    that it has. ``booked_on`` is the bank's day; ``reason_code`` is empty where the bank gives none."""

    end_to_end_id: str
    outcome: Outcome
    reason_code: str
    amount: Money | None
    booked_on: date | None


@dataclass(frozen=True, slots=True)
class BookedFile:
    """A whole file that a statement shows as one booking, by the file's own message id."""

    message_id: str
    amount: Money
    booked_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankAnswer:
    """``original_message_id`` and ``group_outcome`` are of ``pain002``: what is said of each payment of that
    file that has no line of its own (None: nothing). ``booked_files`` are of ``camt``. Lines are in the file's
    order."""

    kind: Literal["pain002", "camt"]
    message_id: str
    original_message_id: str
    lines: tuple[AnswerLine, ...]
    group_outcome: Outcome | None
    group_reason_code: str
    booked_files: tuple[BookedFile, ...]


def read_answer(data: bytes) -> BankAnswer:
    """Read one file of a bank. Raises UnreadableBankFile; what it names is not looked up here."""
    if not 0 < len(data) <= FILE_BYTES_MAX:
        raise UnreadableBankFile
    reader = _Reader()
    target: Any = _Target(reader)
    parser = etree.XMLParser(
        target=target, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        for start in range(0, len(data), _CHUNK_BYTES):
            parser.feed(data[start : start + _CHUNK_BYTES])
        parser.close()
    except (etree.XMLSyntaxError, LookupError, ValueError) as error:
        raise UnreadableBankFile from error
    return reader.answer()


class _Element:
    """An element under its local name, with its first characters of text: a code, an amount, a reference."""

    __slots__ = ("children", "currency", "name", "text")

    def __init__(self, name: str, currency: str) -> None:
        self.name, self.currency = name, currency
        self.text = ""
        self.children: list[_Element] = []

    def find(self, path: str) -> _Element | None:
        name, _, rest = path.partition("/")
        for child in self.children:
            if child.name == name and (found := child.find(rest) if rest else child):
                return found
        return None

    def count(self) -> int:
        return 1 + sum(child.count() for child in self.children)


class _Target:
    """What the parser calls. It keeps the elements that are open, and of those that ended what is still to be
    read; the parser itself keeps none."""

    def __init__(self, reader: _Reader) -> None:
        self._reader = reader
        self._open: list[_Element] = []
        self._kept = 0

    def doctype(self, *_: object) -> None:
        raise UnreadableBankFile

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        element = _Element(tag.rpartition("}")[2], attributes.get("Ccy", ""))
        self._kept += 1
        if self._kept > ELEMENTS_KEPT_MAX or len(self._open) >= _DEPTH_MAX:
            raise UnreadableBankFile
        if self._open:
            self._open[-1].children.append(element)
        self._open.append(element)
        self._reader.open(element)

    def data(self, text: str) -> None:
        element = self._open[-1]
        # A character more than is read, so that a longer text is known as one.
        element.text += text[: _TEXT_CHARACTERS_MAX + 1 - len(element.text)]

    def end(self, _: str) -> None:
        element = self._open.pop()
        self._reader.close(element)
        if element.name in _READ_AT_END and self._open:
            self._open[-1].children.pop()
            self._kept -= element.count()

    def close(self) -> None:
        """The parser asks for a result; the reader has it."""


class _Reader:
    """Gathers lines while the file goes by; knows at each end only what stands before it."""

    def __init__(self) -> None:
        self._kind: Literal["pain002", "camt"] | None = None
        self._message_id = ""
        self._original_message_id = ""
        self._lines: list[AnswerLine] = []
        self._booked_files: list[BookedFile] = []
        self._group_status, self._group_reason_code = "", ""
        self._blocks: list[tuple[str, str]] = []
        self._entry: _Element | None = None
        self._entry_has_details = False

    def open(self, element: _Element) -> None:
        if self._kind is None and element.name in _KINDS:
            self._kind = _KINDS[element.name]
        if element.name == "Ntry":
            self._entry, self._entry_has_details = element, False

    def close(self, element: _Element) -> None:
        if self._kind == "pain002":
            self._close_status(element)
        elif self._kind == "camt":
            self._close_booking(element)

    def answer(self) -> BankAnswer:
        if self._kind is None:
            raise UnreadableBankFile
        status, reason_code = self._group_status, self._group_reason_code
        # Ours have one block. A bank may take the file as such and say only there what becomes of the payments.
        if len(self._blocks) == 1 and self._blocks[0][0]:
            status, reason_code = self._blocks[0][0], self._blocks[0][1] or reason_code
        return BankAnswer(
            kind=self._kind,
            message_id=self._message_id,
            original_message_id=self._original_message_id,
            lines=tuple(self._lines),
            group_outcome=None if status in {"", "PART"} else _read_status(status, reason_code),
            group_reason_code=reason_code,
            booked_files=tuple(self._booked_files),
        )

    def _close_status(self, element: _Element) -> None:
        if element.name == "GrpHdr":
            self._message_id = _text(element, "MsgId")
        elif element.name == "OrgnlGrpInfAndSts":
            self._original_message_id = _text(element, "OrgnlMsgId")
            self._group_status, self._group_reason_code = _text(element, "GrpSts"), _reason(element, "StsRsnInf")
        elif element.name == "OrgnlPmtInfAndSts":
            self._blocks.append((_text(element, "PmtInfSts"), _reason(element, "StsRsnInf")))
        elif element.name == "TxInfAndSts":
            status = _text(element, "TxSts")
            reason_code = _reason(element, "StsRsnInf") or (status if status in _NAME_CHECKS else "")
            reference = _text(element, "OrgnlEndToEndId")
            if reference not in _NO_REFERENCE and status:
                amount = _amount(element, "OrgnlTxRef/Amt/InstdAmt")
                outcome = _read_status(status, reason_code)
                self._lines.append(AnswerLine(reference, outcome, reason_code, amount, None))

    def _close_booking(self, element: _Element) -> None:
        if element.name == "GrpHdr":
            self._message_id = _text(element, "MsgId")
        elif element.name == "TxDtls" and self._entry is not None and _is_booked(self._entry):
            self._entry_has_details |= self._read_details(self._entry, element)
        elif element.name == "Ntry":
            if _is_booked(element) and not self._entry_has_details:
                self._read_whole_file(element)
            self._entry = None

    def _read_details(self, entry: _Element, details: _Element) -> bool:
        """Take one payment of an entry in. True when it has a reference of its own."""
        reference = _text(details, "Refs/EndToEndId")
        if reference in _NO_REFERENCE:
            return False
        outcome = _booked_outcome(entry, details)
        if outcome is not None:
            amount = (
                _amount(details, "Amt")
                or _amount(details, "AmtDtls/InstdAmt/Amt")
                or _amount(details, "AmtDtls/TxAmt/Amt")
            )
            reason_code = _reason(details, "RtrInf") if outcome == "returned" else ""
            self._lines.append(AnswerLine(reference, outcome, reason_code, amount, _booked_on(entry)))
        return True

    def _read_whole_file(self, entry: _Element) -> None:
        """An entry without a payment's reference may be the one booking of a whole file."""
        amount = _amount(entry, "Amt")
        message_id = _text(entry, "NtryDtls/Btch/PmtInfId") or _text(entry, "NtryDtls/Btch/MsgId")
        if message_id and amount is not None and _booked_outcome(entry, entry) == "accepted":
            self._booked_files.append(BookedFile(message_id, amount, _booked_on(entry)))


def _read_status(status: str, reason_code: str) -> Outcome:
    if status in _SETTLED:
        return "accepted"
    return "rejected" if status in _REFUSED and reason_code not in _DUPLICATES else "pending"


def _is_booked(entry: _Element) -> bool:
    return (_text(entry, "Sts/Cd") or _text(entry, "Sts")) == "BOOK"


def _booked_outcome(entry: _Element, details: _Element) -> Outcome | None:
    """Money that went out was paid; money that came in under our reference was paid back, if the bank says so.

    A customer may write anything into a transfer to the merchant, so a reference alone says nothing.
    """
    is_credit = (_text(details, "CdtDbtInd") or _text(entry, "CdtDbtInd")) == "CRDT"
    family = _text(details, "BkTxCd/Domn/Fmly/SubFmlyCd") or _text(entry, "BkTxCd/Domn/Fmly/SubFmlyCd")
    is_return = details.find("RtrInf") is not None or _text(entry, "RvslInd") in {"true", "1"} or family == "RRTN"
    if is_credit:
        return "returned" if is_return else None
    return None if is_return else "accepted"


def _booked_on(entry: _Element) -> date | None:
    day = _text(entry, "BookgDt/Dt") or _text(entry, "BookgDt/DtTm")
    return date.fromisoformat(day[:10]) if day else None


def _reason(element: _Element, name: str) -> str:
    """A code of at most 8 characters, or nothing: a bank's own words could hold a name."""
    for each in element.children:
        code = (_text(each, "Rsn/Cd") or _text(each, "Rsn/Prtry")) if each.name == name else ""
        if re.fullmatch(r"[A-Z0-9]{1,8}", code):
            return code
    return ""


def _amount(element: _Element, path: str) -> Money | None:
    found = element.find(path)
    written = _text(element, path)
    if found is None or not written:
        return None
    if _AMOUNT.fullmatch(written) is None or re.fullmatch("[A-Z]{3}", found.currency) is None:
        raise UnreadableBankFile
    minor = Decimal(written).scaleb(get_currency_precision(found.currency))
    if minor != minor.to_integral_value() or minor > AMOUNT_MINOR_MAX:
        raise UnreadableBankFile
    return Money(int(minor), found.currency)


def _text(element: _Element, path: str) -> str:
    found = element.find(path)
    text = "" if found is None else found.text.strip()
    return text if len(text) <= _TEXT_CHARACTERS_MAX else ""
