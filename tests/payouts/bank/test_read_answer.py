"""What banks say of payments: paid, refused, waiting, sent back."""

from __future__ import annotations

import importlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig

from onloan.money import Money
from onloan.payouts.bank.answers import ELEMENTS_KEPT_MAX, AnswerLine, BookedFile, read_answer
from onloan.payouts.bank.errors import UnreadableBankFile
from tests.payouts.bank.answers import camt053, camt054, details, details_of_2009, entry, pain002, status

TWENTY = Money(2_000, "EUR")
OLD_BOOKED = "<Sts>BOOK</Sts>"


@pytest.mark.parametrize("version", ["03", "10", "12"])
def test_it_reads_what_a_bank_says_of_orders(version: str) -> None:
    answer = read_answer(
        pain002(
            status("R1", "ACSC"),
            status("R2", "RJCT", "AC04", "0.01"),
            status("R3", "ACSP"),
            status("R4", "PDNG"),
            version=version,
            group="<GrpSts>PART</GrpSts>",
        )
    )
    assert (answer.kind, answer.message_id, answer.original_message_id) == ("pain002", "BANK-1", "B0123456789")
    assert answer.lines == (
        AnswerLine("R1", "accepted", "", TWENTY, None),
        AnswerLine("R2", "rejected", "AC04", Money(1, "EUR"), None),
        AnswerLine("R3", "pending", "", TWENTY, None),
        AnswerLine("R4", "pending", "", TWENTY, None),
    )
    assert answer.group_outcome is None and answer.booked_files == ()


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("ACSC", "accepted"), ("ACCC", "accepted"), ("RJCT", "rejected"), ("CANC", "rejected"),
        ("ACTC", "pending"), ("ACCP", "pending"), ("ACSP", "pending"), ("ACWC", "pending"), ("RCVD", "pending"),
        ("PDNG", "pending"), ("PART", None),
    ],
)  # fmt: skip
def test_it_takes_only_money_that_left_for_paid(said: str, outcome: str | None) -> None:
    assert read_answer(pain002(group=f"<GrpSts>{said}</GrpSts>")).group_outcome == outcome
    assert read_answer(pain002(block=f"<PmtInfSts>{said}</PmtInfSts>")).group_outcome == outcome


def test_it_follows_the_block_where_the_file_as_such_was_taken() -> None:
    answer = read_answer(
        pain002(
            group="<GrpSts>ACTC</GrpSts>",
            block="<PmtInfSts>RJCT</PmtInfSts><StsRsnInf><Rsn><Cd>AM04</Cd></Rsn></StsRsnInf>",
        )
    )
    assert (answer.group_outcome, answer.group_reason_code) == ("rejected", "AM04")


@pytest.mark.parametrize("code", ["AM05", "DU01", "DUPL"])
def test_it_never_takes_a_refused_second_copy_for_not_paid(code: str) -> None:
    why = f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>"
    answer = read_answer(pain002(status("R1", "RJCT", code), group=f"<GrpSts>RJCT</GrpSts>{why}"))
    assert answer.group_outcome == "pending" and answer.group_reason_code == code
    assert answer.lines[0].outcome == "pending"


def test_it_tells_a_name_that_does_not_match() -> None:
    (line,) = read_answer(pain002(status("R1", "RVNM"))).lines
    assert (line.outcome, line.reason_code) == ("pending", "RVNM")


@pytest.mark.parametrize("version", ["02", "04", "08", "12"])
def test_it_reads_a_statement(version: str) -> None:
    is_old = version == "02"
    one = details_of_2009 if is_old else details
    booked = "<Sts>BOOK</Sts>" if version in {"02", "04"} else "<Sts><Cd>BOOK</Cd></Sts>"
    data = camt053(
        entry(one("R1"), one("R2", amount="5.5"), amount="25.50", booked=booked),
        entry(one("R1", why="AC04"), credit=True, booked=booked),
        version=version,
    )
    answer = read_answer(data)
    assert (answer.kind, answer.message_id, answer.group_outcome) == ("camt", "STMT-1", None)
    day = date(2026, 11, 25)
    assert answer.lines == (
        AnswerLine("R1", "accepted", "", TWENTY, day),
        AnswerLine("R2", "accepted", "", Money(550, "EUR"), day),
        AnswerLine("R1", "returned", "AC04", TWENTY, day),
    )


