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
NUMBERS_MAX = 1_000


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


def find_members(log_indexes: Iterable[int], numbers: Iterable[int]) -> dict[int, list[int]]:
    """Which of ``numbers`` are in which of these sets, by log index: one page is read for each number and set."""
    wanted = sorted(set(numbers))
    assert len(wanted) <= NUMBERS_MAX
    indexes_sql, indexes = db.among(sorted(set(log_indexes)))
    pages_sql, pages = db.among(sorted({number // PAGE_BITS for number in wanted}))
    if not wanted or not indexes:
        return {}
    rows = db.fetch_all(
        "SELECT log_index, page_number, bits FROM evidence_set_page"  # noqa: S608
        f" WHERE log_index {indexes_sql} AND page_number {pages_sql} ORDER BY log_index",
        [*indexes, *pages],
    )
    found: dict[int, list[int]] = {}
    for log_index, page_number, packed in rows:
        page = _open_page(read_bytes(packed))
        for number in wanted:
            if number // PAGE_BITS == page_number and has_number(page, number % PAGE_BITS):
                found.setdefault(log_index, []).append(number)
    return found


def has_number(bits: bytes, number: int) -> bool:
    """Whether ``number`` is in a plain bit array."""
    place = number // 8
    return place < len(bits) and bool(bits[place] >> number % 8 & 1)


def list_numbers(bits: bytes, first: int, count: int) -> list[int]:
    """At most ``count`` numbers of a plain bit array, from ``first`` on, in order."""
    numbers: list[int] = []
    for place in range(first // 8, len(bits)):
        byte = bits[place]
        if byte:
            numbers += [
                place * 8 + bit for bit in range(8) if byte >> bit & 1 and place * 8 + bit >= first
            ]
            if len(numbers) >= count:
                return numbers[:count]
    return numbers
