"""What several callers at once get."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


def at_once(count: int, call: Callable[[], T]) -> list[T | Exception]:
    """What each of ``count`` threads got that made this call together: its answer, or what it raised."""
    start, got = threading.Barrier(count), list[T | Exception]()

    def work() -> None:
        start.wait()
        try:
            got.append(call())
        except Exception as error:
            got.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == count
    return got
