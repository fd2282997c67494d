"""Telling a person from a program at the edge, from headers alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onloan.referrals.rules import is_preview_request


def is_preview(environ: Mapping[str, Any]) -> bool:
    """Whether a program asks (preview, prefetch, index) and not somebody who opened a page."""
    headers = {
        name: environ.get(f"HTTP_{name.upper().replace('-', '_')}", "")
        for name in ("user-agent", "purpose", "sec-purpose", "x-purpose", "x-moz")
    }
    return is_preview_request(environ["REQUEST_METHOD"], headers)
