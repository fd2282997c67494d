"""``onloan demo``: one campaign, from file to paid rewards, on this machine, with people marked as demo."""

from __future__ import annotations

import re
import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from django.conf import settings
from django.core.management import call_command

from onloan import clock
from onloan.access.team import add_team_member, find_member, list_members
from onloan.cli.demo_cases import tell_cases
from onloan.cli.demo_feedback import tell_feedback
from onloan.cli.demo_money import tell_money_story
from onloan.cli.demo_people import PEOPLE, DemoPerson
from onloan.cli.publish import publish_text
from onloan.jobs.loop import run_all_once
from onloan.joining.actions import Joined, JoinRequest, join
from onloan.ledger.watching import record_pool_day, watch_pools
from onloan.offers.queries import find_market, find_version
from onloan.offers.rules import NOTHING_OVERDUE
from onloan.offers.switch import open_market
from onloan.referrals.actions import record_event, settle_due
from onloan.referrals.looking import look_for_signals

PASSWORD = "onloan-demo-only"  # noqa: S105  (printed by the command, for a server on this machine only)
TEAM = (
    ("greg@demo.example", "Greg (demo, growth)", "growth"),
    ("dora@demo.example", "Dora (demo, DPO)", "dpo"),
    ("fay@demo.example", "Fay (demo, finance)", "finance"),
    ("fred@demo.example", "Fred (demo, finance)", "finance"),
    ("sam@demo.example", "Sam (demo, support)", "support"),
    ("tess@demo.example", "Tess (demo, till)", "till"),
    ("aude@demo.example", "Aude (demo, auditor)", "auditor"),
)
OFFER_FILE = Path(__file__).resolve().parents[2] / "examples" / "offers" / "spring-pot.yaml"
OFFER_SLUG = "spring-pot"
SEEDED_MARK = "demo-is-seeded"


# Small pools, so that the charts of a few days show something: 20 full pots each.
POOLS = {"FR": "2000.00 EUR", "GB": "1000.00 GBP"}
DAYS_TOLD = 24


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def move_dates(text: str, today: date) -> str:
    """The shipped offer with dates around ``today``, so that it runs whenever the demo is started."""
    opens, closes = today - timedelta(days=24), today + timedelta(days=52)
    text = re.sub(r"opens: \d{4}-\d\d-\d\d", f"opens: {opens}", text)
    return re.sub(r"closes: \d{4}-\d\d-\d\d", f"closes: {closes}", text)


def shrink_pools(text: str) -> str:
    for country, pool in POOLS.items():
        text = re.sub(rf"({country}: {{.*?pool: )[0-9.]+ [A-Z]{{3}}", rf"\g<1>{pool}", text)
    return text


def seed(now: datetime) -> None:
    """Tell the story of three weeks day by day, each step through the door that everybody uses: the team publishes
    the offer and opens it, people join and sign up, rewards are earned, spent and paid."""
    for email, name, role in TEAM:
        add_team_member(email=email, name=name, role=role, password=PASSWORD, is_demo=True)
    team = {email.partition("@")[0]: find_member(email) for email, _, _ in TEAM}
    text = shrink_pools(move_dates(OFFER_FILE.read_text(encoding="utf-8"), now.date()))
    publish_text(
        text=text, author=team["greg"], approver=team["dora"], funder=team["fay"], sign_offs={},
        note="Read and approved for the demo.", now=now - timedelta(days=DAYS_TOLD),
    )  # fmt: skip
    joined: dict[str, Joined] = {}
    for days_ago in range(DAYS_TOLD, -1, -1):
        at = now - timedelta(days=days_ago)
        if days_ago == 21:
            open_markets(team["dora"].id, at)
        tell_day(days_ago, at, joined)
        tell_money_story(
            days_ago=days_ago,
            at=at,
            offer_slug=OFFER_SLUG,
            people={name: person.participant_id for name, person in joined.items()},
            team={name: member.id for name, member in team.items()},
        )
        record_pool_day(now=at)
    # Ana and Eve, whose pages a visitor sees, can still answer.
    others = {name: person for name, person in joined.items() if name not in {"Ana demo", "Eve demo"}}
    tell_feedback(offer_slug=OFFER_SLUG, joined=others, now=now)
    tell_cases(joined=joined, user_id=team["dora"].id, now=now)
    run_all_once()


def open_markets(user_id: UUID, at: datetime) -> None:
    for country, reason in (("FR", "La démonstration commence."), ("GB", "The demo starts.")):
        open_market(
            offer_slug=OFFER_SLUG,
            country=country,
            reason=reason,
            user_id=user_id,
            overdue=NOTHING_OVERDUE,
            now=at,
        )


def tell_day(days_ago: int, at: datetime, joined: dict[str, Joined]) -> None:
    """Who joins, who signs up, and what the jobs of that day do."""
    for person in PEOPLE:
        if person.joined_days_ago == days_ago:
            joined[person.name] = join_demo_person(person, joined, at)
    for person in PEOPLE:
        if person.signed_up_days_ago == days_ago:
            record_event(
                participant_id=joined[person.name].participant_id,
                event="app_signed_up",
                occurred_at=at + timedelta(minutes=1),
                external_ref=f"demo-{joined[person.name].public_id}",
                now=at + timedelta(minutes=2),
            )
    look_for_signals(now=at + timedelta(minutes=3), limit=100)
    settle_due(now=at + timedelta(minutes=4), limit=100)
    watch_pools(now=at + timedelta(minutes=5))


def join_demo_person(person: DemoPerson, joined: dict[str, Joined], at: datetime) -> Joined:
    """One person joins as anybody would, at a day in the past."""
    market = find_market(OFFER_SLUG, person.country)
    version = find_version(market.version_id)
    sponsor = joined[person.sponsor] if person.sponsor else None
    return join(
        request=JoinRequest(
            offer_slug=OFFER_SLUG,
            country=person.country,
            version_id=version.id,
            email=person.email,
            username=person.name,
            photo=None,
            over_18=True,
            answers={permission.id: permission.id in person.allows for permission in version.offer.permissions},
            language=person.language,
            page_hash="0" * 64,
            via_code=sponsor.link_code if sponsor else None,
            is_demo=True,
            now=at,
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
  the till                {url}/console/till/   tess@demo.example
  the team's console      {url}/console/        password for all: {PASSWORD}
"""
    )
    for email, name, _ in TEAM:
        typer.echo(f"    {email:<22}{name}")
    typer.echo(
        f"""
  move the clock          ONLOAN_TEST_MODE=1 ONLOAN_PUBLIC_URL={url} \\
                          {sys.argv[0]} --home {settings.HOME} clock 14
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
        typer.echo(f"Seeding: the team, one offer, two markets, {len(PEOPLE)} people …")
        seed(clock.now())
        (Path(settings.HOME) / SEEDED_MARK).touch()
    if seed_only:
        typer.echo("Seeded.")
        return
    print_pages(f"http://127.0.0.1:{port}")
    run_server("127.0.0.1", port, workers=1, with_jobs=True)
