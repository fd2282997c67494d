"""The master key and what is derived from it.

One 32-byte master key comes from ``ONLOAN_MASTER_KEY`` (base 64) or the file ``<home>/keys/master.key``. Each
use has a key of its own, derived by HKDF-SHA256 (RFC 5869) with a label, so that no key serves two purposes.
"""

from __future__ import annotations

import hmac
import os
from functools import cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


@cache
def derive_key(label: str) -> bytes:
    """32 bytes for one purpose, named by ``label``, always the same for the same master key."""
    return HKDF(SHA256(), 32, salt=None, info=b"onloan/" + label.encode()).derive(settings.MASTER_KEY)


def keyed_hash(label: str, value: str) -> str:
    """HMAC-SHA256 of ``value`` as 64 hexadecimal characters: a look-up value that tells nothing by itself."""
    return hmac.digest(derive_key(label), value.encode(), "sha256").hex()


def seal(key: bytes, plain: bytes, about: bytes) -> bytes:
    """AES-256-GCM with a random 96-bit nonce in front. ``about`` is bound to it (table and row), not hidden."""
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, plain, about)


def unseal(key: bytes, sealed: bytes, about: bytes) -> bytes:
    """The plain bytes. Raises ``cryptography.exceptions.InvalidTag`` when key, bytes or ``about`` differ."""
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], about)
