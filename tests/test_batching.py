"""Many ask, one works: answers find who asked, and nobody waits for what cannot be answered yet."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from onloan import batching
from onloan.batching import Batcher, Overloaded


class Worker:
    """Doubles numbers. It stops before each batch until it is let through; ``held`` are not ready yet."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)
        self.held: set[int] = set()

    def __call__(self, questions: Sequence[int]) -> list[int | Exception | None]:
        self.begun.release()
        self.gate.acquire()
        self.batches.append(list(questions))
        return [self._answer(question) for question in questions]

    def _answer(self, question: int) -> int | Exception | None:
        if question in self.held:
            return None
        return ValueError("odd") if question % 2 else 2 * question

    def open(self) -> None:
        """Let everything through from now on."""
        self.gate.release(1_000_000)


def make_batcher(worker: Worker, *, waiting_max: int = 100) -> Batcher[int, int]:
    return Batcher("test", worker, batch_max=4, waiting_max=waiting_max)


def wait_until_waiting(batcher: Batcher[int, int], count: int) -> None:
    while len(batcher._waiting) < count:
        threading.Event().wait(0.001)


def test_each_gets_its_own_answer_and_what_gathers_goes_together() -> None:
    worker = Worker()
    batcher = make_batcher(worker)
    with ThreadPoolExecutor(8) as askers:
        first = askers.submit(batcher.ask, 100)
        worker.begun.acquire()
        others = [askers.submit(batcher.ask, number) for number in range(0, 12, 2)]
        wait_until_waiting(batcher, 6)
        worker.open()
        assert first.result() == 200
        assert [other.result() for other in others] == [0, 4, 8, 12, 16, 20]
    assert [len(batch) for batch in worker.batches] == [1, 4, 2]


def test_a_refusal_reaches_only_who_asked() -> None:
    worker = Worker()
    batcher = make_batcher(worker)
    with ThreadPoolExecutor(3) as askers:
        first = askers.submit(batcher.ask, 0)
        worker.begun.acquire()
        odd, even = askers.submit(batcher.ask, 1), askers.submit(batcher.ask, 2)
        wait_until_waiting(batcher, 2)
        worker.open()
        assert (first.result(), even.result()) == (0, 4)
        with pytest.raises(ValueError, match="odd"):
            odd.result()
    assert sorted(worker.batches[1]) == [1, 2]


def test_what_is_not_ready_delays_nobody_and_is_answered_later() -> None:
    worker = Worker()
    batcher = make_batcher(worker)
    worker.held = {2}
    worker.open()
    with ThreadPoolExecutor(2) as askers:
        late = askers.submit(batcher.ask, 2)
        assert [batcher.ask(number) for number in (4, 6, 8)] == [8, 12, 16]
        assert not late.done()
        worker.held = set()
        assert late.result() == 4


def test_what_is_never_ready_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "BUSY_SECONDS_MAX", 0.05)
    worker = Worker()
    worker.held = {2}
    worker.open()
    batcher = make_batcher(worker)
    with pytest.raises(Overloaded):
        batcher.ask(2)
    assert batcher._waiting == []
    assert len(worker.batches) > 1, "it was tried more than once"


def test_more_than_can_wait_is_refused_at_once() -> None:
    worker = Worker()
    batcher = make_batcher(worker, waiting_max=2)
    with ThreadPoolExecutor(3) as askers:
        asked = [askers.submit(batcher.ask, 0)]
        worker.begun.acquire()
        asked += [askers.submit(batcher.ask, 2) for _ in range(2)]
        wait_until_waiting(batcher, 2)
        with pytest.raises(Overloaded):
            batcher.ask(4)
        worker.open()
        assert [each.result() for each in asked] == [0, 4, 4]


def test_a_batch_that_fails_is_said_to_all_and_the_next_one_works(caplog: pytest.LogCaptureFixture) -> None:
    failures = [RuntimeError("ana@people.example"), None]

    def work(questions: Sequence[int]) -> list[int]:
        failure = failures.pop(0)
        if failure is not None:
            raise failure
        return [2 * question for question in questions]

    batcher: Batcher[int, int] = Batcher("test", work, batch_max=4, waiting_max=4)
    with pytest.raises(RuntimeError):
        batcher.ask(1)
    assert batcher.ask(1) == 2
    assert "RuntimeError" in caplog.text and "ana@" not in caplog.text
