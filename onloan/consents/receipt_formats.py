"""One receipt in three exchange formats. Pure: values in, JSON-ready values out.

- a record modelled on ISO/IEC TS 27560:2023, under a schema of our own (``ISO27560_SCHEMA``);
- JSON-LD in the words of the W3C Data Privacy Vocabulary 2.3, profile dpv-27560;
- a Kantara consent receipt 1.1.0.

None of them is a certificate, and none may be called one. ``docs/receipts.md`` says what each leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

ISO27560_SCHEMA = "urn:onloan:consent-record:1"
KANTARA_VERSION = "KI-CR-v1.1.0"

Json = dict[str, Any]
State = Literal["given", "refused", "withdrawn", "expired", "stopped"]


@dataclass(frozen=True, slots=True)
class ReceiptParty:
    """The merchant, a recipient or the authority. ``contact`` is a person, an e-mail address or a web page."""

    id: str
    name: str
    address: str
    country: str
    contact: str
    email: str


@dataclass(frozen=True, slots=True)
class ReceiptItem:
    """``name`` as the offer names it, ``dpv`` as the vocabulary does."""

    name: str
    dpv: str


@dataclass(frozen=True, slots=True)
class ReceiptEvent:
    """``state`` at an instant, in UTC."""

    state: State
    at: datetime


@dataclass(frozen=True, slots=True)
class ReceiptGrant:
    """One answer of the receipt and all that became of it since, oldest event first."""

    record_id: str
    permission_id: str
    purpose: str
    purpose_dpv: str
    items: tuple[ReceiptItem, ...]
    channels: tuple[str, ...]
    territories: tuple[str, ...]
    recipients: tuple[ReceiptParty, ...]
    term_days: int
    expires_at: datetime | None
    events: tuple[ReceiptEvent, ...]

    @property
    def is_yes(self) -> bool:
        return self.events[0].state == "given"


@dataclass(frozen=True, slots=True)
class ReceiptRecord:
    """A receipt as it stands at ``as_of``. ``person`` is the public id, which says nothing about anybody."""

    id: str
    person: str
    given_at: datetime
    as_of: datetime
    language: str
    country: str
    act: str
    campaign: str
    notice_url: str
    notice_hash: str
    version_number: int
    version_hash: str
    published_at: datetime
    page_hash: str
    dpia: str
    controller: ReceiptParty
    authority: ReceiptParty
    rights_url: str
    is_gdpr: bool
    grants: tuple[ReceiptGrant, ...]


def write_iso27560(receipt: ReceiptRecord) -> Json:
    """A receipt that wraps one record for each answer, so that no event is about two purposes."""
    return {
        "schema_version": ISO27560_SCHEMA,
        "receipt_id": receipt.id,
        "receipt_time": _utc(receipt.as_of),
        "x_onloan_page_hash": f"sha256:{receipt.page_hash}",
        "x_onloan_offer_hash": f"sha256:{receipt.version_hash}",
        "records": [_iso_record(receipt, grant) for grant in receipt.grants],
    }


def _iso_record(receipt: ReceiptRecord, grant: ReceiptGrant) -> Json:
    return {
        "schema_version": ISO27560_SCHEMA,
        "record_id": grant.record_id,
        "pii_principal_id": receipt.person,
        "pii_processing": {
            "privacy_notice": f"{receipt.notice_url}#sha256-{receipt.notice_hash}",
            "language": receipt.language,
            "purposes": [_iso_purpose(receipt, grant)],
        },
        "party_identification": [
            _iso_party(receipt.controller, "PII controller"),
            _iso_party(receipt.authority, "authority"),
            *(_iso_party(party, "recipient") for party in grant.recipients),
        ],
        "events": [
            {
                "event_time": _utc(event.at),
                "validity_duration": f"P{grant.term_days}D" if event.state == "given" else "P0D",
                "entity_id": receipt.person if event.state in _BY_THE_PERSON else receipt.controller.id,
                "event_type": "expressed" if event.state in _BY_THE_PERSON else "automatic",
                "event_state": event.state,
            }
            for event in grant.events
        ],
    }


def _iso_purpose(receipt: ReceiptRecord, grant: ReceiptGrant) -> Json:
    return {
        "purpose": grant.purpose,
        "purpose_type": grant.purpose_dpv,
        "lawful_basis": "eu-gdpr:A6-1-a" if receipt.is_gdpr else "dpv:ExpressedConsent",
        "pii_information": [
            {
                "pii_type": item.dpv,
                "pii_attribute_id": item.name,
                "pii_optional": True,
                "sensitive_pii_category": False,
                "special_pii_category": False,
            }
            for item in grant.items
        ],
        "pii_controllers": [receipt.controller.id],
        "collection_method": receipt.act,
        "processing_method": ["use", "display", "store"],
        "storage_locations": [receipt.controller.country],
        "retention_period": f"P{grant.term_days}D",
        "processing_locations": [receipt.controller.country],
        "geographic_restrictions": list(grant.territories),
        "services": [receipt.campaign],
        "jurisdiction": [receipt.country],
        "recipient_third_parties": [party.id for party in grant.recipients],
        "withdrawal_method": receipt.rights_url,
        "privacy_rights": [receipt.rights_url],
        "codes_of_conduct": [],
        "impact_assessment": receipt.dpia,
        "authority_party": receipt.authority.id,
        "x_onloan_channels": list(grant.channels),
        "x_onloan_disclosed_for_money": False,
    }


def _iso_party(party: ReceiptParty, role: str) -> Json:
    return {
        "party_id": party.id,
        "party_name": party.name,
        "party_role": role,
        "party_type": "organisation",
        "party_address": party.address,
        "party_contact": party.contact,
        "party_email": party.email,
    }


_DPV_CONTEXT: Json = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "loc": "https://w3id.org/dpv/loc#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "legal-eu": "https://w3id.org/dpv/legal/eu#",
    "legal-gb": "https://w3id.org/dpv/legal/gb#",
    "dct": "http://purl.org/dc/terms/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    **{
        name: {"@type": "@id"}
        for name in (
            "dct:conformsTo", "dpv:hasPurpose", "dpv:hasProcessing", "dpv:hasRecipient", "dpv:hasDataController",
            "dpv:hasJurisdiction", "dpv:hasApplicableLaw", "dpv:hasLegalBasis", "dpv:hasNecessity",
            "dpv:hasLocation", "skos:broader", "dpv:isExercisedAt", "dpv:isIndicatedBy", "dpv:hasAuthority",
        )
    },
    "dpv:isIndicatedAtTime": {"@type": "xsd:dateTime"},
    "dct:created": {"@type": "xsd:dateTime"},
    "dct:date": {"@type": "xsd:date"},
}  # fmt: skip

_DPV_STATUS: dict[State, tuple[str, ...]] = {
    "given": ("dpv:ConsentGiven", "dpv:ExpressedConsent"),
    "refused": ("dpv:ConsentRefused",),
    "withdrawn": ("dpv:ConsentWithdrawn",),
    "expired": ("dpv:ConsentExpired",),
    "stopped": ("dpv:ConsentInvalidated",),
}
_BY_THE_PERSON: tuple[State, ...] = ("given", "refused", "withdrawn")
_GDPR_RIGHTS = ("A7-3", "A15", "A16", "A17", "A18", "A20", "A21", "A77")
_LAW_OF = {"GB": "legal-gb:law-GDPR"}


def write_dpv(receipt: ReceiptRecord) -> Json:
    """JSON-LD: a consent receipt that wraps one consent record for each answer."""
    receipt_id = f"urn:uuid:{receipt.id}"
    return {
        "@context": _DPV_CONTEXT,
        "@id": receipt_id,
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": _dpv_profile("receipt", receipt),
        "dct:identifier": receipt.id,
        "dpv:hasIdentifier": receipt.id,
        "dct:created": _utc(receipt.as_of),
        "dpv:hasRecordOfActivity": [_dpv_record(receipt, grant) for grant in receipt.grants],
    }


def _dpv_profile(kind: str, receipt: ReceiptRecord) -> str:
    suffix = "-eu-gdpr" if receipt.is_gdpr else ""
    return f"https://w3id.org/dpv/schema/dpv-27560#{kind}{suffix}"


def _dpv_record(receipt: ReceiptRecord, grant: ReceiptGrant) -> Json:
    law = "legal-eu:law-GDPR" if receipt.is_gdpr else _LAW_OF.get(receipt.country)
    return {
        "@id": f"urn:uuid:{grant.record_id}",
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": _dpv_profile("record", receipt),
        "dct:identifier": grant.record_id,
        "dpv:hasIdentifier": grant.record_id,
        "dpv:hasDataSubject": {"@type": "dpv:DataSubject", "dct:identifier": receipt.person},
        "dpv:hasDataController": _urn(receipt.controller),
        "dpv:hasJurisdiction": f"loc:{receipt.country}",
        **({"dpv:hasApplicableLaw": law} if law else {}),
        "dpv:hasAuthority": _urn(receipt.authority),
        "dpv:hasNotice": {
            "@id": receipt.notice_url,
            "@type": "dpv:ConsentNotice",
            "dct:language": receipt.language,
            "dct:date": receipt.published_at.astimezone(UTC).date().isoformat(),
            "dct:hasVersion": str(receipt.version_number),
            "dct:identifier": f"sha256:{receipt.notice_hash}",
        },
        "dpv:hasProcess": [_dpv_process(receipt, grant)],
        "dpv:hasEntity": [
            _dpv_entity(receipt.controller, "dpv:DataController"),
            _dpv_entity(receipt.authority, "dpv:DataProtectionAuthority"),
            *(_dpv_entity(party, "dpv:Recipient") for party in grant.recipients),
        ],
        "dpv:hasConsentStatus": [_dpv_status(receipt, grant, event) for event in grant.events],
    }


def _dpv_process(receipt: ReceiptRecord, grant: ReceiptGrant) -> Json:
    basis = ["eu-gdpr:A6-1-a", "dpv:ExpressedConsent"] if receipt.is_gdpr else ["dpv:ExpressedConsent"]
    return {
        "@type": "dpv:Process",
        "dpv:hasService": {"@type": "dpv:Service", "dct:title": receipt.campaign},
        "dpv:hasPurpose": {
            "@type": "dpv:Purpose",
            "skos:broader": grant.purpose_dpv,
            "dct:description": grant.purpose,
        },
        "dpv:hasPersonalData": [
            {
                "@type": "dpv:PersonalData",
                "skos:broader": item.dpv,
                "dct:identifier": item.name,
                "dpv:hasNecessity": "dpv:Optional",
            }
            for item in grant.items
        ],
        "dpv:hasProcessing": ["dpv:Use", "dpv:Display", "dpv:Store"],
        "dpv:hasDataSource": {"@type": "dpv:DataSubjectDataSource"},
        "dpv:hasRecipient": [_urn(party) for party in (receipt.controller, *grant.recipients)],
        "dpv:hasDataController": _urn(receipt.controller),
        "dpv:hasLegalBasis": basis,
        "dpv:hasStorageCondition": [
            {"@type": "dpv:StorageLocation", "dpv:hasLocation": f"loc:{receipt.controller.country}"},
            {"@type": "dpv:StorageDuration", "dpv:hasDuration": f"P{grant.term_days}D"},
        ],
        "dpv:hasProhibition": {"@type": "dpv:Prohibition", "dpv:hasPurpose": "dpv:SellDataToThirdParties"},
        "dpv:hasConsentControl": {"@type": "dpv:WithdrawConsent", "dpv:isExercisedAt": receipt.rights_url},
        "dpv:hasRight": _dpv_rights(receipt),
    }


def _dpv_rights(receipt: ReceiptRecord) -> list[Json]:
    if not receipt.is_gdpr:
        return [{"@type": "dpv:DataSubjectRight", "dpv:isExercisedAt": receipt.rights_url}]
    return [
        {
            "@type": ["dpv:DataSubjectRight", f"eu-gdpr:{article}"],
            "dpv:isExercisedAt": receipt.authority.contact if article == "A77" else receipt.rights_url,
        }
        for article in _GDPR_RIGHTS
    ]


def _dpv_entity(party: ReceiptParty, kind: str) -> Json:
    return {
        "@id": _urn(party),
        "@type": kind,
        "dpv:hasName": party.name,
        "dpv:hasIdentifier": party.id,
        "dpv:hasAddress": party.address,
        "dpv:hasContact": party.contact,
    }


def _dpv_status(receipt: ReceiptRecord, grant: ReceiptGrant, event: ReceiptEvent) -> Json:
    is_by_person = event.state in _BY_THE_PERSON
    status: Json = {
        "@type": list(_DPV_STATUS[event.state]),
        "dpv:isIndicatedBy": "dpv:DataSubject" if is_by_person else _urn(receipt.controller),
        "dpv:isIndicatedAtTime": _utc(event.at),
    }
    if event.state in {"given", "refused"}:
        status["dpv:hasIndicationMethod"] = receipt.act
    if event.state == "given" and grant.expires_at is not None:
        status["dpv:hasDuration"] = {"@type": "dpv:UntilTimeDuration", "rdf:value": _utc(grant.expires_at)}
    return status


def write_kantara(receipt: ReceiptRecord) -> Json | None:
    """A receipt of giving only: None when nothing in it was allowed, because the format cannot say no."""
    given = [grant for grant in receipt.grants if grant.is_yes]
    if not given:
        return None
    controller = receipt.controller
    return {
        "version": KANTARA_VERSION,
        "jurisdiction": receipt.country,
        "consentTimestamp": int(receipt.given_at.timestamp()),
        "collectionMethod": receipt.act,
        "consentReceiptID": receipt.id,
        "language": receipt.language,
        "piiPrincipalId": receipt.person,
        "piiControllers": [
            {
                "piiController": controller.name,
                "onBehalf": False,
                "contact": controller.contact,
                "address": {"streetAddress": controller.address, "addressCountry": controller.country},
                "email": controller.email,
                # The format asks for a telephone number and an offer has none; nothing is made up.
                "phone": "",
            }
        ],
        "policyUrl": receipt.notice_url,
        "services": [
            {"service": receipt.campaign, "purposes": [_kantara_purpose(receipt, grant) for grant in given]}
        ],
        "sensitive": False,
        "spiCat": [],
    }


def _kantara_purpose(receipt: ReceiptRecord, grant: ReceiptGrant) -> Json:
    assert grant.expires_at is not None, "a yes has an end"
    names = ", ".join(party.name for party in grant.recipients)
    return {
        "purpose": grant.purpose,
        "purposeCategory": ["6 - Marketing"],
        "consentType": "EXPLICIT",
        "piiCategory": ["1 - Biographical"],
        "primaryPurpose": False,
        "termination": f"{_utc(grant.expires_at)}, or on withdrawal at {receipt.rights_url}",
        "thirdPartyDisclosure": bool(names),
        **({"thirdPartyName": names} if names else {}),
    }


def _urn(party: ReceiptParty) -> str:
    return f"urn:onloan:party:{party.id}"


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