@pytest.mark.parametrize(
    "data",
    [
        camt054(entry(details("R1", why="MS03"), credit=True)),
        camt054(entry(details("R1", direction="CRDT"), credit=True, family="RRTN")),
        camt054(entry(details("R1", direction="CRDT"), credit=True, reversal=True)),
        camt054(entry(details_of_2009("R1", why="AC01"), credit=True, booked=OLD_BOOKED), version="02"),
    ],
)
def test_it_knows_money_that_came_back(data: bytes) -> None:
    assert [line.outcome for line in read_answer(data).lines] == ["returned"]


@pytest.mark.parametrize(
    "data",
    [
        # A customer pays the shop and writes a reference of ours into the transfer.
        camt054(entry(details("R1", direction="CRDT"), credit=True, family="ESCT")),
        # Announced, not booked.
        camt054(entry(details("R1"), booked="<Sts><Cd>PDNG</Cd></Sts>")),
        camt054(entry(details("R1"), booked="<Sts><Cd>INFO</Cd></Sts>")),
        # A direct debit of the shop that came back, and other people's bookings.
        camt054(entry(details("R1", why="AM04", direction="DBIT"))),
        camt054(entry(details("NOTPROVIDED"))),
        camt054(entry()),
        camt054(),
    ],
)
def test_it_leaves_what_is_not_ours(data: bytes) -> None:
    answer = read_answer(data)
    assert answer.lines == () and answer.booked_files == ()


def test_it_reads_one_booking_of_a_whole_file() -> None:
    batch = "<Btch><MsgId>B0123456789</MsgId><PmtInfId>B0123456789</PmtInfId><NbOfTxs>2</NbOfTxs></Btch>"
    answer = read_answer(camt053(entry(batch=batch, amount="25.50")))
    assert answer.booked_files == (BookedFile("B0123456789", Money(2_550, "EUR"), date(2026, 11, 25)),)
    assert answer.lines == ()
    # With its payments one by one it is no second booking; nor is money that came in.
    assert read_answer(camt053(entry(details("R1"), batch=batch))).booked_files == ()
    assert read_answer(camt053(entry(batch=batch, credit=True))).booked_files == ()


def test_it_takes_codes_alone_from_a_bank_and_no_words() -> None:
    words = "<StsRsnInf><Rsn><Prtry>Ana Lopez is unknown here</Prtry></Rsn><AddtlInf>Ana</AddtlInf></StsRsnInf>"
    (line,) = read_answer(pain002(status("R1", "RJCT").replace("</TxSts>", "</TxSts>" + words))).lines
    assert line.outcome == "rejected" and line.reason_code == ""


def test_it_reads_what_stands_inside_a_banks_envelope() -> None:
    inner = pain002(status("R1", "ACSC")).split(b"?>", 1)[1]
    assert len(read_answer(b"<Envelope><AppHdr><x/></AppHdr>" + inner + b"</Envelope>").lines) == 1


@pytest.mark.parametrize(
    ("module", "data"),
    [
        ("pain.pain_002_001_03", pain002(status("R1", "ACSC"), version="03", group="<GrpSts>PART</GrpSts>")),
        ("pain.pain_002_001_10", pain002(status("R1", "RJCT", "AC01"))),
        ("camt.camt_053_001_02", camt053(entry(details_of_2009("R1"), booked=OLD_BOOKED), version="02")),
        ("camt.camt_053_001_08", camt053(entry(details("R1", why="AC04"), credit=True))),
        ("camt.camt_054_001_08", camt054(entry(batch="<Btch><MsgId>B</MsgId></Btch>"))),
    ],
)
def test_its_samples_are_what_the_standard_says(module: str, data: bytes) -> None:
    document = importlib.import_module(f"pyiso20022.{module}").Document
    XmlParser(config=ParserConfig(fail_on_unknown_properties=True)).from_bytes(data, document)


OUTCOMES = {"ACSC": "accepted", "RJCT": "rejected", "ACSP": "pending"}
LINES = st.lists(
    st.tuples(
        st.text("ABCDEFGHJKMNPQRSTVWXYZ0123456789-", min_size=1, max_size=35),
        st.sampled_from(sorted(OUTCOMES)),
        st.integers(0, 10**11),
    ),
    max_size=30,
)


@given(LINES)
def test_it_reads_each_line_and_no_other(drawn: list[tuple[str, str, int]]) -> None:
    lines = [status(reference, said, amount=f"{minor / 100:.2f}") for reference, said, minor in drawn]
    assert [(line.end_to_end_id, line.outcome, line.amount) for line in read_answer(pain002(*lines)).lines] == [
        (reference, OUTCOMES[said], Money(minor, "EUR")) for reference, said, minor in drawn
    ]


