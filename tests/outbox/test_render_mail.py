"""Every mail, in every language, has a subject, a sender, and no hole in its words."""

from __future__ import annotations

import pytest
from django.conf import settings

from onloan import ids
from onloan.cases.rules import Kind
from onloan.consents.statements import receipt_token as token_of_consents
from onloan.outbox.mails import receipt_token, render_mail
from onloan.outbox.rules import CONTEXT_FIELDS, TEMPLATES
from onloan.portal.cases import DONE_WORDS, KIND_WORDS

RECEIPT = "0190f5a0-0000-7000-8000-000000000001"
COMMON = {"campaign": "La cagnotte & moi", "controller": "Boutique Exemple SAS"}
CASES: list[tuple[str, dict[str, object], dict[str, str]]] = [
    ("join_code", {"expires_minutes": 20}, {"code": "123456"}),
    ("sign_in_code", {"expires_minutes": 1}, {"code": "123456"}),
    ("welcome", {"receipt_id": RECEIPT}, {}),
    ("welcome", {}, {"link": "https://pot.example/fr/r/ABC/"}),
    ("receipt", {"receipt_id": RECEIPT}, {}),
    (
        "friend_joined",
        {
            "qualified_on": "2027-05-03",
            "settles_on": "2027-05-17",
            "due_on": "2027-06-16",
            "rewards": ["cash 4.00 EUR", "voucher 14.00 EUR", "fulfilled 5.50 EUR"],
        },
        {},
    ),
    ("reward_earned", {"kind": "cash", "amount": "4.00 EUR", "due_on": "2027-06-16"}, {}),
    ("reward_earned", {"kind": "voucher", "amount": "4.50 GBP", "voucher_expires_on": "2027-06-16"}, {}),
    ("reward_earned", {"kind": "voucher", "amount": "4.50 GBP", "code_waits": "yes"}, {}),
    ("voucher_expiring", {"amount": "4.50 GBP", "voucher_expires_on": "2027-06-16"}, {}),
    ("voucher_code", {"amount": "4.50 GBP", "voucher_expires_on": "2027-06-16"}, {}),
    ("voucher_code", {"amount": "14.00 EUR"}, {}),
    ("reward_earned", {"kind": "fulfilled", "amount": "4.00 EUR", "due_on": "2027-06-16"}, {}),
    (
        "case_acknowledged",
        {
            "case_reference": "C-7K2M",
            "request_kind": "access",
            "legal_due_on": "2027-06-16",
            "authority": "CNIL",
            "authority_url": "https://www.cnil.fr/",
        },
        {},
    ),
    (
        "case_acknowledged",
        {"case_reference": "C-7K2M", "legal_due_on": "2027-06-16", "expires_minutes": 10},
        {"code": "123456"},
    ),
    (
        "reward_held",
        {
            "reasons": ["Someone joined by your link with the same mailbox as yours.", "12 people joined."],
            "rewards": ["cash 4.00 EUR", "voucher 14.00 EUR", "fulfilled 5.50 EUR"],
            "due_on": "2027-06-16",
        },
        {},
    ),
    ("review_decided", {"decision": "count"}, {"reason": "Two people, one mailbox."}),
    ("review_decided", {"decision": "count"}, {}),
    ("review_decided", {"decision": "refuse", "due_on": "2027-06-16"}, {"reason": "One person twice."}),
    ("review_decided", {"decision": "refuse"}, {"reason": "One person twice."}),
    ("reviews_waiting", {"count": 1, "due_on": "2027-06-16"}, {}),
    ("reviews_waiting", {"count": 12, "due_on": "2027-06-16"}, {}),
    ("pool_alarm", {"country": "FR", "used_percent": 80, "pots_free": 12, "pool_closes_on": "2027-06-16"}, {}),
    ("pool_alarm", {"country": "FR", "used_percent": 80, "pots_free": 1}, {}),
    ("pool_alarm", {"country": "FR", "used_percent": 100, "pots_free": 0}, {}),
    ("account_wanted", {"amount": "4.00 EUR", "due_on": "2027-06-16"}, {}),
    ("payment_name_check", {"amount": "4.00 EUR"}, {}),
    ("payment_returned", {"amount": "4.00 EUR"}, {}),
    ("payments_unreached", {"country": "FR", "count": 1}, {}),
    ("payments_unreached", {"country": "FR", "count": 12}, {}),
    ("voucher_value", {"amount": "812345.00 EUR"}, {}),
    ("amount_to_declare", {"amount": "256.00 EUR"}, {}),
    ("change_code", {"expires_minutes": 10}, {"code": "123456"}),
    ("follow_code", {"expires_minutes": 10}, {"code": "123456"}),
    ("request_code", {"expires_minutes": 60, "case_reference": "4K7M-2Q9"}, {"code": "1234 5678 9012 3456"}),
    ("sighting_code", {"expires_minutes": 10}, {"code": "123456"}),
    ("email_changed", {}, {}),
    ("case_extended", {"case_reference": "4K7M-2Q9", "legal_due_on": "2027-06-16"}, {"reason": "A long one."}),
    ("case_question", {"case_reference": "4K7M-2Q9"}, {"reason": "Which photo?"}),
    (
        "case_payment_late",
        {
            "case_reference": "4K7M-2Q9",
            "case_id": RECEIPT,
            "amount": "4.00 EUR",
            "due_on": "2027-05-16",
            "legal_due_on": "2027-06-16",
            "authority": "CNIL",
            "authority_url": "https://www.cnil.fr/",
        },
        {},
    ),
    ("case_progress", {"case_reference": "4K7M-2Q9"}, {"reason": "We asked the shop."}),
    ("case_answered", {"case_reference": "4K7M-2Q9"}, {"reason": "It is done."}),
    ("cases_undelivered", {"count": 1}, {}),
    ("cases_undelivered", {"count": 12}, {}),
    ("case_in_your_name", {"case_reference": "4K7M-2Q9", "request_kind": "erasure"}, {}),
    ("case_in_your_name", {"case_reference": "4K7M-2Q9", "request_kind": "sighting"}, {}),
    ("case_not_yours", {"case_reference": "4K7M-2Q9"}, {}),
    ("restriction_told", {"case_reference": "4K7M-2Q9"}, {"reason": "It stays."}),
    (
        "restriction_told",
        {
            "case_reference": "4K7M-2Q9",
            "due_on": "2027-06-16",
            "authority": "CNIL",
            "authority_url": "https://www.cnil.fr/",
        },
        {"reason": "The court has decided."},
    ),
    ("case_erasure_begun", {"case_reference": "4K7M-2Q9", "due_on": "2027-06-16"}, {}),
    (
        "case_erasure_begun",
        {"case_reference": "4K7M-2Q9", "due_on": "2027-06-16", "amount": "4.00 EUR"},
        {"code": "7K3Q X9AB 2M4N P6RST"},
    ),
    ("case_erasure_begun", {"case_reference": "4K7M-2Q9", "due_on": "2027-06-16", "count": 2}, {"code": "7K3Q"}),
    (
        "case_erasure_begun",
        {"case_reference": "4K7M-2Q9", "due_on": "2027-06-16", "amount": "4.00 EUR", "way": "slip"},
        {"code": "7K3Q X9AB 2M4N P6RST"},
    ),
    ("case_erased", {"case_reference": "4K7M-2Q9", "due_on": "2027-06-16"}, {}),
    ("case_erasure_complete", {"case_reference": "4K7M-2Q9"}, {}),
    (
        "case_erased",
        {
            "case_reference": "4K7M-2Q9",
            "due_on": "2027-06-16",
            "accounts_until_on": "2036-12-31",
            "law": "Code de commerce, art. L123-22",
            "answers_until_on": "2031-12-31",
        },
        {},
    ),
    ("page_closing", {"due_on": "2027-06-16"}, {"code": "7K3Q X9AB 2M4N P6RST"}),
    ("page_closing", {"due_on": "2027-06-16"}, {}),
    ("cases_due", {"count": 1, "late": 0}, {}),
    ("cases_due", {"count": 3, "late": 2}, {}),
    (
        "cases_due",
        {
            "count": 6,
            "late": 2,
            "due_today": 1,
            "due_in_3": 2,
            "due_in_10": 1,
            "cases": [f"4K7M-2Q9X {kind} {days}" for days, kind in enumerate(Kind, start=-3)],
        },
        {},
    ),  # fmt: skip
    ("case_reminder", {"case_reference": "4K7M-2Q9"}, {"reason": "On 3 January we asked you: which photo?"}),
    ("case_replied", {"case_reference": "4K7M-2Q9"}, {}),
    ("cases_waiting", {"count": 1, "cases": ["4K7M-2Q9X access 10"]}, {}),
    ("cases_waiting", {"count": 12, "cases": ["4K7M-2Q9X access 30"]}, {}),
    (
        "pack_ready",
        {"case_reference": "4K7M-2Q9", "request_kind": "access", "gaps": ["What you changed", "Mails to you"]},
        {},
    ),
    ("pack_ready", {"case_reference": "4K7M-2Q9", "request_kind": "portability", "gaps": []}, {}),
    ("pack_gap", {"case_reference": "4K7M-2Q9", "due_on": "2027-06-16", "gaps": ["Mails to you"]}, {}),
    ("pack_taken", {"request_kind": "access", "taken_on": "2027-06-16", "taken_time": "14:02"}, {}),
    ("pack_taken", {"request_kind": "portability", "taken_on": "2027-06-16", "taken_time": "14:02"}, {}),
    ("pack_made", {"case_reference": "4K7M-2Q9", "request_kind": "access", "way": "team"}, {}),
    ("pack_made", {"case_reference": "4K7M-2Q9", "request_kind": "portability", "way": "number"}, {}),
    ("notice_due", {"due_on": "2027-06-16"}, {"link": "https://onloan.example/fr/notices/abc/"}),
    ("breach_due", {"breach_reference": "4K7M-2Q9X", "count": 24, "late": 0}, {}),
    ("breach_due", {"breach_reference": "4K7M-2Q9X", "count": 1, "late": 0}, {}),
    ("breach_due", {"breach_reference": "4K7M-2Q9X", "count": 0, "late": 1}, {}),
    ("breach_told", {"breach_reference": "4K7M-2Q9X"}, {"reason": "A file lay open for an hour."}),
    ("duties_due", {"count": 1, "late": 0}, {}),
    ("duties_due", {"count": 3, "late": 2}, {}),
    ("payments_due", {"country": "FR", "count": 2, "late": 0}, {}),
    ("payments_due", {"country": "FR", "count": 0, "late": 1}, {}),
    ("payments_due", {"country": "GB", "count": 1, "late": 12}, {}),
]


