"""What one of the merchant's systems passes on, of a participant or of anybody: as a member writes it down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext

from onloan.cases.actions import OpenedCase, open_case
from onloan.cases.letters import check_received
from onloan.cases.rules import About, Door, Kind
from onloan.db import action
from onloan.errors import BadInput
from onloan.markets.rules import known_countries
from onloan.people.queries import find_by_public_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOn:
    """Either ``public_id`` says who asks, or ``contact``, ``country`` and ``language`` say where the answer goes.
    ``representative`` is the name of whoever writes for somebody else, whose mandate a member looks at."""

    kind: Kind
    about: About = About.NOTHING
    text: str = ""
    public_id: str = ""
    contact: str = ""
    country: str = ""
    language: str = ""
    representative: str = ""
    received_on: date | None = None


@action
def pass_on(*, asked: PassedOn, now: datetime) -> OpenedCase:
    """Take it in; its clock began on the day on which it reached the merchant. Raises BadInput, ReceivedDay, and
    what ``open_case`` raises; then nothing is stored."""
    if bool(asked.public_id) == bool(asked.contact):
        raise BadInput(field="participant", problem=gettext("give a participant or a contact, and not both"))
    person = find_by_public_id(asked.public_id) if asked.public_id else None
    if asked.public_id:
        if person is None or person.erased_at is not None:
            raise BadInput(field="participant", problem=gettext("nobody has this public id"))
        for name in ("country", "language", "representative"):
            if getattr(asked, name):
                field = "market" if name == "country" else name
                raise BadInput(field=field, problem=gettext("this goes with a contact, not with a participant"))
    country = asked.country if person is None else person.country
    if country not in known_countries():
        raise BadInput(field="market", problem=gettext("choose a country of the list"))
    if asked.received_on is not None:
        check_received(asked.received_on, country, now)
    return open_case(
        kind=asked.kind, about=asked.about, country=country,
        language=asked.language if person is None else person.language, door=Door.API, text=asked.text,
        contact=asked.contact or None, participant_id=person.id if person is not None else None,
        representative=asked.representative, received_on=asked.received_on, now=now,
    )  # fmt: skip
