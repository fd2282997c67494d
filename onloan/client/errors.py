"""What can go wrong when the gate is asked. After each of them, nothing may be shown."""

from __future__ import annotations


class GateError(Exception):
    """The gate did not say yes."""


class UseDenied(GateError):
    """The gate said no. ``reason`` is a code such as ``D-WITHDRAWN``, ``sentence`` says it in words."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(f"{reason}: {sentence}")
        self.reason = reason
        self.sentence = sentence


class CallRefused(GateError):
    """The call itself is wrong: ``status`` is the HTTP status, ``code`` a stable code such as ``E-INPUT``,
    ``sentence`` says what to do. Asking again the same way gets the same answer."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(f"{status} {code}: {sentence}")
        self.status = status
        self.code = code
        self.sentence = sentence


class GateUnavailable(GateError):
    """No answer before the deadline, however often it was tried."""
