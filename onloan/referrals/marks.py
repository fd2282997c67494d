"""By what two participants can be seen to be one, without keeping what they gave. Pure but for the master key."""

from __future__ import annotations

from onloan import keys

MAILBOX = "mailbox"
ACCOUNT = "account"
MARK_KINDS = (MAILBOX, ACCOUNT)

_DOTS_MEAN_NOTHING = frozenset({"gmail.com", "googlemail.com"})
_SAME_PROVIDER = {"googlemail.com": "gmail.com"}


def canonical_mailbox(email: str) -> str:
    """The mailbox that an address (see ``people.rules.check_email``) is delivered to, as far as it can be told.

    What follows a plus is a label that its owner chose (RFC 5233); Gmail ignores dots and has two domains.
    """
    local, _, domain = email.lower().rpartition("@")
    local = local.split("+", 1)[0] or local
    if domain in _DOTS_MEAN_NOTHING:
        local = local.replace(".", "")
    return f"{local}@{_SAME_PROVIDER.get(domain, domain)}"


def mailbox_hash(email: str) -> str:
    """The mark of a mailbox: the same in every offer, and telling nothing without the master key."""
    return keys.keyed_hash("mark/mailbox", canonical_mailbox(email))
