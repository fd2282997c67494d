"""The payment file in euros, read by others: the schema, xmllint, sepaxml, pyiso20022."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pyiso20022.pain.pain_001_001_09 import Document
from schwifty import IBAN
from sepaxml import SepaTransfer
from xsdata.formats.dataclass.parsers import XmlParser

from onloan.money import Money
from onloan.payouts.bank.characters import bank_name, bank_text
from onloan.payouts.bank.errors import (
    BadPayeeName,
    BadPaymentText,
    DebtorTownMissing,
    InvalidPaymentFile,
    WrongControlSum,
)
from onloan.payouts.bank.pain001 import (
    NAMESPACE,
    SCHEMA_PATH,
    CreditTransfer,
    validate_pain001,
    write_pain001,
)
from tests.payouts.bank.files import (
    ANA_IBAN,
    BEN_IBAN,
    COUNTRIES,
    SHOP,
    SHOP_IBAN,
    SWISS_IBAN,
    account,
    header,
    pain001,
    transfer,
)

TWO = [transfer(1), transfer(2, name="Ben Müller", iban=BEN_IBAN, amount_minor=1)]
_PATHS = {"n": NAMESPACE}


def text(data: bytes, path: str) -> str:
    found = etree.fromstring(data).find(".//" + "/".join(f"n:{step}" for step in path.split("/")), _PATHS)
    assert found is not None and found.text is not None, path
    return str(found.text)


def payments(data: bytes) -> list[tuple[str, str, str, str, str]]:
    """Reference, amount, name, account and text of each payment, by paths and nothing of ours."""
    paths = ("PmtId/EndToEndId", "Amt/InstdAmt", "Cdtr/Nm", "CdtrAcct/Id/IBAN", "RmtInf/Ustrd")
    root = etree.fromstring(data)
    found = []
    for each in root.iter(f"{{{NAMESPACE}}}CdtTrfTxInf"):
        steps = ["/".join(f"n:{step}" for step in path.split("/")) for path in paths]
        found.append(tuple(str(each.findtext(step, namespaces=_PATHS)) for step in steps))
    return found


def test_it_writes_what_a_bank_needs() -> None:
    data = pain001(TWO)
    assert text(data, "GrpHdr/MsgId") == text(data, "PmtInfId") == "B0123456789"
    assert text(data, "GrpHdr/CreDtTm") == "2026-11-24T09:30:05Z"
    assert text(data, "GrpHdr/NbOfTxs") == text(data, "PmtInf/NbOfTxs") == "2"
    assert text(data, "GrpHdr/CtrlSum") == text(data, "PmtInf/CtrlSum") == "20.01"
    assert text(data, "PmtInf/PmtMtd") == "TRF" and text(data, "BtchBookg") == "true"
    assert text(data, "PmtTpInf/SvcLvl/Cd") == "SEPA" and text(data, "ChrgBr") == "SLEV"
    assert text(data, "ReqdExctnDt/Dt") == "2026-11-25"
    assert text(data, "DbtrAcct/Id/IBAN") == SHOP_IBAN and text(data, "DbtrAgt/FinInstnId/BICFI") == "COBADEFFXXX"
    assert payments(data) == [
        ("R1", "20.00", "Ana Lopez", ANA_IBAN, "Spring pot"),
        ("R2", "0.01", "Ben Muller", BEN_IBAN, "Spring pot"),
    ]


def test_it_writes_the_same_bytes_again() -> None:
    assert pain001(TWO) == pain001(TWO)


def test_it_carries_no_address_of_a_payee() -> None:
    assert b"PstlAdr" not in pain001(TWO) and b"AdrLine" not in pain001(TWO)


def test_it_names_the_payers_town_for_a_payee_outside_the_eea() -> None:
    swiss = [transfer(iban=SWISS_IBAN)]
    with pytest.raises(DebtorTownMissing) as caught:
        pain001(swiss)
    assert caught.value.code == "E-PAIN-ADDRESS" and "CH" in str(caught.value)
    data = pain001(swiss, debtor=replace(SHOP, town="Köln"))
    validate_pain001(io.BytesIO(data))
    assert (text(data, "Dbtr/PstlAdr/TwnNm"), text(data, "Dbtr/PstlAdr/Ctry")) == ("Koln", "DE")
    assert b"AdrLine" not in data


def test_it_leaves_a_bic_out_as_sepa_says() -> None:
    data = pain001(TWO, debtor=replace(SHOP, bic=None))
    validate_pain001(io.BytesIO(data))
    assert text(data, "DbtrAgt/FinInstnId/Othr/Id") == "NOTPROVIDED"


@pytest.mark.parametrize(
    "changes",
    [{"count": 1}, {"count": 3}, {"total": Money(2_000, "EUR")}, {"total": Money(2_002, "EUR")}],
)
def test_it_refuses_lines_that_are_not_what_the_header_says(changes: dict[str, object]) -> None:
    with pytest.raises(WrongControlSum):
        write_pain001(file=replace(header(TWO), **changes), transfers=TWO, out=io.BytesIO())


def test_it_refuses_a_reference_that_stands_twice() -> None:
    with pytest.raises(WrongControlSum):
        pain001([transfer(1), transfer(1)])


@pytest.mark.parametrize("amount_minor", [0, 100_000_000_000])
def test_it_refuses_an_amount_that_sepa_does_not_carry(amount_minor: int) -> None:
    with pytest.raises(AssertionError):
        pain001([transfer(amount_minor=amount_minor)])
    assert text(pain001([transfer(amount_minor=99_999_999_999)]), "Amt/InstdAmt") == "999999999.99"


def test_it_passes_xmllint(tmp_path: Path) -> None:
    program = shutil.which("xmllint")
    if program is None:
        pytest.skip("xmllint is not installed")
    path = tmp_path / "batch.xml"
    path.write_bytes(pain001(TWO))
    command = [program, "--noout", "--nonet", "--schema", str(SCHEMA_PATH), str(path)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    path.write_bytes(pain001(TWO).replace(b"SLEV", b"NONE"))
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_it_is_read_by_a_second_library() -> None:
    read = XmlParser().from_bytes(pain001(TWO), Document).cstmr_cdt_trf_initn
    (block,) = read.pmt_inf
    assert read.grp_hdr.nb_of_txs == "2" and read.grp_hdr.ctrl_sum == Decimal("20.01")
    assert [
        (each.pmt_id.end_to_end_id, each.amt.instd_amt.value, each.amt.instd_amt.ccy, each.cdtr.nm)
        for each in block.cdt_trf_tx_inf
    ] == [("R1", Decimal("20.00"), "EUR", "Ana Lopez"), ("R2", Decimal("0.01"), "EUR", "Ben Muller")]
    assert [each.cdtr_acct.id.iban for each in block.cdt_trf_tx_inf] == [ANA_IBAN, BEN_IBAN]


# sepaxml drops what it cannot transliterate, so names are compared in letters that both rewrite alike.
NAMES = st.text("abcdefghijklmnopqrstuvwxyzÀÉÎÕÜçñøåéèßłż' -", min_size=1, max_size=40).map(
    lambda name: "A" + name
)
TRANSFERS = st.lists(
    st.tuples(NAMES, st.integers(1, 10**9), st.sampled_from(COUNTRIES), st.randoms(use_true_random=False)),
    min_size=1,
    max_size=8,
)


@given(TRANSFERS)
def test_it_says_the_same_as_sepaxml(drawn: list[tuple[str, int, str, object]]) -> None:
    transfers = [
        CreditTransfer(
            f"R{number}",
            name,
            account(IBAN.random(country_code=country, random=chance).compact),
            Money(amount_minor, "EUR"),
            "Spring pot",
        )
        for number, (name, amount_minor, country, chance) in enumerate(drawn)
    ]
    ours = pain001(transfers)
    validate_pain001(io.BytesIO(ours))
    config = {"name": SHOP.name, "IBAN": SHOP_IBAN, "BIC": SHOP.bic, "batch": True, "currency": "EUR"}
    oracle = SepaTransfer(config, schema="pain.001.001.09", clean=True)
    for each in transfers:
        oracle.add_payment(
            {
                "name": " ".join(each.name.split()),
                "IBAN": each.account.number,
                "amount": each.amount.amount_minor,
                "execution_date": header(transfers).execution_on,
                "description": each.remittance,
                "endtoend_id": each.end_to_end_id,
            }
        )
    theirs = oracle.export(validate=False)
    assert payments(ours) == payments(theirs)
    for path in ("GrpHdr/NbOfTxs", "GrpHdr/CtrlSum", "PmtInf/CtrlSum", "ReqdExctnDt/Dt", "SvcLvl/Cd", "ChrgBr"):
        assert text(ours, path) == text(theirs, path)


@given(st.text(max_size=80), st.text(max_size=150), st.integers(1, 99_999_999_999))
def test_it_is_valid_whatever_is_typed_or_it_is_refused(name: str, remittance: str, amount_minor: int) -> None:
    try:
        data = pain001([transfer(name=name, text=remittance, amount_minor=amount_minor)])
    except (BadPayeeName, BadPaymentText):
        return
    validate_pain001(io.BytesIO(data))
    assert payments(data) == [
        ("R1", f"{Decimal(amount_minor) / 100:.2f}", bank_name(name), ANA_IBAN, bank_text(remittance))
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no XML",
        b"<Document/>",
        pain001(TWO).replace(b"<PmtMtd>TRF</PmtMtd>", b""),
        pain001(TWO).replace(b"20.00", b"20.001234"),
        pain001(TWO)[:-20],
        pain001(TWO)[:-400],
        b"<!DOCTYPE Document [<!ENTITY a 'b'>]>" + pain001(TWO).replace(b"Ana Lopez", b"&a;")[38:],
    ],
)
def test_it_finds_a_file_that_is_not_valid(data: bytes) -> None:
    with pytest.raises(InvalidPaymentFile):
        validate_pain001(io.BytesIO(data))


def test_it_names_the_line_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "batch.xml"
    data = pain001(TWO).replace(b"0.01<", b"-0.01<")
    path.write_bytes(data)
    with pytest.raises(InvalidPaymentFile) as caught:
        validate_pain001(path)
    lines = data.decode().splitlines()
    assert "-0.01" in lines[int(caught.value.fields["line"]) - 1]


_MEASURE = """
import io, resource, sys
from onloan.payouts.bank.pain001 import write_pain001
from tests.payouts.bank.files import header, many_transfers
count = int(sys.argv[1])
few = list(many_transfers(10))
file = header(few)
total = sum(each.amount.amount_minor for each in many_transfers(count))
from dataclasses import replace
from onloan.money import Money
with open(sys.argv[2], "w+b") as out:
    file = replace(file, count=count, total=Money(total, "EUR"))
    write_pain001(file=file, transfers=many_transfers(count), out=out)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_it_streams(tmp_path: Path) -> None:
    def peak_kib(count: int) -> int:
        command = [sys.executable, "-c", _MEASURE, str(count), str(tmp_path / "batch.xml")]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(run.stdout)

    few, many = peak_kib(100), peak_kib(30_000)
    data = (tmp_path / "batch.xml").read_bytes()
    assert len(re.findall(rb"<CdtTrfTxInf>", data)) == 30_000 and len(data) > 9_000_000
    validate_pain001(io.BytesIO(data))
    # The references are kept to find one that stands twice; nothing else may grow with the file.
    assert many - few < 12 * 1024, f"{(many - few) // 1024} MiB more for 9 MB of payments"