@pytest.mark.parametrize("language", [code for code, _ in settings.LANGUAGES])
@pytest.mark.parametrize(("template", "context", "secrets"), CASES)
def test_it_renders(template: str, context: dict[str, object], secrets: dict[str, str], language: str) -> None:
    subject, body = render_mail(
        template=template, language=language, context={**COMMON, **context}, secrets=secrets
    )
    assert 3 < len(subject) <= 78 and "\n" not in subject
    assert COMMON["controller"] in body
    for text in (subject, body):
        assert not {"{{", "{%", "None", "&amp;", "&quot;", "&#x27;"} & set(text.split())
        assert "{{" not in text and "&amp;" not in text and "&quot;" not in text
    assert "\n\n\n" not in body
    for secret in secrets.values():
        assert secret in body


def test_every_template_is_tried() -> None:
    assert {template for template, _, _ in CASES} == set(TEMPLATES)


def test_it_writes_days_and_amounts_as_the_reader_does() -> None:
    context = {**COMMON, "kind": "cash", "amount": "1234.50 EUR", "due_on": "2027-06-16"}
    _, english = render_mail(template="reward_earned", language="en", context=context, secrets={})
    _, french = render_mail(template="reward_earned", language="fr", context=context, secrets={})
    assert "€1,234.50" in english and "16 June 2027" in english
    assert "1\u202f234,50\u00a0€" in french and "16 juin 2027" in french


