"""What may be sent, how often it is tried, and what an address must look like. Pure."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

KIND_MAIL = "mail"
KIND_WEBHOOK = "webhook"
KINDS = (KIND_MAIL, KIND_WEBHOOK)

STATE_WAITING = "waiting"
STATE_SENT = "sent"
STATE_FAILED = "failed"
STATES = (STATE_WAITING, STATE_SENT, STATE_FAILED)

TEMPLATES = (
    "join_code", "sign_in_code", "welcome", "receipt", "friend_joined", "reward_earned", "case_acknowledged",
    "voucher_expiring", "voucher_code", "reward_held", "review_decided", "reviews_waiting",
    "pool_alarm",
    "account_wanted", "payment_name_check", "payment_returned", "payments_due",
    "payments_unreached", "voucher_value", "amount_to_declare",
    "notice_due", "duties_due",
    "case_payment_late", "case_extended", "case_question", "case_progress", "case_answered", "cases_due",
    "case_reminder", "case_replied", "cases_waiting",
    "cases_undelivered", "case_in_your_name", "case_not_yours",
    "restriction_told",
    "case_erasure_begun", "case_erased", "case_erasure_complete", "page_closing",
    "change_code", "follow_code", "request_code", "sighting_code", "email_changed",
    "pack_ready", "pack_gap", "pack_taken", "pack_made",
    "breach_due", "breach_told",
)  # fmt: skip


class WebhookEvent(StrEnum):
    """What the merchant's systems can be told."""

    REWARD_EARNED = "reward.earned"
    AUDIENCE_CHANGED = "audience.changed"
    NOTICE_DUE = "notice.due"
    CASE_OPENED = "case.opened"
    CASE_ANSWERED = "case.answered"


EVENTS = tuple(event.value for event in WebhookEvent)

CONTEXT_FIELDS = frozenset({
    "about", "accounts_until_on", "amount", "answers_until_on", "authority", "authority_url",
    "breach_reference", "campaign", "case_id", "case_reference", "cases", "code_waits", "controller", "count",
    "country", "decision", "due_in_10", "due_in_3", "due_on", "due_today", "expires_minutes", "gaps",
    "is_done", "kind", "label", "late", "law", "legal_due_on", "offer_slug", "pool_closes_on", "pots_free",
    "qualified_on", "reasons", "receipt_id", "request_kind", "rewards", "settles_on", "taken_on", "taken_time",
    "telling_id", "used_percent", "voucher_expires_on", "way",
})  # fmt: skip
"""The only names a mail's context may hold: none of them says who someone is."""

SECRET_FIELDS = frozenset({"code", "link", "reason"})
"""What is sealed in a message and wiped once it is sent."""

CONTEXT_VALUE_CHARACTERS_MAX = 400
URL_CHARACTERS_MAX = 500
PAYLOAD_BYTES_MAX = 20_000

# The examples of the Standard Webhooks specification: over three days in all, then a person has a look.
WEBHOOK_RETRIES = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24),
)  # fmt: skip
MAIL_RETRIES = (
    timedelta(seconds=20), timedelta(minutes=2), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=4),
    timedelta(hours=12), timedelta(hours=24),
)  # fmt: skip
CODE_TEMPLATES = frozenset({
    "join_code", "sign_in_code", "change_code", "follow_code", "request_code", "sighting_code",
})  # fmt: skip
# A one-time code is of no use once it has run out; the person asks for another one.
CODE_MAIL_RETRIES = (timedelta(seconds=10), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5))

LEASE = timedelta(minutes=10)
"""How long a claimed message is left to the process that claimed it. Longer than sending a whole batch takes."""


def next_attempt_at(kind: str, template: str, attempts: int, now: datetime) -> datetime | None:
    """When to try again after ``attempts`` tries that failed, or None when it is time to give up."""
    ladder: tuple[timedelta, ...]
    if kind == KIND_WEBHOOK:
        ladder = WEBHOOK_RETRIES
    elif template in CODE_TEMPLATES:
        ladder = CODE_MAIL_RETRIES
    else:
        ladder = MAIL_RETRIES
    return now + ladder[attempts - 1] if attempts <= len(ladder) else None


def problem_of_url(url: str) -> str | None:
    """What is wrong with a webhook address, as the end of a sentence; None when nothing is."""
    if len(url) > URL_CHARACTERS_MAX or any(character <= " " or character == "\x7f" for character in url):
        return "it is too long or holds a space"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "it cannot be read"
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        return "it starts with https://"
    if parts.username or parts.password or parts.fragment or port == 0:
        return "it holds no user, password or fragment"
    if parts.scheme == "http" and not _is_near(parts.hostname):
        return "http:// is for machines of your own network; elsewhere use https://"
    return None


def _is_near(host: str) -> bool:
    """Whether ``host`` is this machine or one of a private network, where a plain connection may do."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or "." not in host
    return address.is_loopback or address.is_private
