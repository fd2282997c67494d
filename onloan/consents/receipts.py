"""A receipt as a file that other programs read: gathers its values for ``receipt_formats``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings

from onloan import clock
from onloan.consents.queries import ConsentView, ReceiptView
from onloan.consents.receipt_formats import (
    ReceiptEvent,
    ReceiptGrant,
    ReceiptItem,
    ReceiptParty,
    ReceiptRecord,
    State,
    write_dpv,
    write_iso27560,
    write_kantara,
)
from onloan.consents.rules import Act
from onloan.errors import NotFound
from onloan.markets.rules import market_facts
from onloan.offers.document import Offer
from onloan.offers.queries import find_version
from onloan.offers.vocabulary import ITEMS, PURPOSES, said
from onloan.people.queries import find_participant

RECEIPT_FORMS: dict[str, Callable[[ReceiptRecord], dict[str, Any] | None]] = {
    "iso27560": write_iso27560,
    "dpv": write_dpv,
    "kantara": write_kantara,
}
"""The formats by the name that stands in their address."""

_ACTS = {
    Act.JOIN_FORM: "a choice of two equal, unset controls for each question, then a button to send the form",
    Act.MY_PAGE: "a button for this one question on the person's own page",
}


def write_receipt(receipt: ReceiptView, form: str) -> dict[str, Any]:
    """``receipt`` in one of ``RECEIPT_FORMS``, ready for JSON. Raises NotFound for another form, and when the
    form cannot say what happened: Kantara knows no refusal, so a receipt without a yes has no such file."""
    if form not in RECEIPT_FORMS:
        raise NotFound
    written = RECEIPT_FORMS[form](_describe_receipt(receipt))
    if written is None:
        raise NotFound
    return written


def list_receipt_forms(receipt: ReceiptView) -> list[str]:
    """The forms that ``receipt`` has."""
    has_yes = any(answer.state != "refused" for answer in receipt.answers)
    return [form for form in RECEIPT_FORMS if has_yes or form != "kantara"]


def _describe_receipt(receipt: ReceiptView) -> ReceiptRecord:
    """The addresses in it are those of pages that ask who the reader is: a file is passed on more easily than a
    link, so the receipt's own key never stands in it."""
    version = find_version(receipt.version_id)
    offer = version.offer
    person = find_participant(receipt.participant_id)
    assert person is not None, "a receipt goes with its person"
    facts = market_facts(receipt.country)
    page = f"{settings.PUBLIC_URL}/{receipt.language}"
    return ReceiptRecord(
        id=str(receipt.id),
        person=person.public_id,
        given_at=receipt.given_at,
        as_of=clock.now(),
        language=receipt.language,
        country=receipt.country,
        act=_ACTS[Act(receipt.act)],
        campaign=said(offer.title, receipt.language),
        notice_url=f"{page}/o/{receipt.offer_slug}/{receipt.country}/notice/{receipt.version_number}/",
        notice_hash=receipt.notice_hash,
        version_number=receipt.version_number,
        version_hash=receipt.version_hash,
        published_at=version.published_at,
        page_hash=receipt.page_hash,
        dpia=offer.markets[receipt.country].dpia,
        controller=ReceiptParty(
            id="controller",
            name=offer.controller.name,
            address=offer.controller.address,
            country=offer.controller.country,
            contact=offer.controller.dpo or offer.controller.email,
            email=offer.controller.email,
        ),
        authority=ReceiptParty(
            id="authority",
            name=facts.authority.name,
            address=facts.authority.url,
            country=receipt.country,
            contact=facts.authority.complaint_url,
            email="",
        ),
        rights_url=f"{page}/me/",
        is_gdpr=facts.eea,
        grants=tuple(_describe_grant(answer, offer, receipt.language) for answer in receipt.answers),
    )


def _describe_grant(answer: ConsentView, offer: Offer, language: str) -> ReceiptGrant:
    purpose = PURPOSES[answer.purpose]
    return ReceiptGrant(
        record_id=str(answer.id),
        permission_id=answer.permission_id,
        purpose=said(purpose.sentence, language),
        purpose_dpv=purpose.dpv,
        items=tuple(ReceiptItem(name, ITEMS[name].dpv) for name in answer.items),
        channels=answer.channels,
        territories=answer.territories,
        recipients=tuple(
            ReceiptParty(
                id=recipient.id,
                name=recipient.name,
                address="",
                country=recipient.country,
                contact=recipient.contract,
                email="",
            )
            for recipient in offer.recipients
            if recipient.id in answer.recipients
        ),
        term_days=offer.permission(answer.permission_id).term_days,
        expires_at=answer.expires_at,
        events=_describe_events(answer),
    )


def _describe_events(answer: ConsentView) -> tuple[ReceiptEvent, ...]:
    """What was answered, and how it ended if it did. One that ran out by itself ended at that instant."""
    events = [ReceiptEvent("refused" if answer.state == "refused" else "given", answer.answered_at)]
    end = _END_STATES.get(answer.state)
    if end is not None:
        ended_at = answer.ended_at if answer.state != "expired" else answer.expires_at
        assert ended_at is not None
        events.append(ReceiptEvent(end, ended_at))
    return tuple(events)


_END_STATES: dict[str, State] = {"withdrawn": "withdrawn", "expired": "expired", "stopped": "stopped"}
