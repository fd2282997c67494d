"""The set of a mass use: the consent numbers that it touched, as a plain array of bits beside the log.

Bit ``n % 8`` of byte ``n // 8`` (least significant first) is consent number ``n``; the array ends with the byte of
the highest number. An entry binds it by its SHA-256, its length and its count. It lies in pages of 4,096 bytes,
compressed each by itself and left out when empty, so that one number is looked up by reading one page.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from onloan import db, ids
from onloan.db import RowsOf
from onloan.evidence.models import SetPage
from onloan.evidence.statements import read_bytes

PAGE_BYTES = 4_096
PAGE_BITS = PAGE_BYTES * 8
COMPRESSION_LEVEL = 1
NUMBERS_MAX = 10_000
PAGES_AT_A_TIME = 4
SET_BYTES_MAX = 2**29
"""A number has 32 bits."""


class DamagedSetError(ValueError):
    """A page that cannot be opened, or that is not as long as a page."""


@dataclass(frozen=True, slots=True)
class SetFacts:
    """What an entry says of its set."""

    set_hash: str
    set_bytes: int
    count: int


def describe_set(bits: bytes) -> SetFacts:
    """Hash, length and count of a plain bit array."""
    return SetFacts(hashlib.sha256(bits).hexdigest(), len(bits), int.from_bytes(bits, "little").bit_count())


def page_rows(log_index: int, bits: bytes) -> RowsOf:
    """The rows that hold the set of entry ``log_index``, for ``db.insert_rows``."""
    rows: list[tuple[Any, ...]] = []
    empty = bytes(PAGE_BYTES)
    for number, start in enumerate(range(0, len(bits), PAGE_BYTES)):
        page = bits[start : start + PAGE_BYTES]
        if page != empty[: len(page)]:
            rows.append((ids.new_id(), log_index, number, zlib.compress(page, COMPRESSION_LEVEL)))
    return SetPage, ("id", "log_index", "page_number", "bits"), rows


def read_set(log_index: int, set_bytes: int) -> bytes:
    """The whole set of an entry whose length it says. Raises DamagedSetError."""
    bits = bytearray(set_bytes)
    for number, page in _read_pages(log_index):
        start = number * PAGE_BYTES
        if len(page) != min(PAGE_BYTES, set_bytes - start):
            raise DamagedSetError
        bits[start : start + len(page)] = page
    return bytes(bits)


def _read_pages(log_index: int) -> Iterator[tuple[int, bytes]]:
    rows = db.fetch_all(
        "SELECT page_number, bits FROM evidence_set_page WHERE log_index = %s ORDER BY page_number", (log_index,)
    )
    for number, packed in rows:
        yield number, _open_page(read_bytes(packed))


def _open_page(packed: bytes) -> bytes:
    opener = zlib.decompressobj()
    try:
        # Bounded: whoever can write the table must not be able to fill our memory with one page.
        page = opener.decompress(packed, PAGE_BYTES)
    except zlib.error as error:
        raise DamagedSetError from error
    if not opener.eof:
        raise DamagedSetError
    return page


def list_sets(size: int) -> list[int]:
    """The indexes below ``size`` beside which a set lies."""
    rows = db.fetch_all(
        "SELECT DISTINCT log_index FROM evidence_set_page WHERE log_index < %s ORDER BY log_index", (size,)
    )
    return [row[0] for row in rows]


def find_members(log_indexes: Iterable[int], numbers: Iterable[int]) -> dict[int, list[int]]:
    """Which of ``numbers`` are in which of these sets, by log index: one page is read for each number and set."""
    wanted: dict[int, list[int]] = {}
    for number in sorted(set(numbers)):
        wanted.setdefault(number // PAGE_BITS, []).append(number)
    assert len(wanted) <= NUMBERS_MAX
    indexes_sql, indexes = db.among(sorted(set(log_indexes)))
    pages_sql, pages = db.among(sorted(wanted))
    if not wanted or not indexes:
        return {}
    rows = db.fetch_all(
        "SELECT log_index, page_number, bits FROM evidence_set_page"  # noqa: S608
        f" WHERE log_index {indexes_sql} AND page_number {pages_sql} ORDER BY log_index, page_number",
        [*indexes, *pages],
    )
    found: dict[int, list[int]] = {}
    for log_index, page_number, packed in rows:
        page = _open_page(read_bytes(packed))
        held = [number for number in wanted[page_number] if has_number(page, number % PAGE_BITS)]
        if held:
            found.setdefault(log_index, []).extend(held)
    return found


def has_number(bits: bytes, number: int) -> bool:
    """Whether ``number`` is in a plain bit array."""
    place = number // 8
    return place < len(bits) and bool(bits[place] >> number % 8 & 1)


def list_members(log_index: int, first: int, count: int) -> list[int]:
    """At most ``count`` numbers of a set, from ``first`` on, in order; reads the pages that hold them."""
    numbers: list[int] = []
    page_number = first // PAGE_BITS
    while len(numbers) < count:
        rows = db.fetch_all(
            "SELECT page_number, bits FROM evidence_set_page WHERE log_index = %s AND page_number >= %s"
            " ORDER BY page_number LIMIT %s",
            (log_index, page_number, PAGES_AT_A_TIME),
        )
        for number, packed in rows:
            start = number * PAGE_BITS
            numbers += [
                start + place for place in _places(_open_page(read_bytes(packed))) if start + place >= first
            ]
        if len(rows) < PAGES_AT_A_TIME:
            break
        page_number = rows[-1][0] + 1
    return numbers[:count]


def _places(page: bytes) -> Iterator[int]:
    for place, byte in enumerate(page):
        if byte:
            yield from (place * 8 + bit for bit in range(8) if byte >> bit & 1)
