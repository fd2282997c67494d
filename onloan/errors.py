"""The one error type that every door can show.

An error has a stable code, an HTTP status and a translated sentence that says what to do. Each code has an
entry in ``docs/errors.md``; a test walks them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class OnloanError(Exception):
    """Something that a person or a program asked for and that cannot be done.

    ``code`` is stable and upper case; ``status`` is the HTTP status; ``sentence`` is translated when it is
    read and may hold ``{placeholders}`` that are filled from ``fields``. Never put personal data in fields.
    """

    code: ClassVar[str] = "E-UNKNOWN"
    status: ClassVar[int] = 400
    sentence: ClassVar[str | StrPromise] = gettext_lazy("This could not be done. Please try again.")

    def __init__(self, *, field: str = "", **fields: str | int) -> None:
        """``field`` names the form or JSON field to mend, if one is at fault."""
        self.field = field
        self.fields = fields
        super().__init__(self.code)

    def __str__(self) -> str:
        return str(self.sentence).format(**self.fields)


class BadInput(OnloanError):
    """A value that does not have the form that was asked for."""

    code = "E-INPUT"
    status = 422
    sentence = gettext_lazy("Please check this value: {problem}")


class NotFound(OnloanError):
    code = "E-NOT-FOUND"
    status = 404
    sentence = gettext_lazy("We could not find this. Please check the address.")


class NotAllowed(OnloanError):
    code = "E-NOT-ALLOWED"
    status = 403
    sentence = gettext_lazy("You do not have the right to do this. Ask someone whose role allows it.")


class BodySlow(OnloanError):
    """The door stops waiting for what somebody sends."""

    code = "E-BODY-SLOW"
    status = 408
    sentence = gettext_lazy("What you sent did not arrive in time. Please try again; a smaller file is faster.")


class Busy(OnloanError):
    code = "E-BUSY"
    status = 503
    sentence = gettext_lazy("Very much is being sent to us right now. Please try again in a few seconds.")


BODY_REFUSED = "onloan.body_refused"
"""Where a request's environment tells Django with which error to answer. No header can have this name."""
RETRY_SECONDS = 5


class MustStopError(Exception):
    """The system must stop: going on would make the damage larger (broken chain, unbalanced ledger).

    Nothing catches it but the outermost loop, which writes it down and ends the process or the job.
    """
