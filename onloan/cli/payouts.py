"""``onloan payouts``: cash that is owed, in files that two people stand behind, and what the bank said of them."""

from __future__ import annotations

import io
import os
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO
from uuid import UUID

import typer

from onloan import clock
from onloan.access.team import find_member
from onloan.errors import BadInput, MustStopError
from onloan.ledger.check import check_balances
from onloan.ledger.journal import write_journal
from onloan.offers.queries import find_market
from onloan.payouts.actions import approve_batch, mark_batch_paid, prepare_batch, refuse_batch, set_debtor
from onloan.payouts.answers import read_bank_answer, record_outcome
from onloan.payouts.check import check_payables
from onloan.payouts.queries import (
    BatchView,
    Tally,
    batch_file,
    find_batch,
    list_batches,
    list_overdue,
    list_waiting_for_account,
    reconcile,
)
from onloan.payouts.rules import PaymentState
from onloan.vouchers.check import check_vouchers

payouts = typer.Typer(help="Cash that is owed, paid in batches.", no_args_is_help=True)

_BatchId = Annotated[UUID, typer.Argument(help="The batch, as `onloan payouts list` shows it.")]
_By = Annotated[str, typer.Option("--by", help="The e-mail of the team member who does this.")]
_Out = Annotated[Path, typer.Option("--out", help="The file to write; it must not exist yet.")]
_Country = Annotated[str, typer.Argument(help="The country, such as FR.")]


def register(app: typer.Typer) -> None:
    app.add_typer(payouts, name="payouts")


@payouts.command("prepare")
def prepare(
    country: _Country,
    by: _By,
    due_by: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what is due by this day.")
    ] = None,
) -> None:
    """Put what is owed in a country, to people who told where, into a batch."""
    day: date | None = due_by.date() if due_by else None
    member = find_member(by)
    batch_id = prepare_batch(country=country.upper(), user_id=member.id, now=clock.now(), due_by=day)
    batch = find_batch(batch_id)
    typer.echo(f"Batch {batch.id}: {batch.count} payments, {batch.total.written()}.")
    typer.echo("Now someone else approves it: onloan payouts approve BATCH --by EMAIL")


@payouts.command("write")
def write_batch(batch: _BatchId, out: _Out) -> None:
    """Write the file of an approved batch for the bank, byte for byte what was approved."""
    _refuse_present(out)
    file = batch_file(batch)
    _write_file(out, file.content)
    typer.echo(f"Written to {out}. Names and accounts are in it: delete it when the bank has it.")


@payouts.command("approve")
def approve(batch: _BatchId, by: _By) -> None:
    """Approve a batch that somebody else prepared."""
    approve_batch(batch_id=batch, user_id=find_member(by).id, now=clock.now())
    view = find_batch(batch)
    typer.echo(f"Approved: {view.count} payments, {view.total.written()}, file {view.file_hash}.")
    typer.echo("Its file for the bank: onloan payouts write BATCH --out FILE")


@payouts.command("refuse")
def refuse(batch: _BatchId, by: _By) -> None:
    """Take a batch apart that nobody has approved; what it held is owed as before."""
    refuse_batch(batch_id=batch, user_id=find_member(by).id, now=clock.now())
    typer.echo("Refused. Its payments are owed again.")


@payouts.command("mark-paid")
def mark_paid(batch: _BatchId, by: _By) -> None:
    """Say that the bank has paid what it has not answered of a batch. Running it again pays nothing twice."""
    count = mark_batch_paid(batch_id=batch, user_id=find_member(by).id, now=clock.now())
    typer.echo(f"Paid: {count} of {find_batch(batch).count} payments became paid now.")


@payouts.command("read-answer")
def read_answer(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="pain.002, camt.053 or camt.054.")],
    by: _By,
) -> None:
    """Take in what the bank says: paid, refused, or sent back. Reading a file again changes nothing."""
    report = read_bank_answer(data=file.read_bytes(), user_id=find_member(by).id, now=clock.now())
    if report.was_read:
        typer.echo("This file was read before; nothing changed.")
        return
    typer.echo(
        f"Paid {report.accepted}, refused {report.rejected}, came back {report.returned}, "
        f"unchanged {report.unchanged}, not ours {report.unknown}."
    )
    for reference in report.unknown_references:
        typer.echo(f"- {reference} looks like ours and is in no batch that was sent")
    for reference in report.made_after_all:
        typer.echo(
            f"- {reference} was refused first and made after all; its amount is under way or paid once more"
        )
    for reference in report.other_amounts:
        typer.echo(f"- {reference} has another amount than was sent: nothing was booked for it")


class _Word(StrEnum):
    """What a bank's own pages say of a payment."""

    PAID = "paid"
    REFUSED = "refused"
    RETURNED = "returned"


_STATES = {
    _Word.PAID: PaymentState.ACCEPTED,
    _Word.REFUSED: PaymentState.REJECTED,
    _Word.RETURNED: PaymentState.RETURNED,
}


