"""``GET /api/v1/status``: is it up, and what may this key do."""

from __future__ import annotations

from typing import Literal, cast

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import ConfigDict

from onloan import clock
from onloan.access.queries import KeyView
from onloan.evidence.queries import is_log_down, read_checkpoint

router = Router(tags=["status"])


class LogOut(Schema):
    """The evidence log: how many entries it holds, and the root hash over them."""

    state: Literal["up", "down"]
    size: int
    root: str


class StatusOut(Schema):
    """What the caller may do, and how Onloan is. ``time`` is Onloan's clock."""

    model_config = ConfigDict(extra="forbid")

    key: str
    scopes: list[str]
    time: str
    log: LogOut


@router.get(
    "/status",
    response={200: StatusOut},
    operation_id="read_status",
    summary="Read what this key may do and how Onloan is",
    description="Any key. Where campaigns run is public: see `/status.json`.",
)
def read_status(request: HttpRequest) -> StatusOut:
    key = cast("KeyView", request.auth)  # type: ignore[attr-defined]
    now = clock.now()
    checkpoint = read_checkpoint()
    return StatusOut(
        key=key.name,
        scopes=sorted(key.scopes),
        time=now.isoformat(),
        log=LogOut(state="down" if is_log_down(now) else "up", size=checkpoint.size, root=checkpoint.root_hex),
    )
