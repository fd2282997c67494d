"""What leaves the house: one mail, one signed event. No database here, so that several can leave at once."""

from __future__ import annotations

import http.client
import json
import smtplib
import socket
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formataddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from standardwebhooks import Webhook

from onloan.outbox.mails import RenderedMail

ANSWER_SECONDS_MAX = 10
ANSWER_BYTES_READ = 1_024
GONE = 410


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended: ``error_code`` is empty when it arrived; ``is_final`` when trying again is useless."""

    error_code: str
    is_final: bool


DELIVERED = Outcome("", False)


@dataclass(frozen=True, slots=True)
class SignedEvent:
    """An event on its way to one endpoint. ``reference`` stays the same in every try."""

    url: str
    secret: str
    reference: str
    body: str


def is_waited_for(letter: RenderedMail | SignedEvent) -> bool:
    """Whether sending it waits for somebody else's server. A mail that becomes a file does not."""
    return isinstance(letter, SignedEvent) or not settings.EMAIL_BACKEND.endswith(".filebased.EmailBackend")


def event_body(event: str, created_at: datetime, payload: dict[str, Any]) -> str:
    """The body of an event as Standard Webhooks recommends it: type, timestamp, data."""
    content = {"type": event, "timestamp": created_at.astimezone(UTC).isoformat(), "data": payload}
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def send_event(event: SignedEvent) -> Outcome:
    """Post one event with the headers of Standard Webhooks 1.0.0. A redirect is an error: nothing follows it.

    The signature carries the real time even in test mode, since receivers compare it with their own clock.
    """
    signed_at = datetime.now(UTC)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Onloan",
        "webhook-id": event.reference,
        "webhook-timestamp": str(int(signed_at.timestamp())),
        "webhook-signature": Webhook(event.secret).sign(event.reference, signed_at, event.body),
    }
    try:
        status = _post(event.url, event.body.encode(), headers)
    except TimeoutError:
        return Outcome("TIMEOUT", False)
    except ssl.SSLError:
        return Outcome("TLS", False)
    except socket.gaierror:
        return Outcome("NO-SUCH-HOST", False)
    except (OSError, http.client.HTTPException):
        return Outcome("NO-CONNECTION", False)
    if 200 <= status < 300:
        return DELIVERED
    # "Gone" is how a receiver says that it wants no more events (Standard Webhooks, "Status codes").
    return Outcome(f"HTTP-{status}", status == GONE)


def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of a POST. Raises TimeoutError when the whole of it takes over ``ANSWER_SECONDS_MAX``."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=ANSWER_SECONDS_MAX, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=ANSWER_SECONDS_MAX)
    # The socket's own time-out is per read; a server that drips its answer would hold us for hours.
    is_late = threading.Event()
    alarm = threading.Timer(ANSWER_SECONDS_MAX, _cut, [connection, is_late])
    alarm.daemon = True
    alarm.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=body, headers=headers)
        answer = connection.getresponse()
        answer.read(ANSWER_BYTES_READ)
        if is_late.is_set():
            # A connection cut among the headers reads like their end.
            raise TimeoutError
        return answer.status
    except (OSError, http.client.HTTPException, ValueError) as error:
        if is_late.is_set():
            raise TimeoutError from error
        if isinstance(error, ValueError):
            raise http.client.HTTPException from error
        raise
    finally:
        alarm.cancel()
        connection.close()


def _cut(connection: http.client.HTTPConnection, is_late: threading.Event) -> None:
    is_late.set()
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def write_sender(merchant: str) -> str:
    """The address that every mail comes from, under the merchant's name where the setting has none of its own."""
    if not merchant or "<" in settings.EMAIL_FROM:
        return settings.EMAIL_FROM
    return formataddr((" ".join(merchant.split()), settings.EMAIL_FROM))


def send_mail(mail: RenderedMail) -> Outcome:
    """Hand one mail to the mail server (or to the folder that stands for it)."""
    domain = settings.EMAIL_FROM.rpartition("@")[2].rstrip(">") or "localhost"
    message = EmailMessage(
        mail.subject,
        mail.body,
        write_sender(mail.sender),
        [mail.address],
        headers={
            # The same in every try, so that a mailbox that got it twice can show it once.
            "Message-ID": f"<{mail.reference}@{domain}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        return Outcome("SMTP-RECIPIENT", bool(codes) and min(codes) >= 500)
    except smtplib.SMTPResponseException as error:
        return Outcome(f"SMTP-{error.smtp_code}", False)
    except TimeoutError:
        return Outcome("TIMEOUT", False)
    except (OSError, smtplib.SMTPException):
        return Outcome("NO-CONNECTION", False)
    return DELIVERED
