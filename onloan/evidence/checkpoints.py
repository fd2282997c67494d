"""The highest checkpoint, kept in a file outside the database, so that a restored backup is noticed.

One file for each log: ``<home>/checkpoints/<log id>``. A backup of the database must not be the backup of it.
"""

from __future__ import annotations

import base64
import fcntl
import os
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from onloan.errors import MustStopError
from onloan.evidence.tree import HASH_BYTES

FILE_BYTES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far the log ``log_id`` had grown, and its root then."""

    log_id: uuid.UUID
    size: int
    root: bytes
    at: datetime

    @property
    def root_hex(self) -> str:
        return self.root.hex()


def path_of(log_id: uuid.UUID) -> Path:
    return Path(settings.HOME) / "checkpoints" / str(log_id)


def read_kept(log_id: uuid.UUID) -> Checkpoint | None:
    """The kept checkpoint, or None when there never was one. Raises MustStopError when it cannot be read."""
    try:
        with path_of(log_id).open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        return None
    try:
        origin, size, root, at, end = content.decode("ascii").split("\n")
        checkpoint = Checkpoint(
            log_id=uuid.UUID(origin.removeprefix("onloan/")),
            size=int(size),
            root=base64.b64decode(root, validate=True),
            at=datetime.fromisoformat(at),
        )
    except ValueError as error:
        raise MustStopError("the checkpoint kept outside the database cannot be read") from error
    if end or checkpoint.log_id != log_id or len(checkpoint.root) != HASH_BYTES or checkpoint.size < 0:
        raise MustStopError("the checkpoint kept outside the database is not one of this log")
    return checkpoint


def keep(checkpoint: Checkpoint) -> None:
    """Replace the kept checkpoint if this one is larger.

    The lock file is held from reading to replacing, against another process that just numbered more entries
    and might come here first. Raises MustStopError when the two contradict each other.
    """
    path = path_of(checkpoint.log_id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = read_kept(checkpoint.log_id)
        if kept is not None and kept.size >= checkpoint.size:
            if kept.size == checkpoint.size and kept.root != checkpoint.root:
                raise MustStopError("the log is not the one of the checkpoint kept outside the database")
            return
        temporary = path.with_suffix(".new")
        with temporary.open("wb") as file:
            file.write(_write(checkpoint))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)


def _write(checkpoint: Checkpoint) -> bytes:
    root = base64.b64encode(checkpoint.root).decode()
    lines = (f"onloan/{checkpoint.log_id}", str(checkpoint.size), root, checkpoint.at.isoformat())
    return "".join(f"{line}\n" for line in lines).encode("ascii")
