"""Mails to everybody of the team whose role does something: what needs them, and nothing about a participant."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from onloan import db
from onloan.access.rules import Capability
from onloan.access.team import list_members
from onloan.outbox.statements import MailValue, mail_statement


def tell_members(capability: Capability, template: str, context: Mapping[str, MailValue]) -> None:
    """Write to each member who has this capability, in the caller's transaction."""
    db.execute([
        mail_statement(
            template=template, language=settings.LANGUAGE_CODE, address=member.email, context=dict(context)
        )
        for member in list_members()
        if member.can(capability)
    ])  # fmt: skip
