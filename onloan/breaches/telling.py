"""Telling people, when the risk to them is high (GDPR art. 34): by mail, each once, whatever becomes of the job.

How far the job came stands in the row of the telling and is written with the mails, in one transaction: a job that
is killed between two batches has told nobody twice and forgotten nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from onloan import db, ids
from onloan.access.team import find_member_by_id
from onloan.breaches.entries import add_entry, lock_open_breach, read_words, require_recorder, set_clock
from onloan.breaches.errors import BreachCountryNotValid, PeopleTextsNeeded, PeopleToldAlready, RiskNeeded
from onloan.breaches.models import Breach, Telling
from onloan.breaches.rules import (
    PARTS,
    TEXT_CHARACTERS_MAX,
    EntryKind,
    Risk,
    list_text_gaps,
    show_reference,
)
from onloan.db import Statement, action
from onloan.evidence.actions import append_entry
from onloan.offers.queries import MarketView, find_version, list_markets
from onloan.outbox.mails import render_mail
from onloan.outbox.models import Message
from onloan.outbox.rules import STATE_FAILED, STATE_WAITING
from onloan.outbox.statements import mail_statement
from onloan.people.models import Participant
from onloan.people.statements import lock_participants

TEMPLATE = "breach_told"
BEGINS_AFTER = timedelta(minutes=1)
"""Whoever is joining at the moment at which a telling starts has joined by then, and is told as well."""

MAILS_DUE_MAX = 1_000
"""So many mails of tellings at most wait to be sent: where a mail server is slow, a code for signing in does not
wait behind everybody's."""

Texts = Mapping[str, Mapping[str, str]]
"""For each language the parts of ``rules.PARTS``."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a telling reaches: how many, and in which languages they read."""

    people_count: int
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MailPreview:
    language: str
    subject: str
    body: str


def list_told_markets(countries: list[str], offer_slug: str) -> list[MarketView]:
    """The markets of these countries, of one offer or of all where ``offer_slug`` is empty."""
    return [
        market
        for market in list_markets()
        if market.country in countries and offer_slug in ("", market.offer_slug)
    ]


def find_audience(countries: list[str], offer_slug: str, now: datetime) -> Audience:
    """Everybody who joined in these markets up to ``now`` and is not erased."""
    markets = list_told_markets(countries, offer_slug)
    offer_id = markets[0].offer_id if markets and offer_slug else None
    people = _people(countries, offer_id, now)
    languages = {language for market in markets for language in _market_languages(market)}
    languages |= set(people.values_list("language", flat=True).distinct())
    return Audience(people.count(), tuple(sorted(languages)))


def _market_languages(market: MarketView) -> tuple[str, ...]:
    return find_version(market.version_id).offer.markets[market.country].languages


def _people(countries: list[str], offer_id: UUID | None, joined_until: datetime) -> QuerySet[Participant]:
    people = Participant.objects.filter(country__in=countries, joined_at__lte=joined_until, erased_at=None)
    return people if offer_id is None else people.filter(offer_id=offer_id)


def preview_mails(*, reference: str, countries: list[str], offer_slug: str, texts: Texts) -> list[MailPreview]:
    """The mails word for word, in each language that was written; the names are those of the first market."""
    market = next(iter(list_told_markets(countries, offer_slug)), None)
    previews = []
    for language, parts in sorted(texts.items()):
        subject, body = render_mail(
            template=TEMPLATE,
            language=language,
            context={
                **(_names(market.version_id, language) if market is not None else {}),
                "breach_reference": show_reference(reference),
            },
            secrets={"reason": compose_words(language, parts)},
        )
        previews.append(MailPreview(language, subject, body))
    return previews


def compose_words(language: str, parts: Mapping[str, str]) -> str:
    """What people read, in plain language, with all that art. 34(2) asks for."""
    with translation.override(language):
        headings = {
            "what": _("What happened"),
            "effects": _("What it can mean for you"),
            "measures": _("What we did, and what you can do"),
            "contact": _("Whom you can ask"),
        }
        return "\n\n".join(f"{headings[part]}\n\n{parts[part]}" for part in PARTS)


@action
def start_telling(
    *, breach_id: UUID, offer_slug: str, texts: Texts, is_again: bool, user_id: UUID, now: datetime
) -> UUID:
    """Write to everybody of the touched markets, or of one offer in them; the job does it from the next minute on.

    ``is_again``: some were told before, and are written to once more. Raises NotAllowed, NotFound, BreachClosed,
    RiskNeeded, BreachCountryNotValid, PeopleTextsNeeded, BreachTextNeeded, BreachNamesSomebody, PeopleToldAlready.
    """
    require_recorder(user_id)
    row = lock_open_breach(breach_id)
    if row.risk not in {Risk.RISK, Risk.HIGH}:
        raise RiskNeeded
    tellings = Telling.objects.filter(breach_id=breach_id)
    if tellings.filter(finished_at=None).exists() or (tellings.exists() and not is_again):
        raise PeopleToldAlready(field="again")
    markets = list_told_markets(row.countries, offer_slug)
    if not markets:
        raise BreachCountryNotValid(field="offer")
    audience = find_audience(row.countries, offer_slug, now)
    written = check_texts(texts, audience.languages)
    telling_id = ids.new_id()
    Telling.objects.create(
        id=telling_id,
        breach_id=breach_id,
        countries=sorted({market.country for market in markets}),
        offer_id=markets[0].offer_id if offer_slug else None,
        offer_slug=offer_slug,
        texts=written,
        started_at=now,
        started_by_user_id=user_id,
        people_count=audience.people_count,
        told_count=0,
    )
    add_entry(
        breach_id=breach_id,
        kind=EntryKind.TELLING_BEGUN,
        now=now,
        user_id=user_id,
        values={"count": audience.people_count, "offer": offer_slug},
    )
    set_clock(row)
    return telling_id