BILLION_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10) for level in range(1, 10))
    + b"]><Document><CstmrPmtStsRpt><GrpHdr><MsgId>&a9;</MsgId></GrpHdr></CstmrPmtStsRpt></Document>"
)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x01",
        b"PK\x03\x04 a zip",
        b"reference;amount\nR1;20\n",
        b"<Document/>",
        b"<html><body>Sign in</body></html>",
        pain002(status("R1", "ACSC"))[:-30],
        camt053(entry(details("R1")))[:-300],
        pain002(status("R1", "ACSC", amount="1e9")),
        pain002(status("R1", "ACSC", amount="-1.00")),
        pain002(status("R1", "ACSC", amount="0.001")),
        pain002(status("R1", "ACSC", amount="9" * 18)),
        camt053(entry(details("R1"))).replace(b"2026-11-25", b"yesterday"),
        pain002(status("R1", "ACSC")).replace(b'"UTF-8"', b'"no such"'),
        b"<Document><CstmrDrctDbtInitn/></Document>",
    ],
)
def test_it_refuses_what_is_no_answer(data: bytes) -> None:
    with pytest.raises(UnreadableBankFile) as caught:
        read_answer(data)
    assert caught.value.code == "E-BANK-FILE"


@pytest.mark.parametrize(
    "data",
    [
        BILLION_LAUGHS,
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><Document><CstmrPmtStsRpt/></Document>',
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><Document><CstmrPmtStsRpt><GrpHdr><MsgId>&f;</MsgId>'
        b"</GrpHdr></CstmrPmtStsRpt></Document>",
        b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p">%p;]><Document><CstmrPmtStsRpt/></Document>',
        b"<a>" * 100_000,
        b"<Document><CstmrPmtStsRpt>" + b"<a/>" * 200_000 + b"</CstmrPmtStsRpt></Document>",
        b" " * 50_000_001,
    ],
    ids=["laughs", "outer-dtd", "file", "parameter", "deep", "wide", "large"],
)
def test_it_refuses_a_file_made_to_hurt(data: bytes) -> None:
    with pytest.raises(UnreadableBankFile):
        read_answer(data)


def test_it_keeps_no_text_that_is_longer_than_a_reference() -> None:
    answer = read_answer(pain002(status("R" * 5_000_000, "ACSC"), status("R1", "ACSC")))
    assert [line.end_to_end_id for line in answer.lines] == ["R1"]


DAMAGE = st.sampled_from(
    [b"<", b">", b"&", b"&#0;", b"</", b"<!--", b"<![CDATA[", b"]]>", b"<?x?>", b"\x00", b"\xff", b"<Ntry>",
     b"</Ntry>", b"<TxDtls>", b"</TxDtls>", b"<TxDtls/>", b'Ccy="X"', b"-", b"1e5", b"NaN", b"<!DOCTYPE x>",
     b"2026-13-45", b""]
)  # fmt: skip
SAMPLES = st.sampled_from([
    pain002(status("R1", "ACSC"), status("R2", "RJCT", "AC04"), group="<GrpSts>PART</GrpSts>"),
    camt053(entry(details("R1"), details("R2", why="AC04")), entry(batch="<Btch><MsgId>B</MsgId></Btch>")),
])  # fmt: skip


@given(SAMPLES, st.lists(st.tuples(st.floats(0, 1), st.integers(0, 30), DAMAGE), min_size=1, max_size=3))
def test_it_reads_a_damaged_file_or_refuses_it(data: bytes, damages: list[tuple[float, int, bytes]]) -> None:
    for place, length, damage in damages:
        at = int(place * len(data))
        data = data[:at] + damage + data[at + length :]
    try:
        answer = read_answer(data)
    except UnreadableBankFile:
        return
    assert all(0 < len(line.end_to_end_id) <= 140 for line in answer.lines)


def test_it_drops_each_payment_that_is_read() -> None:
    lines = [details(f"R{number:026d}") for number in range(30_000)]
    # All in one booking, as banks do: it is the payments that are dropped when they are read, not the booking.
    answer = read_answer(camt054(entry(*lines, amount="2000000.00")))
    assert ELEMENTS_KEPT_MAX < 30_000 * 5 and len(answer.lines) == 30_000
    assert answer.lines[-1].end_to_end_id == f"R{29_999:026d}"
