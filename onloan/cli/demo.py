"""``onloan demo``: one campaign, from file to paid rewards, on this machine, with people marked as demo."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from django.conf import settings
from django.core.management import call_command

from onloan import clock
from onloan.access.team import add_team_member, find_member, list_members
from onloan.cli.publish import publish_text
from onloan.jobs.loop import run_all_once
from onloan.joining.actions import Joined, JoinRequest, join
from onloan.offers.queries import find_market, find_version
from onloan.offers.rules import NOTHING_OVERDUE
from onloan.offers.switch import open_market
from onloan.referrals.actions import record_event

PASSWORD = "onloan-demo-only"  # noqa: S105  (printed by the command, for a server on this machine only)
TEAM = (
    ("greg@demo.example", "Greg (demo, growth)", "growth"),
    ("dora@demo.example", "Dora (demo, DPO)", "dpo"),
    ("fay@demo.example", "Fay (demo, finance)", "finance"),
    ("fred@demo.example", "Fred (demo, finance)", "finance"),
    ("sam@demo.example", "Sam (demo, support)", "support"),
    ("aude@demo.example", "Aude (demo, auditor)", "auditor"),
)
OFFER_FILE = Path(__file__).resolve().parents[2] / "examples" / "offers" / "spring-pot.yaml"
OFFER_SLUG = "spring-pot"
SEEDED_MARK = "demo-is-seeded"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """``joined_days_ago`` and ``signed_up_days_ago`` count back from today; ``sponsor`` is a name in the list."""

    name: str
    country: str
    language: str
    joined_days_ago: int
    sponsor: str | None
    signed_up_days_ago: int | None
    allows: tuple[str, ...]


PEOPLE = (
    DemoPerson("Ana demo", "FR", "fr", 20, None, 20, ("invitation-name", "invitation-photo", "winner-wall")),
    DemoPerson("Ben demo", "FR", "fr", 19, "Ana demo", 18, ("acceptance-card",)),
    DemoPerson("Chloé demo", "FR", "fr", 9, "Ana demo", 8, ()),
    DemoPerson("Dani demo", "FR", "fr", 2, "Ana demo", None, ("acceptance-card", "invitation-name")),
    DemoPerson("Eve demo", "GB", "en", 17, None, 17, ("invitation-name",)),
    DemoPerson("Finn demo", "GB", "en", 16, "Eve demo", 16, ("acceptance-card",)),
    DemoPerson("Grace demo", "GB", "en", 5, "Eve demo", 4, ()),
)


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def move_dates(text: str, today: date) -> str:
    """The shipped offer with dates around ``today``, so that it runs whenever the demo is started."""
    opens, closes = today - timedelta(days=24), today + timedelta(days=52)
    text = re.sub(r"opens: \d{4}-\d\d-\d\d", f"opens: {opens}", text)
    return re.sub(r"closes: \d{4}-\d\d-\d\d", f"closes: {closes}", text)


def seed(now: datetime) -> None:
    """Make the team, publish the offer through the door that everybody uses, open it, and let people join."""
    for email, name, role in TEAM:
        add_team_member(email=email, name=name, role=role, password=PASSWORD, is_demo=True)
    author, approver, funder = (find_member(email) for email, _, _ in TEAM[:3])
    text = move_dates(OFFER_FILE.read_text(encoding="utf-8"), now.date())
    publish_text(
        text=text, author=author, approver=approver, funder=funder, sign_offs={},
        note="Read and approved for the demo.", now=now - timedelta(days=25),
    )  # fmt: skip
    for country, reason in (("FR", "La démonstration commence."), ("GB", "The demo starts.")):
        open_market(
            offer_slug=OFFER_SLUG,
            country=country,
            reason=reason,
            user_id=approver.id,
            overdue=NOTHING_OVERDUE,
            now=now - timedelta(days=21),
        )
    joined: dict[str, Joined] = {}
    for person in sorted(PEOPLE, key=lambda person: -person.joined_days_ago):
        joined[person.name] = join_demo_person(person, joined, now)
    for person in PEOPLE:
        if person.signed_up_days_ago is not None:
            record_event(
                participant_id=joined[person.name].participant_id,
                event="app_signed_up",
                occurred_at=now - timedelta(days=person.signed_up_days_ago) + timedelta(hours=1),
                external_ref=f"demo-{joined[person.name].public_id}",
                now=now,
            )
    run_all_once()


def join_demo_person(person: DemoPerson, joined: dict[str, Joined], now: datetime) -> Joined:
    """One person joins as anybody would, at a day in the past."""
    market = find_market(OFFER_SLUG, person.country)
    version = find_version(market.version_id)
    sponsor = joined[person.sponsor] if person.sponsor else None
    return join(
        request=JoinRequest(
            offer_slug=OFFER_SLUG,
            country=person.country,
            version_id=version.id,
            email=f"{person.name.split()[0].lower().replace('é', 'e')}@demo.example",
            username=person.name,
            photo=None,
            over_18=True,
            answers={permission.id: permission.id in person.allows for permission in version.offer.permissions},
            language=person.language,
            page_hash="0" * 64,
            via_code=sponsor.link_code if sponsor else None,
            is_demo=True,
            now=now - timedelta(days=person.joined_days_ago),
        )
    )


def is_seeded() -> bool:
    """Whether this home was seeded to the end. Ends the command when an earlier start was cut off."""
    if (Path(settings.HOME) / SEEDED_MARK).exists():
        return True
    if list_members():
        typer.echo(f"An earlier start was cut off. Remove {settings.HOME} and start again.", err=True)
        raise typer.Exit(1)
    return False


def print_pages(url: str) -> None:
    """What to open, and how to sign in."""
    typer.echo(
        f"""
The demo runs on {url}   (everything in it is marked as demo; nothing leaves this machine)

  join in French          {url}/fr/o/{OFFER_SLUG}/FR/
  join in English         {url}/en/o/{OFFER_SLUG}/GB/
  where what runs         {url}/en/status/
  the mails it "sent"     {url}/demo/mail/      (codes to join and to sign in are here)
  the shop                {url}/demo/shop/      (says that a friend signed up)
  sign in as Ana          {url}/fr/signin/      ana@demo.example
  sign in as Eve          {url}/en/signin/      eve@demo.example
  the team's console      {url}/console/        password for all: {PASSWORD}
"""
    )
    for email, name, _ in TEAM:
        typer.echo(f"    {email:<22}{name}")
    typer.echo(
        f"""
  move the clock          ONLOAN_TEST_MODE=1 {sys.argv[0]} --home {settings.HOME} clock 14
  stop                    Ctrl-C
"""
    )


def demo(
    home: Annotated[Path | None, typer.Option(help="Where the demo keeps its data.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    seed_only: Annotated[bool, typer.Option(help="Make the data and stop.")] = False,
) -> None:
    """Publish the shipped offer in France and the United Kingdom, add demo people, and serve it."""
    from onloan.cli.serve import run_server

    call_command("migrate", verbosity=0)
    if not is_seeded():
        typer.echo("Seeding: the team, one offer, two markets, seven people …")
        seed(clock.now())
        (Path(settings.HOME) / SEEDED_MARK).touch()
    if seed_only:
        typer.echo("Seeded.")
        return
    print_pages(f"http://127.0.0.1:{port}")
    run_server("127.0.0.1", port, workers=1, with_jobs=True)
