"""What the linter says about a file: one finding for each point, and the report that holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from onloan.offers.codes import CODES
from onloan.offers.document import Offer
from onloan.offers.nodes import Part, Place

Severity = Literal["SYNTAX", "BLOCK", "HOLD", "WARN"]
SEVERITIES: tuple[Severity, ...] = ("SYNTAX", "BLOCK", "HOLD", "WARN")


@dataclass(frozen=True, slots=True)
class Finding:
    """One point. SYNTAX: this part could not be read. BLOCK: nobody can publish this. HOLD: somebody has to
    sign for it by name. WARN: a look is enough. ``line`` and ``column`` count from 1 and show the words at
    fault; ``rule`` is empty where no rule of law is behind it."""

    severity: Severity
    code: str
    line: int
    column: int
    message: str
    rule: str
    mend: str
    path: str

    def sentence(self, file_name: str) -> str:
        """``file:line:column code message (LR-nnn) how to mend``, on one line."""
        rule = f" ({self.rule})" if self.rule else ""
        return f"{file_name}:{self.line}:{self.column} {self.code} {self.message}{rule} {self.mend}"


@dataclass(frozen=True, slots=True)
class Default:
    """What the file left out and what holds instead."""

    path: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """What one file says and what is said about it. ``offer`` is there when no finding stands against it;
    ``file_hash`` is the SHA-256 of the file's UTF-8 bytes, in hexadecimal."""

    file_name: str
    findings: list[Finding]
    offer: Offer | None
    defaults: list[Default]
    file_hash: str

    def of(self, severity: Severity) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == severity]

    @property
    def exit_code(self) -> Literal[0, 1, 2]:
        """0: publishable, once each HOLD is signed; 1: refused by a rule; 2: not readable as an offer."""
        if self.of("SYNTAX"):
            return 2
        return 1 if self.of("BLOCK") else 0


def syntax(part: Part, code: str, message: str, mend: str, *, place: Place | None = None) -> Finding:
    return _finding("SYNTAX", part, code, message, mend, place)


def block(part: Part, code: str, message: str, mend: str, *, place: Place | None = None) -> Finding:
    return _finding("BLOCK", part, code, message, mend, place)


def hold(part: Part, code: str, message: str, mend: str, *, place: Place | None = None) -> Finding:
    return _finding("HOLD", part, code, message, mend, place)


def warn(part: Part, code: str, message: str, mend: str, *, place: Place | None = None) -> Finding:
    return _finding("WARN", part, code, message, mend, place)


def _finding(severity: Severity, part: Part, code: str, message: str, mend: str, place: Place | None) -> Finding:
    where = place or part.place
    return Finding(
        severity=severity,
        code=code,
        line=where.line,
        column=where.column,
        message=message,
        rule=CODES[code].rule,
        mend=mend,
        path=part.path,
    )
