"""The payment file in euros: ISO 20022 ``pain.001.001.09`` as SEPA credit transfers (EPC132-08, EPC115-06)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from babel.numbers import get_currency_precision
from lxml import etree

from onloan.money import Money
from onloan.payouts.bank.accounts import PayeeAccount, needs_debtor_town, read_bic
from onloan.payouts.bank.characters import bank_name, bank_text, check_reference
from onloan.payouts.bank.errors import DebtorTownMissing, InvalidPaymentFile, WrongControlSum

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
SCHEMA_PATH = Path(__file__).parent / "schemas" / "pain.001.001.09.xsd"
AMOUNT_MINOR_MAX = 99_999_999_999
"""999,999,999.99 euros, the most that one SEPA credit transfer carries (EPC132-08, AT-T002)."""


@dataclass(frozen=True, slots=True)
class CreditTransfer:
    """One payment. ``end_to_end_id`` comes back in the bank's answer; ``remittance`` is what the payee reads.

    ``name`` is as its holder typed it: each file rewrites it by ``bank_name``.
    """

    end_to_end_id: str
    name: str
    account: PayeeAccount
    amount: Money
    remittance: str


@dataclass(frozen=True, slots=True)
class Debtor:
    """Who pays, from which account. ``town`` is needed only where a payee's account is outside the EEA."""

    name: str
    account: PayeeAccount
    bic: str | None = None
    town: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFile:
    """What the header says. ``count`` and ``total`` are the control sums: the transfers must amount to them."""

    message_id: str
    created_at: datetime
    execution_on: date
    debtor: Debtor
    count: int
    total: Money


def write_pain001(*, file: PaymentFile, transfers: Iterable[CreditTransfer], out: BinaryIO) -> None:
    """Write the file line by line, in memory for one transfer; the same bytes for the same arguments.

    The payee's address is not in it: SEPA needs none, and free lines are refused since 15 November 2026. Raises
    BadPayeeName, PayeeNameTooLong, BadPaymentText, BadBic, DebtorTownMissing; WrongControlSum at the end, when
    what was written is not what ``file`` says: then ``out`` is to be thrown away.
    """
    assert file.total.currency == "EUR" and file.debtor.account.kind == "iban"
    count, total_minor, seen = 0, 0, set[str]()
    # Names go without a namespace, which stands once on the outermost: else lxml repeats it on every transfer.
    with etree.xmlfile(out, encoding="UTF-8") as writer:
        writer.write_declaration()
        with _element(writer, "Document", xmlns=NAMESPACE), _element(writer, "CstmrCdtTrfInitn"):
            writer.write(_group_header(file))
            with _element(writer, "PmtInf"):
                for part in _payment_header(file):
                    writer.write(part)
                for transfer in transfers:
                    writer.write(_transfer(transfer, file.debtor))
                    count += 1
                    total_minor += transfer.amount.amount_minor
                    seen.add(transfer.end_to_end_id)
    # A reference that stands twice would be paid twice and answered once.
    if (count, total_minor, len(seen)) != (file.count, file.total.amount_minor, file.count):
        raise WrongControlSum


