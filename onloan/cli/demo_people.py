"""Who takes part in the demo. Everybody is made up, and marked as demo."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """``joined_days_ago`` and ``signed_up_days_ago`` count back from today; ``sponsor`` is a name in the list.
    ``mailbox`` is what stands before the @, where it is not the name."""

    name: str
    country: str
    language: str
    joined_days_ago: int
    sponsor: str | None
    signed_up_days_ago: int | None
    allows: tuple[str, ...] = ()
    mailbox: str = ""

    @property
    def email(self) -> str:
        plain = self.name.split()[0].lower().translate(str.maketrans("éèëïç", "eeeic"))
        return f"{self.mailbox or plain}@demo.example"


PEOPLE = (
    DemoPerson("Ana demo", "FR", "fr", 20, None, 20, ("invitation-name", "invitation-photo", "winner-wall")),
    DemoPerson("Ben demo", "FR", "fr", 19, "Ana demo", 18, ("acceptance-card",)),
    DemoPerson("Chloé demo", "FR", "fr", 9, "Ana demo", 8),
    # One mailbox with another spelling: a human has to look, and Ana is told.
    DemoPerson("Zoé demo", "FR", "fr", 6, "Ana demo", 5, (), "ana+zoe"),
    DemoPerson("Dani demo", "FR", "fr", 2, "Ana demo", None, ("acceptance-card", "invitation-name")),
    DemoPerson("Louis demo", "FR", "fr", 20, None, 19),
    DemoPerson("Manon demo", "FR", "fr", 20, "Louis demo", 19),
    DemoPerson("Noé demo", "FR", "fr", 19, "Louis demo", 18, ("acceptance-card",)),
    DemoPerson("Hugo demo", "FR", "fr", 18, None, 17),
    DemoPerson("Inès demo", "FR", "fr", 16, None, 16),
    DemoPerson("Jules demo", "FR", "fr", 14, None, None),
    DemoPerson("Karim demo", "FR", "fr", 12, None, 11),
    DemoPerson("Lina demo", "FR", "fr", 11, None, 9),
    DemoPerson("Maël demo", "FR", "fr", 8, None, 6),
    DemoPerson("Nour demo", "FR", "fr", 7, None, 4),
    DemoPerson("Oscar demo", "FR", "fr", 5, None, None),
    DemoPerson("Prune demo", "FR", "fr", 4, None, 3),
    DemoPerson("Rose demo", "FR", "fr", 1, None, None),
    DemoPerson("Eve demo", "GB", "en", 17, None, 17, ("invitation-name",)),
    DemoPerson("Finn demo", "GB", "en", 16, "Eve demo", 16, ("acceptance-card",)),
    DemoPerson("Grace demo", "GB", "en", 5, "Eve demo", 4),
    DemoPerson("Harry demo", "GB", "en", 13, None, 12),
    DemoPerson("Isla demo", "GB", "en", 10, None, 8),
    DemoPerson("Jack demo", "GB", "en", 6, None, None),
    DemoPerson("Kit demo", "GB", "en", 3, None, 2),
)
