"""Who answers: the merchant whose offer somebody joined, or for whoever is not known all who run offers here."""

from __future__ import annotations

from uuid import UUID

from onloan.offers.queries import find_version, list_markets
from onloan.people.queries import find_participant

NAMES_CHARACTERS_MAX = 300


def list_merchants() -> list[str]:
    """Whoever runs an offer of this installation, by the version that a market shows; each once, by name."""
    versions = {market.version_id for market in list_markets()}
    return sorted({find_version(version_id).offer.controller.name for version_id in versions})


def name_merchants(participant_id: UUID | None) -> str:
    """The merchant of this participant's offer; of nobody in particular, all of the installation. Empty where
    there is none."""
    person = find_participant(participant_id) if participant_id is not None else None
    if person is not None:
        return find_version(person.version_id).offer.controller.name
    names = ", ".join(list_merchants())
    return names if len(names) <= NAMES_CHARACTERS_MAX else ""


def sign_mail(participant_id: UUID | None) -> dict[str, str]:
    """What a mail about a case says of who sends it."""
    name = name_merchants(participant_id)
    return {"controller": name} if name else {}