def check_texts(texts: Texts, languages: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """The texts as they are kept and sent. Raises PeopleTextsNeeded, BreachTextNeeded, BreachNamesSomebody."""
    gaps = list_text_gaps(texts, languages)
    if gaps or not texts:
        raise PeopleTextsNeeded(
            field=f"what_{gaps[0]}" if gaps else "", languages=", ".join(map(_language_name, gaps))
        )
    return {
        language: {part: _read_part(texts, language, part) for part in PARTS} for language in sorted(languages)
    }


def _read_part(texts: Texts, language: str, part: str) -> str:
    is_contact = part == "contact"
    return read_words(f"{part}_{language}", texts[language][part], TEXT_CHARACTERS_MAX, is_contact=is_contact)


def _language_name(code: str) -> str:
    return str(dict(settings.LANGUAGES).get(code, code))


def tell_people(*, now: datetime, limit: int) -> int:
    """Write the next ``limit`` mails of each telling that is under way; how many were written. A periodic job."""
    due = Message.objects.filter(state=STATE_WAITING, next_attempt_at__lte=now, template=TEMPLATE)
    if due.count() >= MAILS_DUE_MAX:
        return 0
    waiting = Telling.objects.filter(finished_at=None, started_at__lte=now - BEGINS_AFTER)
    return sum(
        _tell_batch(telling_id=telling_id, now=now, limit=limit)
        for telling_id in list(waiting.values_list("id", flat=True))
    )


@action
def _tell_batch(*, telling_id: UUID, now: datetime, limit: int) -> int:
    """One transaction: the mails, and how far it came. Another job that has the row is left to do it."""
    row = Telling.objects.select_for_update(skip_locked=True).filter(id=telling_id, finished_at=None).first()
    if row is None:
        return 0
    people = _people(row.countries, row.offer_id, row.started_at)
    if row.reached_id is not None:
        people = people.filter(id__gt=row.reached_id)
    chosen = list(people.order_by("id").values_list("id", flat=True)[:limit])
    if not chosen:
        _finish(row, now)
        return 0
    lock_participants(chosen)
    # Whoever was erased while we waited for the lock has no address any more.
    alive = Participant.objects.filter(id__in=chosen, erased_at=None).order_by("id")
    reference = Breach.objects.values_list("reference", flat=True).get(id=row.breach_id)
    words = {language: compose_words(language, parts) for language, parts in row.texts.items()}
    statements = [_mail(row, person, reference, words) for person in alive]
    db.execute(statements)
    row.reached_id = chosen[-1]
    row.told_count += len(statements)
    row.save(update_fields=["reached_id", "told_count"])
    return len(statements)


def _mail(row: Telling, person: Participant, reference: str, words: Mapping[str, str]) -> Statement:
    # A text in another language is better than none for whoever joined in one that no market has any more.
    language = person.language if person.language in words else next(iter(words))
    return mail_statement(
        template=TEMPLATE,
        participant_id=person.id,
        language=language,
        context={
            **_names(person.version_id, language),
            "breach_reference": show_reference(reference),
            "telling_id": str(row.id),
        },
        secrets={"reason": words[language]},
    )


def _names(version_id: UUID, language: str) -> dict[str, str]:
    """Who writes, and about which campaign."""
    offer = find_version(version_id).offer
    return {
        "controller": offer.controller.name,
        "campaign": offer.title.get(language) or next(iter(offer.title.values())),
    }


def _finish(row: Telling, now: datetime) -> None:
    """Everybody was written to. From here on nothing in the row leads to anybody."""
    row.reached_id, row.finished_at = None, now
    row.save(update_fields=["reached_id", "finished_at"])
    add_entry(breach_id=row.breach_id, kind=EntryKind.PEOPLE_TOLD, now=now, values={"count": row.told_count})
    role = find_member_by_id(row.started_by_user_id).role
    append_entry(
        kind="breach_people_told",
        fields={
            "count": row.told_count,
            "role": role,
            "territories": row.countries,
            **({"offer": row.offer_slug} if row.offer_slug else {}),
        },
        occurred_at=now,
    )


def settle_tellings(*, now: datetime) -> int:
    """Write down how many mails never arrived, once none of a telling is on its way any more; of how many. A
    periodic job: mails are forgotten in the weeks after, and this number stays."""
    unsettled = list(
        Telling.objects.exclude(finished_at=None).filter(settled_at=None).values_list("id", flat=True)
    )
    return sum(_settle(telling_id=telling_id, now=now) for telling_id in unsettled)


@action
def _settle(*, telling_id: UUID, now: datetime) -> int:
    row = Telling.objects.select_for_update().filter(id=telling_id, settled_at=None).first()
    if row is None or list_mails(telling_id).filter(state=STATE_WAITING).exists():
        return 0
    row.failed_count, row.settled_at = list_mails(telling_id).filter(state=STATE_FAILED).count(), now
    row.save(update_fields=["failed_count", "settled_at"])
    add_entry(breach_id=row.breach_id, kind=EntryKind.MAILS_SETTLED, now=now, values={"count": row.failed_count})
    return 1


def list_mails(telling_id: UUID) -> QuerySet[Message]:
    """The mails of a telling that are still kept."""
    return Message.objects.filter(template=TEMPLATE, context__telling_id=str(telling_id))