def test_the_first_of_a_month_is_written_as_french_does() -> None:
    context = {**ACKNOWLEDGED, "legal_due_on": "2027-01-01"}
    _, body = render_mail(template="case_acknowledged", language="fr", context=context, secrets={})
    assert "1er janvier 2027" in body


def test_a_receipts_link_is_the_one_that_its_page_knows() -> None:
    receipt_id = ids.new_id()
    assert receipt_token(receipt_id) == token_of_consents(receipt_id)


def test_no_name_in_a_context_can_say_who_somebody_is() -> None:
    assert not {"name", "username", "email", "address", "phone", "iban", "friend"} & CONTEXT_FIELDS


ACKNOWLEDGED = {
    "case_reference": "4K7M-2Q9X", "legal_due_on": "2027-06-16", "authority": "CNIL", "country": "FR",
}  # fmt: skip


def test_a_confirmation_says_what_was_asked_and_that_it_is_done() -> None:
    def said(**context: str) -> str:
        values = {**ACKNOWLEDGED, **context}
        return render_mail(template="case_acknowledged", language="en", context=values, secrets={})[1]

    known = said(request_kind="objection", about="marketing", is_done="yes", case_id=RECEIPT)
    assert "What you asked: Stop using my data for advertising" in known
    assert "It is done: nothing of you is shown any more" in known
    assert f"/en/me/requests/{RECEIPT}/" in known and "/requests/follow/" not in known
    anybody = said(request_kind="objection", about="marketing")
    assert "Stop using my data for advertising" in anybody and "It is done" not in anybody
    assert "/en/requests/follow/" in anybody
    complaint = said(request_kind="complaint")
    assert "We confirm and begin at once; first answer by 16 June 2027." in complaint
    for (kind, about), words in DONE_WORDS.items():
        assert str(words) in said(request_kind=kind.value, about=about.value, is_done="yes")
    for kind, title in KIND_WORDS.items():
        assert f"What you asked: {title}" in said(request_kind=kind.value)