def validate_pain001(data: BinaryIO | Path) -> None:
    """Check a file against the schema of ISO 20022. Raises InvalidPaymentFile.

    It holds the whole file, in about eight times its size: 260 MB for 100,000 payments. The schema is not given to
    the parser, which would need less: on a DOCTYPE lxml 6.1.3 crashes then, and takes a file cut short for valid.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        tree: Any = etree.parse(str(data) if isinstance(data, Path) else data, parser)
    except etree.XMLSyntaxError as error:
        raise InvalidPaymentFile(line=error.lineno or 1) from error
    schema = etree.XMLSchema(etree.parse(str(SCHEMA_PATH)))
    if tree.docinfo.doctype or not schema.validate(tree):
        errors: Any = schema.error_log
        raise InvalidPaymentFile(line=errors[0].line if errors else 1)


def write_amount(amount: Money) -> str:
    """``12.50``, with as many decimals as the currency has (ISO 4217). A payment of nothing is a mistake."""
    assert 0 < amount.amount_minor <= AMOUNT_MINOR_MAX, "a transfer moves something, and SEPA bounds it"
    return _write_minor(amount.amount_minor, amount.currency)


def _write_minor(amount_minor: int, currency: str) -> str:
    digits = get_currency_precision(currency)
    return f"{Decimal(amount_minor).scaleb(-digits):.{digits}f}"


def _group_header(file: PaymentFile) -> etree._Element:
    assert file.created_at.tzinfo is not None
    header = etree.Element("GrpHdr")
    _add(header, "MsgId", check_reference(file.message_id))
    _add(header, "CreDtTm", f"{file.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    _add(header, "NbOfTxs", str(file.count))
    _add(header, "CtrlSum", _write_minor(file.total.amount_minor, "EUR"))
    _add(header, "InitgPty/Nm", bank_name(file.debtor.name))
    return _ended(header)


def _payment_header(file: PaymentFile) -> Iterator[etree._Element]:
    """What stands once before the transfers. One booking for all: the bank's statement shows the total."""
    block = etree.Element("PmtInf")
    # The file holds one block, so one identifier serves both; banks give back either.
    _add(block, "PmtInfId", file.message_id)
    _add(block, "PmtMtd", "TRF")
    _add(block, "BtchBookg", "true")
    _add(block, "NbOfTxs", str(file.count))
    _add(block, "CtrlSum", _write_minor(file.total.amount_minor, "EUR"))
    _add(block, "PmtTpInf/SvcLvl/Cd", "SEPA")
    _add(block, "ReqdExctnDt/Dt", file.execution_on.isoformat())
    debtor = _add(block, "Dbtr", "")
    _add(debtor, "Nm", bank_name(file.debtor.name))
    if file.debtor.town:
        address = _add(debtor, "PstlAdr", "")
        _add(address, "TwnNm", bank_text(file.debtor.town, characters_max=35))
        _add(address, "Ctry", file.debtor.account.country)
    _add(block, "DbtrAcct/Id/IBAN", file.debtor.account.number)
    bank = _add(block, "DbtrAgt/FinInstnId", "")
    if file.debtor.bic:
        _add(bank, "BICFI", read_bic(file.debtor.bic))
    else:
        # The IBAN tells the bank; EPC132-08 has this word for a BIC that is left out.
        _add(bank, "Othr/Id", "NOTPROVIDED")
    _add(block, "ChrgBr", "SLEV")
    for part in list(block):
        yield _ended(part)


def _transfer(transfer: CreditTransfer, debtor: Debtor) -> etree._Element:
    assert transfer.account.kind == "iban"
    if needs_debtor_town(transfer.account) and not debtor.town:
        raise DebtorTownMissing(country=transfer.account.country)
    element = etree.Element("CdtTrfTxInf")
    _add(element, "PmtId/EndToEndId", check_reference(transfer.end_to_end_id))
    amount = _add(element, "Amt/InstdAmt", write_amount(transfer.amount))
    assert transfer.amount.currency == "EUR", "a file holds one currency, and this scheme pays euros"
    amount.set("Ccy", "EUR")
    _add(element, "Cdtr/Nm", bank_name(transfer.name))
    _add(element, "CdtrAcct/Id/IBAN", transfer.account.number)
    _add(element, "RmtInf/Ustrd", bank_text(transfer.remittance))
    return _ended(element)


def _add(parent: etree._Element, path: str, text: str) -> etree._Element:
    """Add the elements of ``path`` inside each other, and ``text`` in the innermost."""
    for name in path.split("/"):
        parent = etree.SubElement(parent, name)
    if text:
        parent.text = text
    return parent


def _ended(element: etree._Element) -> etree._Element:
    """With the end of a line after it: people compare such files with the tools that they have."""
    element.tail = "\n"
    return element


@contextmanager
def _element(writer: Any, name: str, **attributes: str) -> Iterator[None]:
    with writer.element(name, **attributes):
        writer.write("\n")
        yield
