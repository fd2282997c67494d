"""Where the live index comes from: the table of consents, or the file that another process left.

Cold, everything is read in one snapshot in which also the log's size is read: the table has at least what the log
up to there says, and what else it has is in the log's tail, which is read afterwards and changes nothing twice.
"""

from __future__ import annotations

import array
import hmac
import json
import os
import struct
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import numpy as np
import psycopg
from django.conf import settings
from django.db import connection
from pyroaring import BitMap

from onloan import db, keys
from onloan.consents.rules import find_last_utc_day
from onloan.evidence.queries import LogMark, read_mark
from onloan.offers.queries import find_version
from onloan.uses.audience_index import LiveIndex, Terms, check_number

FORM = "onloan-audience-index/1"
SORTING_MEMORY = "256MB"
BLOCKS_AT_A_TIME = 64
_LENGTH = struct.Struct("<Q")

_LIVE = "FROM consents_consent WHERE answer AND ended_at IS NULL"
# Numbers are packed into bytes where they lie: ten million of them travel as 80 MB in some thousand rows.
_BLOCKS_POSTGRESQL = (
    "SELECT version_id, permission_id, country, expires_at, max(answered_at),"  # noqa: S608
    " string_agg(int8send(number), ''::bytea) "
    + _LIVE
    + " GROUP BY version_id, permission_id, country, expires_at, number >> 15"
)
_ROWS_SQLITE = "SELECT version_id, permission_id, country, expires_at, answered_at, number " + _LIVE  # noqa: S608


@dataclass(frozen=True, slots=True)
class _Block:
    """Some numbers of people who share version, permission, country and expiry, and when the last was given."""

    version_id: UUID
    permission_id: str
    country: str
    expires_at: datetime
    given_last_at: datetime
    numbers: Iterable[int]


def load_index() -> LiveIndex:
    """Read every live consent. Memory: the sets, and a few blocks of numbers at a time."""
    with db.snapshot():
        index = LiveIndex(read_mark())
        for block in _blocks_postgresql() if db.is_postgresql() else _blocks_sqlite():
            version = find_version(block.version_id)
            terms = Terms(version.offer_slug, version.file_hash, block.permission_id, block.country)
            index.give(terms, find_last_utc_day(block.expires_at), block.numbers)
            index.given_on = max(index.given_on, block.given_last_at.date())
    return index


def _blocks_postgresql() -> Iterator[_Block]:
    db.fetch_all("SELECT set_config('work_mem', %s, true)", (SORTING_MEMORY,))
    with connection.wrap_database_errors, psycopg.ServerCursor(connection.connection, "live_consents") as cursor:
        cursor.execute(_BLOCKS_POSTGRESQL, binary=True)
        while rows := cursor.fetchmany(BLOCKS_AT_A_TIME):
            for version_id, permission_id, country, expires_at, given_last_at, packed in rows:
                numbers = np.frombuffer(packed, dtype=">i8")
                check_number(int(numbers.max()))
                yield _Block(
                    version_id, permission_id, country, db.read_time(expires_at), db.read_time(given_last_at),
                    np.sort(numbers.astype(np.uint32)),
                )  # fmt: skip


def _blocks_sqlite() -> Iterator[_Block]:
    groups: dict[tuple[str, str, str, str], array.array[int]] = {}
    given_last: dict[tuple[str, str, str, str], str] = {}
    for version_id, permission_id, country, expires_at, answered_at, number in db.stream(_ROWS_SQLITE):
        key = (str(version_id), permission_id, country, str(expires_at))
        check_number(number)
        groups.setdefault(key, array.array("I")).append(number)
        given_last[key] = max(given_last.get(key, ""), str(answered_at))
    for (version_id, permission_id, country, expires_at), numbers in groups.items():
        key = (version_id, permission_id, country, expires_at)
        yield _Block(
            db.read_uuid(version_id), permission_id, country, db.read_time(expires_at),
            db.read_time(given_last[key]), numbers,
        )  # fmt: skip


def _path_of(log_id: UUID) -> Path:
    return Path(settings.HOME) / "audiences" / f"{log_id.hex}.roaring"


def save_index(index: LiveIndex) -> None:
    """Leave the index for the next process: consent numbers only, for this server's eyes, bound by our own key."""
    if index.mark.log_id is None:
        return
    groups, parts = [], []
    for terms, by_day in index.live.items():
        for expires_on, numbers in by_day.items():
            part = numbers.serialize()
            named = (terms.offer, terms.version_hash, terms.permission, terms.country)
            groups.append([*named, expires_on.isoformat(), len(part)])
            parts.append(part)
    head = json.dumps({
        "form": FORM, "log": str(index.mark.log_id), "size": index.mark.size, "leaf": index.mark.leaf_hash.hex(),
        "given_on": index.given_on.isoformat(), "groups": groups,
    }).encode()  # fmt: skip
    path = _path_of(index.mark.log_id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".index-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            mac = hmac.new(keys.derive_key("audience-index"), digestmod="sha256")
            for chunk in (_LENGTH.pack(len(head)), head, *parts):
                mac.update(chunk)
                file.write(chunk)
            file.write(mac.digest())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def read_saved(log_id: UUID) -> LiveIndex | None:
    """What ``save_index`` left, or None when there is nothing, or when it is damaged or somebody else's."""
    try:
        content = memoryview(_path_of(log_id).read_bytes())
    except OSError:
        return None
    body, mac = content[:-32], content[-32:]
    if not hmac.compare_digest(hmac.digest(keys.derive_key("audience-index"), body, "sha256"), mac):
        return None
    # Nobody else can have written it, so from here on its form is the one above.
    start = _LENGTH.size + _LENGTH.unpack_from(body)[0]
    head = json.loads(bytes(body[_LENGTH.size : start]))
    if head["form"] != FORM or head["log"] != str(log_id):
        return None
    mark = LogMark(log_id, head["size"], bytes.fromhex(head["leaf"]))
    index = LiveIndex(mark, date.fromisoformat(head["given_on"]))
    for offer, version_hash, permission, country, expires_on, length in head["groups"]:
        numbers = BitMap.deserialize(bytes(body[start : start + length]))
        index.give(Terms(offer, version_hash, permission, country), date.fromisoformat(expires_on), numbers)
        start += length
    return index
