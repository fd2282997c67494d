"""``onloan serve``, ``worker``, ``migrate``, ``clock``: running the server."""

from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from django.conf import settings
from django.core.management import call_command

from onloan import clock, db
from onloan.cases.erasure_steps import erase_again
from onloan.cases.retention import require_periods
from onloan.jobs.loop import run_all_once, run_until

# Most of them wait: for a batch of the gate, for one of the few threads that Django has (``api.edge``), or for
# what somebody sends slowly (``api.bodies``). One for each connection, so that nobody who waits takes another's.
WAITING_THREADS_PER_WORKER = 256


def register(app: typer.Typer) -> None:
    app.command("serve")(serve)
    app.command("worker")(worker)
    app.command("migrate")(migrate)
    app.command("clock")(advance_clock)


def run_server(address: str, port: int, workers: int, with_jobs: bool) -> None:
    """Serve until interrupted. SQLite has one writer, so one process; PostgreSQL as many as there are cores."""
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    require_periods()
    _erase_again()
    os.environ["ONLOAN_BACKGROUND"] = "jobs" if with_jobs else "seat"
    os.environ["ONLOAN_HOME"] = str(settings.HOME)
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    if not settings.EMAIL_URL and not settings.TEST_MODE:
        typer.echo(
            f"No mail is sent: ONLOAN_SMTP_URL is not set, so mails become files in {settings.HOME}/mail.",
            err=True,
        )
    # It warns of more threads than cores; ours wait for what is being sent, as decision 0005 says.
    logging.getLogger("_granian").addFilter(lambda record: "Python threads" not in record.getMessage())
    Server(
        "onloan.wsgi:application",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        # One request at a time on a connection, so that the bound on connections bounds all that is half sent.
        http=HTTPModes.http1,
        workers=workers if db.is_postgresql() else 1,
        blocking_threads=WAITING_THREADS_PER_WORKER,
        log_level=LogLevels.warning,
        backpressure=WAITING_THREADS_PER_WORKER,
        working_dir=Path.cwd(),
    ).serve()


def serve(
    address: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes (PostgreSQL only).")] = 1,
    with_jobs: Annotated[bool, typer.Option(help="Run the jobs here too (always on SQLite).")] = False,
) -> None:
    """Answer requests. On PostgreSQL, run `onloan worker` beside it."""
    run_server(address, port, workers, with_jobs)


def _erase_again() -> None:
    """Nobody whom a restored backup brought back is served or looked at again."""
    count = erase_again(now=clock.now())
    if count:
        typer.echo(f"A backup had brought {count} erased people back: they are erased again.", err=True)


def worker() -> None:
    """Run the jobs until interrupted (PostgreSQL; on SQLite the server does it)."""
    _erase_again()
    stop = threading.Event()

    def end(signum: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    run_until(stop)


def migrate() -> None:
    """Bring the database to this version's form."""
    call_command("migrate", verbosity=0)
    typer.echo("The database is up to date.")


def advance_clock(
    days: Annotated[int, typer.Argument(min=0, max=3650)],
) -> None:
    """Move the clock of test mode forward by DAYS and run the jobs."""
    if not settings.TEST_MODE:
        typer.echo("The clock moves in test mode only (ONLOAN_TEST_MODE=1).", err=True)
        raise typer.Exit(1)
    clock.advance(days * 86_400)
    run_all_once()
    typer.echo(f"It is now {clock.now():%Y-%m-%d %H:%M} UTC here.")
