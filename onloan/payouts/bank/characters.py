"""Names and texts in the letters that every bank of SEPA takes: A-Z, a-z, 0-9, space and / - ? : ( ) . , ' +

The set and the habit of rewriting are the European Payments Council's (EPC217-08, best practices for an extended
character set). Nothing is cut: what does not fit is refused with a sentence, and what is rewritten can be shown to
the person first.
"""

from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii

from onloan.payouts.bank.errors import BadPayeeName, BadPaymentText, PayeeNameTooLong

NAME_CHARACTERS_MAX = 70  # EPC115-06, AT-E001, the name of the payee
TEXT_CHARACTERS_MAX = 140  # EPC115-06, AT-T009, unstructured remittance information
REFERENCE_CHARACTERS_MAX = 35  # ISO 20022, Max35Text
TYPED_CHARACTERS_MAX = 200

_SET = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*")
_NAME = re.compile(r"[A-Za-z0-9'](?!.*//)[A-Za-z0-9/\-().,'+ ]*")
_REFERENCE = re.compile(r"(?!/)(?!.*//)[A-Za-z0-9/\-?:().,'+ ]+(?<!/)")
# Latin spellings that differ from those of ``anyascii``: Greek by ELOT 743, Bulgarian by its law of 2009. A
# payee's bank compares the name with its own, so the common spelling counts.
_SPELLINGS = {
    "ου": "ou", "Ου": "Ou", "ΟΥ": "OU", "ού": "ou", "Ού": "Ou",
    "щ": "sht", "Щ": "Sht", "ъ": "a", "Ъ": "A", "ьо": "yo", "ь": "", "Ь": "", "х": "h", "Х": "H",
}  # fmt: skip
_SPELLED = re.compile("|".join(sorted(_SPELLINGS, key=len, reverse=True)))
_SIGNS = {"&": "+", "@": "(at)", "_": "-", "%": "pct"} | dict.fromkeys('"“”„«»`´', "'")
_NAME_SIGNS = frozenset("'’‘ʹ-‐‑–—.,&+()/·`´")
# Joiners inside words of some scripts, and marks that only say how a sign is drawn: nobody sees them.
_UNSEEN = re.compile("[\u00ad\u200b-\u200d\u2060\ufe0e\ufe0f\ufeff]")


def bank_name(text: str, *, characters_max: int = NAME_CHARACTERS_MAX) -> str:
    """A holder's name as the bank's file has it; the same again for what it returned.

    Raises BadPayeeName for signs that are no part of a name, PayeeNameTooLong, both for field ``name``.
    """
    if len(text) > TYPED_CHARACTERS_MAX:
        raise PayeeNameTooLong(field="name", characters=len(text), characters_max=characters_max)
    seen = _clean(text)
    if any(not _is_of_name(sign) for sign in seen):
        raise BadPayeeName(field="name")
    name = _collapse("".join(_rewrite(sign) for sign in _spell(seen)))
    if _NAME.fullmatch(name) is None or not any(sign.isalpha() for sign in name):
        raise BadPayeeName(field="name")
    if len(name) > characters_max:
        raise PayeeNameTooLong(field="name", characters=len(name), characters_max=characters_max)
    return name


def bank_text(text: str, *, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    """A text for the payee as the bank's file has it; a sign without a counterpart becomes a full stop.

    Raises BadPaymentText when nothing is left or it is too long.
    """
    written = _collapse("".join(_rewrite(sign) for sign in _spell(_clean(text))))
    written = re.sub(r"/{2,}", "/", written).strip("/ ")
    if not 1 <= len(written) <= characters_max:
        raise BadPaymentText(characters=len(written), characters_max=characters_max)
    return written


def check_reference(text: str, *, characters_max: int = REFERENCE_CHARACTERS_MAX) -> str:
    """``text`` itself, if a bank takes it as an identifier: no slash at either end, no two together (EPC217-08).

    Raises BadPaymentText: a reference is never rewritten, since the bank's answer must name it again.
    """
    if len(text) > characters_max or _REFERENCE.fullmatch(text) is None:
        raise BadPaymentText(characters=len(text), characters_max=characters_max)
    return text


def _clean(text: str) -> str:
    return _collapse(_UNSEEN.sub("", unicodedata.normalize("NFKC", text)))


def _collapse(text: str) -> str:
    return " ".join(text.split())


def _spell(text: str) -> str:
    return _SPELLED.sub(lambda found: _SPELLINGS[found.group()], text)


def _is_of_name(sign: str) -> bool:
    return sign == " " or sign in _NAME_SIGNS or unicodedata.category(sign)[0] in "LM" or sign.isdecimal()


def _rewrite(sign: str) -> str:
    """One sign in the set. Pictures are not spelled out: a bank's clerk would read ``:grinning:``."""
    if _SET.fullmatch(sign):
        return sign
    if sign in _SIGNS:
        return _SIGNS[sign]
    is_picture = unicodedata.category(sign) in {"So", "Sk", "Cc", "Cf", "Cn", "Co", "Cs"}
    written = "" if is_picture else anyascii(sign)
    if unicodedata.category(sign)[0] == "M" and not written:
        return ""
    return written if written and _SET.fullmatch(written) else "."
