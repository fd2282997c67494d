"""``onloan publish``: an offer file becomes a version, once two people stand behind it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from onloan import clock
from onloan.access.team import Member, find_member
from onloan.db import action
from onloan.errors import BadInput
from onloan.ledger.publishing import pledge_pool, publish_and_fund
from onloan.offers.actions import approve_draft, sign_off, submit_draft
from onloan.offers.lint import Report, check_bytes
from onloan.offers.queries import find_version, list_markets
from onloan.offers.reader import FILE_BYTES_MAX


def register(app: typer.Typer) -> None:
    app.command("publish")(publish)


def publish(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The offer file.")],
    author: Annotated[str, typer.Option(help="The e-mail of the team member who wrote it.")],
    approver: Annotated[str, typer.Option(help="The e-mail of a different one, whose role approves offers.")],
    funder: Annotated[
        str | None, typer.Option(help="The e-mail of the member of finance who sets the file's money aside.")
    ] = None,
    note: Annotated[
        str, typer.Option(help="What the approver says about it.")
    ] = "Read with the lint report, and approved.",
    sign_offs: Annotated[
        list[str] | None,
        typer.Option("--sign-off", metavar="CODE=NOTE", help="Why a point that holds the file up may pass."),
    ] = None,
) -> None:
    """Publish FILE: check it, keep it as the author's, let the approver approve it, let finance set the
    money aside.

    The markets of a new offer start as drafts: open each with `onloan market open`.
    """
    text = read_offer_file(file)
    version_id = publish_text(
        text=text,
        author=find_member(author),
        approver=find_member(approver),
        funder=find_member(funder) if funder else None,
        sign_offs=_read_sign_offs(sign_offs or []),
        note=note,
        now=clock.now(),
    )
    version = find_version(version_id)
    typer.echo(f"{version.offer_slug}, version {version.number}, is published. Its file's SHA-256:")
    typer.echo(version.file_hash)
    for market in list_markets():
        if market.version_id == version.id:
            typer.echo(f"{market.country}: {market.state}")


@action
def publish_text(
    *,
    text: str,
    author: Member,
    approver: Member,
    funder: Member | None,
    sign_offs: Mapping[str, str],
    note: str,
    now: datetime,
) -> UUID:
    """The steps of three people as one: either the version stands with its money, or nothing was kept. No
    ``funder`` is needed for a file that asks for no more money than is there."""
    draft_id = submit_draft(text=text, author_id=author.id, now=now, door="cli")
    for code, reason in sign_offs.items():
        sign_off(draft_id=draft_id, user_id=approver.id, code=code, note=reason, now=now)
    approve_draft(draft_id=draft_id, user_id=approver.id, note=note, door="cli", now=now)
    if funder is not None:
        pledge_pool(draft_id=draft_id, user_id=funder.id, now=now)
    return publish_and_fund(draft_id=draft_id, user_id=approver.id, now=now)


def read_offer_file(path: Path) -> str:
    """The text of a file that no rule refuses. Says everything that stands against it and ends otherwise."""
    with path.open("rb") as opened:
        data = opened.read(FILE_BYTES_MAX + 1)
    report = check_bytes(data, str(path))
    if report.exit_code:
        say_findings(report)
        raise typer.Exit(report.exit_code)
    return data.decode("utf-8")


def say_findings(report: Report) -> None:
    """Each finding on one line of standard error."""
    for finding in report.findings:
        typer.echo(f"{finding.severity} {finding.sentence(report.file_name)}", err=True)


def _read_sign_offs(written: list[str]) -> dict[str, str]:
    sign_offs: dict[str, str] = {}
    for entry in written:
        code, mark, reason = entry.partition("=")
        if not mark or code in sign_offs:
            raise BadInput(field="sign-off", problem="--sign-off CODE=NOTE")
        sign_offs[code.strip()] = reason.strip()
    return sign_offs
