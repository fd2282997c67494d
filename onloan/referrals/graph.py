"""Reads of the whole sponsor graph: pages of rows into arrays, so that a million people fit in a small process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from onloan import db
from onloan.offers.queries import list_markets
from onloan.referrals import marks
from onloan.referrals.rings import Graph
from onloan.referrals.signals import HOUSEHOLD_MAX

ROWS_PER_PAGE = 50_000
_ID_BYTES = 16
_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class SponsorGraph:
    """``graph`` numbers the people of ``ids``; ``same`` are groups of people with one strong mark."""

    ids: NDArray[np.bytes_]
    graph: Graph
    same: list[list[int]]

    def edge(self, number: int) -> tuple[UUID, UUID]:
        """(sponsor, friend) of an edge."""
        sponsor, friend = int(self.graph.sponsors[number]), int(self.graph.friends[number])
        return self._id(sponsor), self._id(friend)

    def _id(self, number: int) -> UUID:
        # NumPy leaves zeros at the end of a string away.
        return UUID(bytes=bytes(self.ids[number]).ljust(_ID_BYTES, b"\0"))


def read_graph() -> SponsorGraph:
    """Everybody who brought somebody or was brought, in all offers, and who shares a strong mark with whom.

    A mailbox is a strong mark; an account for payment is one only when more people share it than live in a
    household.
    """
    friends, sponsors, markets = [], [], []
    for page in _read_pages():
        friends.append(_pack(row[0] for row in page))
        sponsors.append(_pack(row[1] for row in page))
        markets.append(_pack(row[2] for row in page))
    empty = np.zeros(0, dtype=f"S{_ID_BYTES}")
    friend_ids, sponsor_ids = np.concatenate([empty, *friends]), np.concatenate([empty, *sponsors])
    offers_of_edges = _number_offers(np.concatenate([empty, *markets]))
    ids, numbers = np.unique(np.concatenate([friend_ids, sponsor_ids]), return_inverse=True)
    half = len(friend_ids)
    # A friend and their sponsor are always in one market.
    offers = np.zeros(len(ids), dtype=np.int64)
    offers[numbers[:half]] = offers_of_edges
    offers[numbers[half:]] = offers_of_edges
    graph = Graph(sponsors=numbers[half:], friends=numbers[:half], offers=offers)
    return SponsorGraph(ids, graph, _number_groups(ids, _list_strong_marks()))


def _read_pages() -> Iterator[list[tuple[object, ...]]]:
    """Attributions by the friend's id: each page goes on after the last one, and none is kept."""
    last = _NOBODY
    while True:
        page = db.fetch_all(
            "SELECT participant_id, sponsor_id, market_id FROM referrals_attribution WHERE participant_id > %s"
            " ORDER BY participant_id LIMIT %s",
            [db.uuid_value(last), ROWS_PER_PAGE],
        )
        if not page:
            return
        yield page
        last = db.read_uuid(page[-1][0])


def _pack(values: Iterator[object]) -> NDArray[np.bytes_]:
    """Ids as 16 bytes each. SQLite gives 32 hexadecimal characters, PostgreSQL a UUID."""
    if db.is_postgresql():
        joined = b"".join(value.bytes for value in values if isinstance(value, UUID))
    else:
        joined = bytes.fromhex("".join(str(value) for value in values))
    return np.frombuffer(joined, dtype=f"S{_ID_BYTES}")


def _number_offers(market_ids: NDArray[np.bytes_]) -> NDArray[np.int64]:
    """The number of each edge's offer. Markets of one offer are different countries: nobody joins two of them
    with one address, and a link counts in its own market only, so an offer is all its markets."""
    markets, numbers = np.unique(market_ids, return_inverse=True)
    offer_of = {market.id.bytes.rstrip(b"\0"): market.offer_id for market in list_markets()}
    known: dict[UUID, int] = {}
    offers = [known.setdefault(offer_of[bytes(market)], len(known)) for market in markets]
    return np.array(offers, dtype=np.int64)[numbers] if offers else np.zeros(0, dtype=np.int64)


def _list_strong_marks() -> list[list[UUID]]:
    groups: dict[tuple[str, str], list[UUID]] = {}
    for kind, least in ((marks.MAILBOX, 2), (marks.ACCOUNT, HOUSEHOLD_MAX + 1)):
        rows = db.fetch_all(
            "SELECT value_hash, participant_id FROM referrals_mark WHERE kind = %s AND value_hash IN ("
            "SELECT value_hash FROM referrals_mark WHERE kind = %s GROUP BY value_hash HAVING count(*) >= %s)",
            [kind, kind, least],
        )
        for value_hash, participant_id in rows:
            groups.setdefault((kind, value_hash), []).append(db.read_uuid(participant_id))
    return list(groups.values())


def _number_groups(ids: NDArray[np.bytes_], groups: Sequence[Sequence[UUID]]) -> list[list[int]]:
    """Each group as numbers. Somebody who is not in the graph gets one beyond it: they may link two who are."""
    beyond: dict[UUID, int] = {}
    numbered: list[list[int]] = []
    for group in groups:
        wanted = np.array([person.bytes for person in group], dtype=f"S{_ID_BYTES}")
        places = np.minimum(np.searchsorted(ids, wanted), max(len(ids) - 1, 0))
        is_there = ids[places] == wanted if len(ids) else np.zeros(len(group), dtype=bool)
        numbered.append([
            int(place) if there else beyond.setdefault(person, len(ids) + len(beyond))
            for person, place, there in zip(group, places, is_there, strict=True)
        ])  # fmt: skip
    return numbered


def list_new_accounts(limit: int) -> list[tuple[UUID, str]]:
    """(participant, hash of the account) of people whose account for payment is not marked yet, or was changed."""
    rows = db.fetch_all(
        "SELECT payee.participant_id, payee.account_hash FROM payouts_payee payee"
        " LEFT JOIN referrals_mark mark ON mark.participant_id = payee.participant_id AND mark.kind = 'account'"
        " WHERE mark.value_hash IS NULL OR mark.value_hash <> payee.account_hash LIMIT %s",
        [limit],
    )
    return [(db.read_uuid(participant_id), str(account_hash)) for participant_id, account_hash in rows]


def list_sharing(kind: str, hashes: Sequence[str]) -> list[UUID]:
    """Everybody with one of these marks that somebody else has too."""
    marks_written = ", ".join(["%s"] * len(hashes))
    rows = db.fetch_all(
        "SELECT participant_id FROM referrals_mark WHERE kind = %s AND value_hash IN ("  # noqa: S608
        f"SELECT value_hash FROM referrals_mark WHERE kind = %s AND value_hash IN ({marks_written})"
        " GROUP BY value_hash HAVING count(*) > 1)",
        [kind, kind, *hashes],
    )
    return sorted(db.read_uuid(row[0]) for row in rows)
