"""``onloan audience``: all whom a use may touch, in a file, recorded as one use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from onloan.access.rules import Capability
from onloan.access.team import find_member, require
from onloan.errors import BadInput
from onloan.evidence.sets import read_set
from onloan.uses.audience_index import from_bits
from onloan.uses.audience_queries import AudienceView, find_audience, list_members_page
from onloan.uses.audiences import Asker, decide_audience, prepare_audiences

EXIT_DENIED = 1


def register(app: typer.Typer) -> None:
    app.command("audience")(audience)


def audience(
    offer: Annotated[str, typer.Argument(metavar="OFFER", help="The offer's name, such as spring-pot.")],
    market: Annotated[str, typer.Option(metavar="CC", help="The country where it is shown, such as FR.")],
    purpose: Annotated[str, typer.Option(help="What for, such as referral_card.")],
    channel: Annotated[str, typer.Option(help="Where it appears, such as invitation_page.")],
    item: Annotated[list[str], typer.Option(help="An item, such as username; repeat it for several.")],
    out: Annotated[
        Path, typer.Option(help="The file to write: .csv for public ids, .roaring for consent numbers.")
    ],
    by: Annotated[str, typer.Option("--by", help="The e-mail of the team member who asks.")],
    recipient: Annotated[str | None, typer.Option(help="Who else receives it, as the offer names them.")] = None,
    context: Annotated[list[str] | None, typer.Option(help="What it is shown beside; repeat it.")] = None,
    copy: Annotated[bool, typer.Option("--copy", help="It is copied: print, a partner's system.")] = False,
) -> None:
    """Write down all whom a use may touch now; recorded as one use before the file is written."""
    member = find_member(by)
    require(member, Capability.ASK_FOR_AUDIENCES)
    _check_out(out)
    prepare_audiences()
    decision = decide_audience(
        offer_slug=offer,
        country=market.upper(),
        items=item,
        purpose=purpose,
        channel=channel,
        recipient=recipient,
        contexts=context or (),
        is_copy=copy,
        by=Asker(user_id=member.id),
    )
    if decision.audience is None:
        typer.echo(f"{decision.reason}: {decision.sentence}", err=True)
        raise typer.Exit(EXIT_DENIED)
    view = find_audience(decision.audience.id)
    written = _write_ids(view, out) if out.suffix == ".csv" else _write_numbers(view, out)
    typer.echo(f"Audience {view.id}: {view.count} consents, entry {view.log_index}, set {view.set_hash}.")
    typer.echo(f"{written} written to {out}. Whoever takes it back: GET /api/v1/audiences/{view.id}/ended")


def _check_out(path: Path) -> None:
    if path.suffix not in {".csv", ".roaring"}:
        raise BadInput(field="out", problem="its name ends in .csv or .roaring")
    if path.exists():
        raise BadInput(field="out", problem=f"{path} exists")
    if not path.parent.is_dir():
        raise BadInput(field="out", problem=f"{path.parent} is no folder")


def _write_ids(view: AudienceView, path: Path) -> int:
    """Page by page, so that memory does not grow with the audience, without those who take it back meanwhile."""
    columns = (TextColumn("Writing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    count, after = 0, 0
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    with _open_private(path) as file, progress:
        task = progress.add_task("", total=view.count)
        file.write(b"participant\n")
        while True:
            page = list_members_page(view, after=after)
            file.write("".join(f"{public_id}\n" for public_id in page.public_ids).encode("ascii"))
            count += len(page.public_ids)
            progress.update(task, completed=count)
            if page.after is None:
                return count
            after = page.after


def _write_numbers(view: AudienceView, path: Path) -> int:
    """The set itself, in the portable form of Roaring bitmaps."""
    numbers = from_bits(read_set(view.log_index, view.set_bytes))
    numbers.run_optimize()
    with _open_private(path) as file:
        file.write(numbers.serialize())
    return len(numbers)


def _open_private(path: Path) -> BinaryIO:
    """A new file for the owner's eyes only. Raises FileExistsError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
