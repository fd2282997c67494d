"""Answers as banks write them, in the version asked for."""

from __future__ import annotations

PAIN002 = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"
CAMT053 = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
CAMT054 = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.{version}"


def pain002(
    *lines: str, version: str = "10", group: str = "", block: str = "", message_id: str = "B0123456789"
) -> bytes:
    """``group`` and ``block`` are what stands in each of them beside the identifiers: a status, a reason."""
    head = f"<OrgnlMsgId>{message_id}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{group}"
    inside = f"<OrgnlPmtInfId>{message_id}</OrgnlPmtInfId>{block}{''.join(lines)}"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{PAIN002.format(version=version)}">'
        "<CstmrPmtStsRpt><GrpHdr><MsgId>BANK-1</MsgId><CreDtTm>2026-11-25T08:00:00Z</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts>{head}</OrgnlGrpInfAndSts>"
        f"{f'<OrgnlPmtInfAndSts>{inside}</OrgnlPmtInfAndSts>' if lines or block else ''}"
        "</CstmrPmtStsRpt></Document>"
    ).encode()


def status(reference: str, said: str, reason: str = "", amount: str = "20.00") -> str:
    why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{said}</TxSts>{why}"
        f'<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">{amount}</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>'
    )


def camt053(*entries: str, version: str = "08") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{CAMT053.format(version=version)}">'
        "<BkToCstmrStmt><GrpHdr><MsgId>STMT-1</MsgId><CreDtTm>2026-11-26T08:00:00Z</CreDtTm></GrpHdr>"
        "<Stmt><Id>1</Id><CreDtTm>2026-11-26T08:00:00Z</CreDtTm>"
        "<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>"
        '<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<Dt><Dt>2026-11-26</Dt></Dt></Bal>{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def camt054(*entries: str, version: str = "08") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{CAMT054.format(version=version)}">'
        "<BkToCstmrDbtCdtNtfctn><GrpHdr><MsgId>NTF-1</MsgId><CreDtTm>2026-11-26T08:00:00Z</CreDtTm></GrpHdr>"
        "<Ntfctn><Id>1</Id><CreDtTm>2026-11-26T08:00:00Z</CreDtTm>"
        f"<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>{''.join(entries)}</Ntfctn>"
        "</BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


def entry(
    *details: str,
    amount: str = "20.00",
    credit: bool = False,
    booked: str = "<Sts><Cd>BOOK</Cd></Sts>",
    family: str = "ESCT",
    reversal: bool = False,
    batch: str = "",
) -> str:
    """One booking; ``family`` is the last part of the bank's transaction code (ESCT sent, RRTN sent back)."""
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{"CRDT" if credit else "DBIT"}</CdtDbtInd>'
        f"{'<RvslInd>true</RvslInd>' if reversal else ''}{booked}<BookgDt><Dt>2026-11-25</Dt></BookgDt>"
        f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICDT</Cd><SubFmlyCd>{family}</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"<NtryDtls>{batch}{''.join(details)}</NtryDtls></Ntry>"
    )


def details(reference: str, *, amount: str = "20.00", why: str = "", direction: str = "") -> str:
    """One payment of a booking; ``why`` is a reason for which it came back."""
    returned = f"<RtrInf><Rsn><Cd>{why}</Cd></Rsn></RtrInf>" if why else ""
    return (
        f'<TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs><Amt Ccy="EUR">{amount}</Amt>'
        f"<CdtDbtInd>{direction or ('CRDT' if why else 'DBIT')}</CdtDbtInd>{returned}</TxDtls>"
    )


def details_of_2009(reference: str, *, amount: str = "20.00", why: str = "") -> str:
    """As version .02 has it: the amount lies deeper, and the direction is the entry's alone."""
    returned = f"<RtrInf><Rsn><Cd>{why}</Cd></Rsn></RtrInf>" if why else ""
    return (
        f"<TxDtls><Refs><EndToEndId>{reference}</EndToEndId></Refs>"
        f'<AmtDtls><TxAmt><Amt Ccy="EUR">{amount}</Amt></TxAmt></AmtDtls>{returned}</TxDtls>'
    )
