"""Doing what many threads ask for in one go.

One thread of its own takes whatever waits, works on it together (one transaction, a few round trips) and wakes
who asked. While it works the next ones gather: the batch grows with the load, and who asks alone never waits.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

logger = logging.getLogger(__name__)

WAIT_SECONDS = 30.0
BUSY_SECONDS_MAX = 5.0
BUSY_REST_SECONDS = 0.002
GATHER_SECONDS = 0.002


class Overloaded(Exception):
    """Too much waits already, the question could not be answered in time, or the thread does not answer."""


class _Ticket(Generic[Q, A]):
    """One question, and a lock that opens when its answer is there: the cheapest thing that can be waited for."""

    __slots__ = ("answer", "failure", "give_up_at", "opened", "question")

    def __init__(self, question: Q) -> None:
        self.question = question
        self.give_up_at = time.monotonic() + BUSY_SECONDS_MAX
        self.answer: A | None = None
        self.failure: Exception | None = None
        self.opened = threading.Lock()
        self.opened.acquire()


class Batcher(Generic[Q, A]):
    """``work`` gets questions and gives an answer or an exception for each, in their order.

    None is "not yet": the question comes again with the next batch, so that nobody else waits for it, until its
    time is over.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Sequence[Q]], Sequence[A | Exception | None]],
        *,
        batch_max: int,
        waiting_max: int,
    ) -> None:
        self._name = name
        self._work = work
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._changed = threading.Condition()
        self._waiting: list[_Ticket[Q, A]] = []
        self._thread: threading.Thread | None = None

    def ask(self, question: Q) -> A:
        """The answer to one question. Raises what ``work`` gave for it, Overloaded."""
        ticket: _Ticket[Q, A] = _Ticket(question)
        with self._changed:
            if len(self._waiting) >= self._waiting_max:
                raise Overloaded
            if self._thread is None:
                # Started with the first question, so that a server which forks has it in each of its processes.
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._waiting.append(ticket)
            self._changed.notify()
        if not ticket.opened.acquire(timeout=WAIT_SECONDS):
            raise Overloaded
        if ticket.failure is not None:
            raise ticket.failure
        assert ticket.answer is not None, "an opened ticket has an answer or a failure"
        return ticket.answer

    def _run(self) -> None:
        asked = 1
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                self._gather(asked)
                batch, self._waiting = self._waiting[: self._batch_max], self._waiting[self._batch_max :]
            asked = len(batch)
            unsettled = self._answer(batch)
            with self._changed:
                self._waiting += unsettled
                if unsettled and len(self._waiting) == len(unsettled):
                    # Nothing else to do: a short rest, which a new question ends.
                    self._changed.wait(BUSY_REST_SECONDS)

    def _gather(self, wanted: int) -> None:
        """Wait a moment for as many questions as came the last time: whoever was answered asks again at once, and
        a batch costs little more than one question. Who asks alone does not wait."""
        deadline = time.monotonic() + GATHER_SECONDS
        while len(self._waiting) < min(wanted, self._batch_max):
            left = deadline - time.monotonic()
            if left <= 0 or not self._changed.wait(left):
                return

    def _answer(self, batch: list[_Ticket[Q, A]]) -> list[_Ticket[Q, A]]:
        """Answer a batch; what of it comes again."""
        answers: Sequence[A | Exception | None]
        try:
            answers = self._work([ticket.question for ticket in batch])
            assert len(answers) == len(batch)
        except Exception as error:
            # Only the type: a message may quote what was asked.
            logger.error("%s: a batch failed: %s", self._name, type(error).__name__)  # noqa: TRY400
            answers = [error] * len(batch)
        unsettled = []
        for ticket, answer in zip(batch, answers, strict=True):
            if answer is None and time.monotonic() < ticket.give_up_at:
                unsettled.append(ticket)
                continue
            if answer is None:
                ticket.failure = Overloaded()
            elif isinstance(answer, Exception):
                ticket.failure = answer
            else:
                ticket.answer = answer
            ticket.opened.release()
        return unsettled
