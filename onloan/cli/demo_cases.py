"""What the demo's people ask of the merchant, so that its desk is alive; marked as demo. Nothing of it is late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from onloan import clock
from onloan.cases.actions import open_case
from onloan.cases.answers import Parts
from onloan.cases.desk import add_note, answer_case
from onloan.cases.letters import CameBy, Written, write_down
from onloan.cases.rules import About, Door, Kind, Outcome
from onloan.joining.actions import Joined
from onloan.people.queries import find_participant


@dataclass(frozen=True, slots=True)
class DemoAsk:
    """``by``: a name of the demo who asks on their own page, or an address that writes from the public page."""

    kind: Kind
    country: str
    by: str
    text: str
    days_ago: int
    about: About = About.NOTHING
    representative: str = ""


ASKS = (
    DemoAsk(Kind.ACCESS, "FR", "Inès demo", "", 24),
    DemoAsk(Kind.ACCESS, "FR", "Lina demo", "(démo) Avec les photos, s'il vous plaît.", 6),
    DemoAsk(Kind.OBJECTION, "FR", "Karim demo", "", 2, About.MARKETING),
    DemoAsk(
        Kind.COMPLAINT, "GB", "Harry demo", "(demo) My voucher came two weeks after the day that you had named.", 8
    ),
    DemoAsk(Kind.RECTIFICATION, "GB", "Kit demo", "(demo) My name is Kit, not Kip.", 1, About.USERNAME),
    DemoAsk(
        Kind.COMPLAINT, "FR", "voisine@demo.example", "(démo) On m'a envoyé une invitation sans me demander.", 4
    ),
    DemoAsk(
        Kind.ACCESS, "GB", "advice@demo.example", "(demo) For Mr Jack demo, who asked us to write.", 3,
        representative="Data Advice Centre (demo)",
    ),
)  # fmt: skip
LANGUAGES = {"FR": "fr", "GB": "en"}
LETTER = (
    "(démo) Madame, Monsieur, je vous demande d'effacer mes données. J'ai participé avec l'adresse de mon fils et "
    "n'y ai plus accès. Maël demo"
)
POSTAL_ADDRESS = "Maël demo\n3 rue de la Démonstration\n69003 Lyon"
PROGRESS = "(démo) Nous avons retrouvé l'invitation et demandons qui l'a envoyée."
ANSWERED = "(démo) Nous avons corrigé votre pseudo. Il s'affiche désormais comme vous l'avez écrit."


def tell_cases(*, joined: Mapping[str, Joined], user_id: UUID, now: datetime) -> None:
    """Ask, each through the door that people use; one letter, one word on how it goes on, one answer."""
    opened = {ask.by: _ask(ask, joined, now) for ask in ASKS}
    add_note(
        case_id=opened["voisine@demo.example"], user_id=user_id, text=PROGRESS, is_shown=True,
        now=now - timedelta(days=2),
    )  # fmt: skip
    write_down(
        user_id=user_id,
        written=Written(
            kind=Kind.ERASURE,
            text=LETTER,
            country="FR",
            language="fr",
            received_on=clock.local_day(now - timedelta(days=5), "Europe/Paris"),
            came_by=CameBy.LETTER,
            postal_address=POSTAL_ADDRESS,
        ),
        now=now - timedelta(days=4),
    )
    mended = DemoAsk(
        Kind.RECTIFICATION, "FR", "Hugo demo", "(démo) Je m'appelle Hugo, sans s.", 12, About.USERNAME
    )
    answer_case(
        case_id=_ask(mended, joined, now), user_id=user_id, outcome=Outcome.DONE, parts=Parts(done=ANSWERED),
        now=now - timedelta(days=10),
    )  # fmt: skip


def _ask(ask: DemoAsk, joined: Mapping[str, Joined], now: datetime) -> UUID:
    person = find_participant(joined[ask.by].participant_id) if ask.by in joined else None
    return open_case(
        kind=ask.kind,
        about=ask.about,
        country=ask.country,
        language=LANGUAGES[ask.country],
        door=Door.PUBLIC_PAGE if person is None else Door.MY_PAGE,
        text=ask.text,
        contact=ask.by if person is None else None,
        participant_id=None if person is None else person.id,
        representative=ask.representative,
        now=now - timedelta(days=ask.days_ago),
    ).case_id
