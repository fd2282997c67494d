"""What a server's log may say about a request: never its address, nor what an error quotes.

Django writes the address of each request that it refuses or fails at, and the address of a receipt is a key to it;
the text of a database's error may quote a row.
"""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any

from django.http import HttpRequest


class ForgetAddresses(logging.Filter):
    """Rewrites records about requests: status, the page's name, and for an error its kind and its place."""

    def filter(self, record: logging.LogRecord) -> bool:
        request: Any = getattr(record, "request", None)
        if request is None:
            return True
        words = [f"a request was answered {getattr(record, 'status_code', '')}".rstrip(), f"page {_page(request)}"]
        if record.name.startswith("django.security"):
            words.append(record.name.removeprefix("django.security."))
        if record.exc_info:
            kind, _, trace = record.exc_info
            words += [kind.__name__ if kind else "error", f"at {_place(trace)}"]
        record.msg, record.args = ", ".join(words), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def _page(request: HttpRequest) -> str:
    """The name of the page, which holds nothing of its address."""
    match = getattr(request, "resolver_match", None)
    return match.view_name if match is not None and match.view_name else "unknown"


def _place(trace: TracebackType | None) -> str:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "unknown"
