"""Receipts: what a person reads, and the three files that other programs read."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.conf import settings

from onloan import clock, ids
from onloan.consents.actions import answer_permission, stop_consents, withdraw_permission
from onloan.consents.queries import ReceiptView, find_receipt, list_receipts
from onloan.consents.receipts import RECEIPT_FORMS, list_receipt_forms, write_receipt
from onloan.errors import NotFound
from onloan.people.queries import find_participant
from tests.consents.world import (
    ALL,
    NAME,
    NOTHING,
    NOTICE_HASH,
    PAGE_HASH,
    PHOTO,
    WALL,
    Person,
    World,
    add_person,
    build_world,
)

KANTARA = json.loads((Path(__file__).parent / "kantara_schema.json").read_text())
MIXED = {NAME: True, PHOTO: False, WALL: True}


def receipt_of(person: Person) -> ReceiptView:
    receipt = find_receipt(person.receipt_token)
    assert receipt is not None
    return receipt


def pseudonym(person: Person) -> str:
    participant = find_participant(person.id)
    assert participant is not None
    return participant.public_id


def join_and_change(world: World, country: str = "FR") -> Person:
    """Ana allows her name and the wall, and takes the name back."""
    ana = add_person(world, MIXED, country=country)
    withdraw_permission(participant_id=ana.id, permission_id=NAME, now=clock.now())
    return ana


def test_it_shows_what_was_asked_done_and_became_of_it(both_databases: str) -> None:
    world = build_world()
    ana = join_and_change(world)
    receipt = receipt_of(ana)
    assert (receipt.id, receipt.token, receipt.participant_id) == (ana.receipt_id, ana.receipt_token, ana.id)
    assert (receipt.version_number, receipt.version_hash) == (1, world.version.file_hash)
    assert (receipt.notice_hash, receipt.page_hash) == (NOTICE_HASH, PAGE_HASH)
    assert (receipt.language, receipt.country, receipt.act) == ("en", "FR", "join_form")
    assert [(answer.permission_id, answer.state) for answer in receipt.answers] == [
        (NAME, "withdrawn"), (PHOTO, "refused"), (WALL, "allowed"),
    ]  # fmt: skip
    assert receipt.answers[1].until is None
    assert receipt.control_states[PHOTO] == {"shown": "unset", "sent": "refuse"}


def test_it_finds_a_receipt_however_its_code_is_typed(both_databases: str) -> None:
    ana = add_person(build_world(), MIXED)
    token = ana.receipt_token
    for typed in (token.lower(), f"{token[:13]}-{token[13:]}", f"  {token}\n"):
        assert receipt_of(Person(ana.id, ana.market_id, "FR", ana.receipt_id, typed)).id == ana.receipt_id
    for wrong in ("", "?", token[:-1], ids.new_code(26), "x" * 10_000):
        assert find_receipt(wrong) is None


def test_it_lists_receipts_newest_first(both_databases: str) -> None:
    ana = add_person(build_world(), MIXED)
    answered = answer_permission(
        participant_id=ana.id,
        permission_id=PHOTO,
        answer=True,
        language="fr",
        page_hash=PAGE_HASH,
        now=clock.now(),
    )
    receipts = list_receipts(ana.id)
    assert [receipt.id for receipt in receipts] == [answered.receipt_id, ana.receipt_id]
    assert [(answer.permission_id, answer.state) for answer in receipts[0].answers] == [(PHOTO, "allowed")]
    assert receipts[0].language == "fr"
    assert list_receipts(uuid.uuid4()) == []


def test_it_writes_a_record_for_each_answer_in_the_iso_form(both_databases: str) -> None:
    ana = join_and_change(build_world())
    written = write_receipt(receipt_of(ana), "iso27560")
    assert written["schema_version"] == "urn:onloan:consent-record:1"
    by_state = {tuple(event["event_state"] for event in record["events"]): record for record in written["records"]}
    assert set(by_state) == {("given", "withdrawn"), ("refused",), ("given",)}
    record = by_state["given",]
    assert record["pii_principal_id"] == pseudonym(ana)
    (purpose,) = record["pii_processing"]["purposes"]
    assert [item["pii_type"] for item in purpose["pii_information"]] == ["pd:Username", "pd:Picture"]
    assert (purpose["retention_period"], purpose["geographic_restrictions"]) == ("P30D", ["FR"])
    assert purpose["recipient_third_parties"] == ["print-shop"]
    assert record["events"][0]["validity_duration"] == "P30D"
    name = by_state["given", "withdrawn"]["pii_processing"]
    assert name["purposes"][0]["recipient_third_parties"] == [], "an empty list says: nobody"
    assert name["privacy_notice"].endswith(f"/o/spring-pot/FR/notice/1/#sha256-{NOTICE_HASH}")


ISO_REQUIRED = {
    "record": {
        "schema_version", "record_id", "pii_principal_id", "pii_processing", "party_identification", "events",
    },
    "processing": {"privacy_notice", "language", "purposes"},
    "purpose": {
        "purpose", "pii_information", "pii_controllers", "storage_locations", "retention_period", "jurisdiction",
        "recipient_third_parties", "withdrawal_method",
    },
    "party": {"party_id", "party_name", "party_address", "party_contact", "party_type"},
    "event": {"event_time", "validity_duration", "entity_id", "event_type", "event_state"},
}  # fmt: skip


def test_it_leaves_out_nothing_that_the_iso_form_requires(both_databases: str) -> None:
    written = write_receipt(receipt_of(join_and_change(build_world())), "iso27560")
    for record in written["records"]:
        assert record.keys() >= ISO_REQUIRED["record"]
        processing = record["pii_processing"]
        assert processing.keys() >= ISO_REQUIRED["processing"]
        assert all(purpose.keys() >= ISO_REQUIRED["purpose"] for purpose in processing["purposes"])
        assert all(party.keys() >= ISO_REQUIRED["party"] for party in record["party_identification"])
        assert all(event.keys() >= ISO_REQUIRED["event"] for event in record["events"])
        parties = {party["party_id"] for party in record["party_identification"]}
        (purpose,) = processing["purposes"]
        assert {*purpose["pii_controllers"], purpose["authority_party"]} <= parties
        assert set(purpose["recipient_third_parties"]) <= parties


def walk(value: Any) -> list[Any]:
    """Every key and every plain value of a JSON document."""
    if isinstance(value, dict):
        return [part for key, inner in value.items() for part in (key, *walk(inner))]
    if isinstance(value, list):
        return [part for inner in value for part in walk(inner)]
    return [value]


# Terms of DPV 2.3 and its extensions that a receipt may use. Some that look right do not exist.
DPV_TERMS = {
    "dpv": """
        ConsentReceipt ConsentRecord ConsentNotice DataSubject DataController DataProtectionAuthority
        Recipient Process Service Purpose PersonalData Use Display Store Optional
        DataSubjectDataSource ExpressedConsent StorageLocation StorageDuration Prohibition
        SellDataToThirdParties WithdrawConsent DataSubjectRight ConsentGiven ConsentRefused
        ConsentWithdrawn ConsentExpired ConsentInvalidated UntilTimeDuration Marketing
        PublicRelations hasIdentifier hasRecordOfActivity hasDataSubject hasDataController
        hasJurisdiction hasApplicableLaw hasAuthority hasNotice hasProcess hasEntity
        hasConsentStatus hasService hasPurpose hasPersonalData hasNecessity hasProcessing
        hasDataSource hasRecipient hasLegalBasis hasStorageCondition hasLocation hasDuration
        hasProhibition hasConsentControl isExercisedAt hasRight hasName hasAddress hasContact
        isIndicatedBy isIndicatedAtTime hasIndicationMethod""",
    "pd": "Username Picture",
    "eu-gdpr": "A6-1-a A7-3 A15 A16 A17 A18 A20 A21 A77",
    "legal-eu": "law-GDPR",
    "legal-gb": "law-GDPR",
    "loc": "FR GB",
    "dct": "conformsTo identifier created date language hasVersion title description",
    "skos": "broader",
    "rdf": "value",
    "xsd": "dateTime date",
}
KNOWN = {f"{prefix}:{term}" for prefix, terms in DPV_TERMS.items() for term in terms.split()}


@pytest.mark.parametrize("country", ["FR", "GB"])
def test_it_uses_only_terms_that_the_vocabulary_has(both_databases: str, country: str) -> None:
    ana = join_and_change(build_world(), country)
    stop_consents(participant_id=ana.id, reason="objected", now=clock.now())
    written = write_receipt(receipt_of(ana), "dpv")
    used = {
        part
        for part in walk(written)
        if isinstance(part, str)
        and re.fullmatch(r"[a-z-]+:[A-Za-z][\w-]*", part)
        and part.split(":")[0] in DPV_TERMS
    }
    assert used <= KNOWN
    assert {prefix for prefix in written["@context"] if ":" not in prefix} == DPV_TERMS.keys()


def test_it_writes_the_law_of_the_country(both_databases: str) -> None:
    world = build_world()
    french = write_receipt(receipt_of(add_person(world, MIXED)), "dpv")
    british = write_receipt(receipt_of(add_person(world, MIXED, country="GB")), "dpv")
    assert french["dct:conformsTo"].endswith("#receipt-eu-gdpr")
    assert french["dpv:hasRecordOfActivity"][0]["dpv:hasApplicableLaw"] == "legal-eu:law-GDPR"
    assert british["dct:conformsTo"].endswith("#receipt")
    assert british["dpv:hasRecordOfActivity"][0]["dpv:hasApplicableLaw"] == "legal-gb:law-GDPR"
    assert not [part for part in walk(british) if isinstance(part, str) and part.startswith("eu-gdpr:")]


def test_it_keeps_every_event_in_the_dpv_form(both_databases: str) -> None:
    ana = join_and_change(build_world())
    clock.advance(40 * 86_400)
    receipt = receipt_of(ana)
    written = write_receipt(receipt, "dpv")
    statuses = [
        [status["@type"][0] for status in record["dpv:hasConsentStatus"]]
        for record in written["dpv:hasRecordOfActivity"]
    ]
    assert statuses == [
        ["dpv:ConsentGiven", "dpv:ConsentWithdrawn"],
        ["dpv:ConsentRefused"],
        ["dpv:ConsentGiven", "dpv:ConsentExpired"],
    ]
    expired = written["dpv:hasRecordOfActivity"][2]["dpv:hasConsentStatus"][1]
    expires_at = receipt.answers[2].expires_at
    assert expires_at is not None
    assert expired["dpv:isIndicatedAtTime"] == expires_at.isoformat().replace("+00:00", "Z")


def test_it_writes_a_kantara_receipt_of_what_was_allowed(both_databases: str) -> None:
    ana = add_person(build_world(), MIXED)
    written = write_receipt(receipt_of(ana), "kantara")
    jsonschema.Draft7Validator(KANTARA, format_checker=jsonschema.FormatChecker()).validate(written)
    assert written["consentTimestamp"] == int(receipt_of(ana).given_at.timestamp())
    assert written["piiPrincipalId"] == pseudonym(ana)
    purposes = written["services"][0]["purposes"]
    assert [purpose["thirdPartyDisclosure"] for purpose in purposes] == [False, True]
    assert purposes[1]["thirdPartyName"] == "Imprimerie Exemple SARL"


def test_it_has_no_kantara_receipt_of_a_refusal(both_databases: str) -> None:
    receipt = receipt_of(add_person(build_world(), NOTHING))
    assert list_receipt_forms(receipt) == ["iso27560", "dpv"]
    with pytest.raises(NotFound):
        write_receipt(receipt, "kantara")
    assert write_receipt(receipt, "dpv")
    assert list_receipt_forms(receipt_of(add_person(build_world("autumn-pot"), ALL))) == list(RECEIPT_FORMS)


def test_it_finds_fault_with_a_broken_kantara_receipt() -> None:
    """The schema itself can fail: otherwise the test above would say nothing."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"version": "KI-CR-v1.1.0"}, KANTARA)
    purpose = {
        "purposeCategory": ["6 - Marketing"], "piiCategory": ["1 - Biographical"], "termination": "x",
        "thirdPartyDisclosure": True,
    }  # fmt: skip
    schema = {**KANTARA["definitions"]["purpose"]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(purpose, schema)
    jsonschema.validate({**purpose, "thirdPartyName": "A"}, schema)


@pytest.mark.parametrize("form", list(RECEIPT_FORMS))
def test_it_names_nobody_and_holds_no_key(both_databases: str, form: str) -> None:
    """A file is passed on more easily than a link: neither the person's data nor the receipt's code is in it."""
    ana = join_and_change(build_world())
    text = json.dumps(write_receipt(receipt_of(ana), form), ensure_ascii=False)
    assert ana.receipt_token not in text
    assert str(ana.id) not in text
    assert "post.example" not in text
    assert '"Ana"' not in text
    assert settings.PUBLIC_URL in text
    assert not re.search("certif|conformity|compliant", text, re.IGNORECASE)


def test_it_writes_no_unknown_form(both_databases: str) -> None:
    receipt = receipt_of(add_person(build_world(), MIXED))
    for form in ("pdf", "", "__class__", "iso27560.json"):
        with pytest.raises(NotFound):
            write_receipt(receipt, form)
