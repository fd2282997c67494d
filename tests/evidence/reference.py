"""The tree as RFC 6962, section 2.1, defines it: recursive, slow, and written without looking at our code."""

from __future__ import annotations

import hashlib


def split(count: int) -> int:
    """k: the largest power of two smaller than ``count``."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def tree_hash(bodies: list[bytes]) -> bytes:
    """MTH(D[n])."""
    if not bodies:
        return hashlib.sha256().digest()
    if len(bodies) == 1:
        return hashlib.sha256(b"\x00" + bodies[0]).digest()
    k = split(len(bodies))
    return hashlib.sha256(b"\x01" + tree_hash(bodies[:k]) + tree_hash(bodies[k:])).digest()


def audit_path(m: int, bodies: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]), section 2.1.1."""
    if len(bodies) == 1:
        return []
    k = split(len(bodies))
    if m < k:
        return [*audit_path(m, bodies[:k]), tree_hash(bodies[k:])]
    return [*audit_path(m - k, bodies[k:]), tree_hash(bodies[:k])]


def consistency_path(m: int, bodies: list[bytes]) -> list[bytes]:
    """PROOF(m, D[n]), section 2.1.2."""
    return _sub_proof(m, bodies, True)


def _sub_proof(m: int, bodies: list[bytes], is_whole: bool) -> list[bytes]:
    if m == len(bodies):
        return [] if is_whole else [tree_hash(bodies)]
    k = split(len(bodies))
    if m <= k:
        return [*_sub_proof(m, bodies[:k], is_whole), tree_hash(bodies[k:])]
    return [*_sub_proof(m - k, bodies[k:], False), tree_hash(bodies[:k])]
