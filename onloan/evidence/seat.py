"""A thread in each server process that takes the sequencer's seat whenever it is free."""

from __future__ import annotations

import logging
import threading

from django.db import connection
from django.db.utils import DatabaseError, InterfaceError

from onloan.errors import MustStopError
from onloan.evidence.actions import number_entries

INTERVAL_SECONDS = 0.2
RETRY_SECONDS = 2.0

log = logging.getLogger(__name__)


class Seat:
    """Numbers waiting entries every ``INTERVAL_SECONDS`` until it is stopped.

    A broken log ends the thread and is written down; the server goes on without it. Nothing is numbered then,
    so that after ten seconds ``queries.is_log_down`` is true and the gate denies.
    """

    def __init__(self) -> None:
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="evidence-seat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_seconds: float = 5.0) -> None:
        """End the thread after the batch that it is in."""
        self._is_stopping.set()
        self._thread.join(timeout_seconds)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._is_stopping.wait(self._number_once()):
                pass
        except MustStopError as error:
            # The sentences of MustStopError are ours and hold no value from any row.
            log.critical("The evidence log has stopped: %s. Run `onloan evidence verify`.", error)
        except Exception as error:
            # Only the type: a database's message may quote a row.
            log.critical("The evidence log has stopped on %s.", type(error).__name__)
        finally:
            connection.close()

    def _number_once(self) -> float:
        """Number what waits; returns how long to wait before the next time."""
        try:
            number_entries(is_waiting=False)
        except (DatabaseError, InterfaceError) as error:
            # The database restarts, or is busy: a new connection later.
            log.warning("The evidence log could not be written: %s. Trying again.", type(error).__name__)
            connection.close()
            return RETRY_SECONDS
        return INTERVAL_SECONDS


def start_seat() -> Seat:
    """Start numbering in this process; call it once, after the process has forked."""
    seat = Seat()
    seat.start()
    return seat
