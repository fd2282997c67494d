"""``onloan cases``: requests and complaints, what is due, and taking in what came by letter."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from onloan import clock
from onloan.access.rules import Capability
from onloan.access.team import find_member, require
from onloan.cases.clocks import days_left
from onloan.cases.letters import CameBy, Written, write_down
from onloan.cases.queries import CaseLine, find_case, list_cases, list_due
from onloan.cases.queue_queries import find_by_reference
from onloan.cases.rules import About, Kind, State
from onloan.cases.timeline import list_events
from onloan.errors import BadInput, NotFound
from onloan.markets.rules import market_facts

cases = typer.Typer(help="Requests and complaints.", no_args_is_help=True)

_By = Annotated[str, typer.Option("--by", help="The e-mail of the team member who does this.")]
TEXT_BYTES_MAX = 100_000


def register(app: typer.Typer) -> None:
    app.add_typer(cases, name="cases")


@cases.command("list")
def show_cases(
    late: Annotated[bool, typer.Option("--late", help="Only what is past its day.")] = False,
    answered: Annotated[
        bool, typer.Option("--answered", help="What is answered, instead of what is open.")
    ] = False,
    country: Annotated[str, typer.Option(metavar="CC", help="Only one country, such as FR.")] = "",
    kind: Annotated[str, typer.Option(help="Only one kind, such as access or complaint.")] = "",
) -> None:
    """Requests by the day they are due; nothing here says who asked."""
    lines = list_cases(
        state=State.CLOSED if answered else State.OPEN,
        kind=_read_kind(kind) if kind else None,
        country=country.upper(),
        late_at=clock.now() if late else None,
    )
    for line in lines:
        typer.echo(_line(line))


@cases.command("due")
def show_due(
    days: Annotated[int, typer.Option(min=0, max=90, help="How many days ahead to look.")] = 10,
) -> None:
    """What is due within some days. Exit 1 while something is late, for a cron job that shouts."""
    now = clock.now()
    lines = list_due(now=now, within=timedelta(days=days))
    for line in lines:
        typer.echo(_line(line))
    if any(_days_left(line) < 0 for line in lines):
        raise typer.Exit(1)


@cases.command("show")
def show_case(
    reference: Annotated[str, typer.Argument(metavar="NUMBER", help="Its number, such as 4K7M-2Q9X.")],
    by: _By,
) -> None:
    """One request with what was written, who it goes to and what happened: for whoever may answer it."""
    require(find_member(by), Capability.HANDLE_CASES)
    case_id = find_by_reference(reference)
    if case_id is None:
        raise NotFound
    case = find_case(case_id)
    typer.echo(_line(case.line))
    typer.echo(f"answer to\t{case.contact or case.postal_address or 'the participant'}")
    if case.representative:
        typer.echo(f"written by\t{case.representative}")
    if case.text:
        typer.echo(f"\n{case.text}\n")
    for event in list_events(case_id):
        who = f"\t{event.by}" if event.by else ""
        text = f"\t{' '.join(event.text.split())}" if event.text else ""
        typer.echo(f"{event.at:%Y-%m-%d %H:%M UTC}\t{event.kind.value}{who}{text}")
    if case.answer:
        typer.echo(f"\n{case.answer}")


@cases.command("open")
def open_case(
    kind: Annotated[str, typer.Option(help="What the person wants, such as access or complaint.")],
    country: Annotated[str, typer.Option(metavar="CC", help="Where they live, such as FR.")],
    language: Annotated[str, typer.Option(help="The language of the answer, such as fr.")],
    received: Annotated[str, typer.Option(metavar="DAY", help="When it reached us, such as 2027-05-03.")],
    text_file: Annotated[str, typer.Option(help="A file with what was written; - reads it from the pipe.")],
    by: _By,
    contact: Annotated[str, typer.Option(help="The e-mail to which we answer.")] = "",
    postal_address: Annotated[str, typer.Option(help="Where a letter goes, if there is no e-mail.")] = "",
    about: Annotated[str, typer.Option(help="What exactly an objection or a correction is about.")] = "",
    came_by: Annotated[str, typer.Option(help="letter, call, counter or other.")] = CameBy.LETTER.value,
) -> None:
    """Take in what came by letter, by telephone or at a counter; its clock began on the day when it came."""
    if came_by not in set(CameBy):
        raise BadInput(field="came_by", problem=", ".join(CameBy))
    if about not in set(About):
        raise BadInput(field="about", problem=", ".join(each for each in About if each))
    opened = write_down(
        user_id=find_member(by).id,
        written=Written(
            kind=_read_kind(kind),
            about=About(about),
            text=_read_text(text_file),
            country=country.upper(),
            language=language,
            received_on=_read_day(received),
            came_by=CameBy(came_by),
            email=contact,
            postal_address=postal_address,
        ),
        now=clock.now(),
    )
    typer.echo(f"{opened.reference}\tdue {opened.due_on}\tby law {opened.legal_due_on}")


def _read_kind(written: str) -> Kind:
    if written not in set(Kind):
        raise BadInput(field="kind", problem=", ".join(Kind))
    return Kind(written)


def _read_day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise BadInput(field="received", problem="write a day as 2027-05-03") from None


def _read_text(path: str) -> str:
    """What was written; more than anybody may write is cut where the check still sees that it is too long."""
    if path == "-":
        return sys.stdin.read(TEXT_BYTES_MAX)
    try:
        with Path(path).open(encoding="utf-8") as file:
            return file.read(TEXT_BYTES_MAX)
    except (OSError, UnicodeDecodeError):
        raise BadInput(field="text_file", problem=f"{path} cannot be read as text") from None


def _days_left(line: CaseLine) -> int:
    return days_left(line.due_on, clock.local_day(clock.now(), market_facts(line.country).time_zone))


def _line(line: CaseLine) -> str:
    if line.state is State.CLOSED:
        assert line.outcome is not None and line.closed_at is not None, "a closed case has both"
        state = f"{line.outcome.value} {line.closed_at:%Y-%m-%d}"
    else:
        left = _days_left(line)
        state = f"due {line.due_on}\t{-left} days late" if left < 0 else f"due {line.due_on}\t{left} days left"
    return f"{line.reference}\t{line.kind.value}\t{line.country}\treceived {line.received_on}\t{state}"