@payouts.command("enter")
def enter_word(
    batch: _BatchId,
    reference: Annotated[str, typer.Argument(help="The payment's reference, as its file has it.")],
    said: Annotated[_Word, typer.Argument(help="What the bank says of it.")],
    by: _By,
    reason: Annotated[str, typer.Option(help="The bank's code, as in AC04, if it gave one.")] = "",
) -> None:
    """Enter what the bank's own pages say of one payment, where no file says it."""
    settled = record_outcome(
        batch_id=batch,
        reference=reference,
        said=_STATES[said],
        reason_code=reason.upper(),
        user_id=find_member(by).id,
        now=clock.now(),
    )
    if settled.made_after_all:
        typer.echo("Kept. The same amount is under way or paid once more: stop that, or ask for it back.")
    elif settled.unchanged:
        typer.echo("Nothing changed: this was known, or is not possible any more.")
    else:
        typer.echo("Entered.")


@payouts.command("reconcile")
def show_reconciliation(batch: _BatchId) -> None:
    """Compare what was sent to the bank with what the bank said of it."""
    result = reconcile(batch)
    lines: list[tuple[str, Tally]] = [
        ("sent", result.sent),
        ("paid", result.accepted),
        ("refused", result.rejected),
        ("came back", result.returned),
        ("unanswered", result.unanswered),
    ]
    for name, tally in lines:
        typer.echo(f"{name:<12}{tally.count:>8}  {tally.total.written():>18}")


@payouts.command("debtor")
def set_account(
    currency: Annotated[str, typer.Argument(help="The currency that is paid, such as EUR.")],
    by: _By,
    name: Annotated[str, typer.Option(help="The account holder's name: yours, as your bank has it.")],
    account: Annotated[str, typer.Option(help="The IBAN, or sort code and account number.")],
    town: Annotated[str, typer.Option(help="The town that you are in.")],
    bic: Annotated[str, typer.Option(help="The bank's BIC; it may be left out.")] = "",
) -> None:
    """Say from which account a currency is paid."""
    set_debtor(
        currency=currency.upper(),
        name=name,
        account=account,
        town=town,
        bic=bic,
        user_id=find_member(by).id,
        now=clock.now(),
    )
    typer.echo(f"{currency.upper()} is paid from this account from now on.")


@payouts.command("waiting")
def show_waiting(country: _Country) -> None:
    """What no batch takes yet, because its person has not told where to pay or has to mend it."""
    lines = list_waiting_for_account(country.upper())
    for line in lines:
        why = f"account refused: {line.problem}" if line.problem else "no account yet"
        typer.echo(f"{line.public_id}  {line.amount.written()}  due {line.due_on}  {why}")
    if not lines:
        typer.echo("Nobody: whoever is owed cash has told where to pay it, or holds a slip.")


@payouts.command("list")
def show_batches() -> None:
    """The batches, the latest first, and what is overdue."""
    batches = list_batches()
    for batch in batches:
        typer.echo(_describe(batch))
    if not batches:
        typer.echo("No batch yet. onloan payouts prepare COUNTRY --by EMAIL makes one.")
    overdue = list_overdue(now=clock.now())
    if overdue:
        typer.echo(f"Overdue: {len(overdue)}")
        for line in overdue:
            typer.echo(
                f"  {line.reference}  {line.country}  {line.amount.written()}  due {line.due_on}"
                f"  {line.days_late} days late"
            )


@payouts.command("journal")
def write_books(
    out: _Out,
    market: Annotated[
        tuple[str, str] | None, typer.Option(metavar="OFFER CC", help="One market only, such as spring-pot FR.")
    ] = None,
) -> None:
    """Write the books as an hledger journal, in which nobody is named, for an accountant to recompute."""
    market_id = find_market(market[0], market[1].upper()).id if market else None
    _refuse_present(out)
    with _open_private(out) as opened, io.TextIOWrapper(opened, encoding="utf-8", newline="\n") as text:
        count = write_journal(out=text, market_id=market_id)
    typer.echo(f"{count} transactions written. Check them: hledger -f {out} check --strict")


@payouts.command("check")
def check_books() -> None:
    """Recompute every account, reward and batch from what never changes. Exit 0: it balances; 3: it does not."""
    for problem in (problems := [*check_balances(), *check_vouchers(), *check_payables()]):
        typer.echo(f"- {problem}")
    if problems:
        raise MustStopError("the books do not balance")
    typer.echo("The books balance.")


def _describe(batch: BatchView) -> str:
    people = [f"prepared by {batch.created_by}"]
    if batch.approved_by:
        people.append(f"approved by {batch.approved_by}")
    if batch.refused_by:
        people.append(f"refused by {batch.refused_by}")
    return (
        f"{batch.id}  {batch.country}  {batch.state}  {batch.count} payments  {batch.total.written()}  "
        + ", ".join(people)
    )


def _refuse_present(path: Path) -> None:
    """A file that lies there may be one that somebody pays from."""
    if path.exists():
        raise BadInput(field="out", problem=f"{path} exists")
    if not path.parent.is_dir():
        raise BadInput(field="out", problem=f"{path.parent} is no folder")


def _open_private(path: Path) -> BinaryIO:
    """A new file for the owner's eyes only. Raises FileExistsError."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _write_file(path: Path, content: bytes) -> None:
    """On the disk before this returns."""
    with _open_private(path) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
