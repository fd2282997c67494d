"""``check_text``: everything that can be said about one offer file, in one run.

Reading, grammar and rules each add their findings; a rule runs whatever the others found, so that nobody has
to mend a file error by error.
"""

from __future__ import annotations

import hashlib

from onloan.offers import (
    lint_markets,
    lint_permissions,
    lint_promises,
    lint_referral,
    lint_rewards,
    lint_texts,
)
from onloan.offers.defaults import build_offer
from onloan.offers.document import Offer
from onloan.offers.findings import SEVERITIES, Default, Finding, Report, Severity
from onloan.offers.grammar import OFFER
from onloan.offers.reader import Read, read_bytes, read_text

__all__ = ["Default", "Finding", "Report", "Severity", "check_bytes", "check_text"]


def check_bytes(data: bytes, file_name: str) -> Report:
    """The same for a file as it lies on the disk. Never raises."""
    text, findings = read_bytes(data)
    if findings:
        return Report(file_name, findings, None, [], hashlib.sha256(data).hexdigest())
    return check_text(text, file_name)


def check_text(text: str, file_name: str) -> Report:
    """Read ``text`` as an offer file and check it against every rule that a file can show. Never raises.

    ``file_name`` is only for messages. The hash is of the text's UTF-8 bytes, exactly as given.
    """
    file_hash = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    read = read_text(text)
    findings = list(read.findings)
    if read.root.node is not None:
        findings += OFFER.check(read.root)
        findings += _check_rules(read)
    offer: Offer | None = None
    defaults: list[Default] = []
    if not any(finding.severity in {"SYNTAX", "BLOCK"} for finding in findings):
        offer, defaults = build_offer(read.root)
    return Report(file_name, _sorted(findings), offer, defaults, file_hash)


def _check_rules(read: Read) -> list[Finding]:
    """Each family of rules in turn; the order matters to nobody."""
    root = read.root
    return [
        *lint_permissions.check(root),
        *lint_rewards.check(root),
        *lint_referral.check(root),
        *lint_markets.check(root),
        *lint_promises.check(root),
        *lint_texts.check(root, read),
    ]


def _sorted(findings: list[Finding]) -> list[Finding]:
    """In the order of the file; the same point at the same place is said once."""
    unique = dict.fromkeys(findings)
    return sorted(
        unique, key=lambda found: (found.line, found.column, SEVERITIES.index(found.severity), found.code)
    )
