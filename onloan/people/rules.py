"""What an e-mail address, a username and a one-time code may look like. Pure."""

from __future__ import annotations

import re
import unicodedata

ITEM_NAMES = ("email", "username", "profile_photo", "payee_name", "payee_account")
CODE_KINDS = ("link", "voucher", "receipt", "participant", "slip", "bearer")
CODE_PURPOSES = ("join", "sign_in", "change", "request", "follow", "sighting")
"""What a one-time code is for. It opens nothing else, and its hourly number is counted by itself."""
LONG_CODE_DIGITS = 16
CHANGED_NAMES = ("email", "username", "profile_photo", "language")
"""What a person changes on their own page and whose history is kept."""

EMAIL_CHARACTERS_MAX = 254
LOCAL_CHARACTERS_MAX = 64
USERNAME_VISIBLE_MIN = 2
USERNAME_VISIBLE_MAX = 24
USERNAME_CHARACTERS_MAX = 64
MARKS_IN_A_ROW_MAX = 3
DIGITS_MAX = 6

_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Characters that the older and the newer rules for domain names read differently (RFC 5894, section 7.2): a
# code must never go to a domain that its reader did not mean.
_READ_IN_TWO_WAYS = frozenset("ß\u03c2\u200c\u200d")

# Letters and marks by category that show nothing, or that change how their neighbours look.
_INVISIBLE = frozenset(
    map(chr, [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x3164, 0xFFA0])
) | frozenset(map(chr, range(0xFE00, 0xFE10)))
_LOOK_ALIKE_FORMS = ("<font>", "<wide>", "<circle>", "<square>", "<super>", "<sub>", "<fraction>")
# Alphabets whose letters are mistaken for each other: a name is written in one of them.
_CONFUSED_ALPHABETS = frozenset({"LATIN", "CYRILLIC", "GREEK", "COPTIC", "ARMENIAN", "CHEROKEE", "LISU"})
_ADDRESS = re.compile(
    r"^(?:https?|www)\b|\bwww\.|\.(?:app|at|be|biz|bio|ch|club|co|com|de|dev|es|eu|fr|gg|gl|ie|info|io|it|link|live"
    r"|ly|me|net|nl|no|online|org|page|pl|pt|ru|se|shop|site|store|to|top|tv|uk|us|vip|xyz)(?:$|[ ._-])"
)


def check_email(text: str) -> str:
    """The address in the one form under which it is kept and looked up: NFC, lower case, domain in ASCII.

    Raises ValueError with the reason: ``empty``, ``too_long``, ``form`` or ``domain``. Parts that some mail
    servers ignore (dots, what follows a plus) are kept: they belong to the person who owns the domain.
    """
    if not text.strip():
        raise ValueError("empty")
    if len(text) > EMAIL_CHARACTERS_MAX:
        raise ValueError("too_long")
    local, at, domain = unicodedata.normalize("NFC", text.strip()).lower().rpartition("@")
    if not at or len(local) > LOCAL_CHARACTERS_MAX or _LOCAL.fullmatch(local) is None:
        raise ValueError("form")
    email = f"{local}@{_check_domain(domain)}"
    if len(email) > EMAIL_CHARACTERS_MAX:
        raise ValueError("too_long")
    return email


def _check_domain(domain: str) -> str:
    if _READ_IN_TWO_WAYS & set(domain):
        raise ValueError("domain")
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise ValueError("domain") from None
    labels = ascii_domain.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise ValueError("domain")
    return ascii_domain


def check_username(text: str) -> str:
    """The name to show, in NFC with single spaces.

    Letters and digits of any script, with ``. _ -`` and spaces between them; 2 to 24 visible characters.
    Raises ValueError with the reason: ``length``, ``character``, ``edge``, ``alphabet``, ``address`` or
    ``phone``.
    """
    if len(text) > USERNAME_CHARACTERS_MAX:
        raise ValueError("length")
    name = re.sub(" +", " ", unicodedata.normalize("NFC", text).strip(" "))
    marks_in_a_row = 0
    for character in name:
        if not _may_stand_in_name(character):
            raise ValueError("character")
        marks_in_a_row = marks_in_a_row + 1 if _is_mark(character) else 0
        if marks_in_a_row > MARKS_IN_A_ROW_MAX:
            raise ValueError("character")
    visible = sum(1 for character in name if character != " " and not _is_mark(character))
    if not USERNAME_VISIBLE_MIN <= visible <= USERNAME_VISIBLE_MAX:
        raise ValueError("length")
    if not name[0].isalnum() or name[-1] in " ._-" or re.search(r"[ ._-]{3}|\.\.", name):
        raise ValueError("edge")
    _check_what_it_says(name)
    return name


def _may_stand_in_name(character: str) -> bool:
    if character in " ._-":
        return True
    if character in _INVISIBLE or unicodedata.decomposition(character).startswith(_LOOK_ALIKE_FORMS):
        return False
    category = unicodedata.category(character)
    return category in {"Lu", "Ll", "Lt", "Lo", "Lm", "Nd", "Mn", "Mc"}


def _is_mark(character: str) -> bool:
    return unicodedata.category(character) in {"Mn", "Mc"}


def _check_what_it_says(name: str) -> None:
    """A name is no address, no number to call, and no mixture of alphabets that look alike."""
    alphabets = {unicodedata.name(character, "").split(" ")[0] for character in name if character.isalpha()}
    if len(alphabets & _CONFUSED_ALPHABETS) > 1:
        raise ValueError("alphabet")
    if _ADDRESS.search(name.lower()):
        raise ValueError("address")
    if sum(1 for character in name if unicodedata.category(character) == "Nd") > DIGITS_MAX:
        raise ValueError("phone")


def mask_username(name: str) -> str:
    """``Ana`` as ``A•••``, ``Chloé M`` as ``C•••M``: how long the name is cannot be read from it."""
    clusters: list[str] = []
    for character in name:
        if clusters and _is_mark(character):
            clusters[-1] += character
        else:
            clusters.append(character)
    tail = clusters[-1] if len(clusters) >= 5 else ""
    return f"{clusters[0]}•••{tail}"


def mask_email(email: str) -> str:
    """``ana@example.org`` as ``a•••@e•••.org``: enough to see that it is the right one, and no address."""
    local, _, domain = email.partition("@")
    return f"{local[0]}•••@{domain[0]}•••.{domain.rpartition('.')[2]}"


def read_code(text: str) -> str:
    """The digits of a typed code, without the spaces and dashes that part them; empty for what is no code: six
    ASCII digits, or sixteen of a long one."""
    digits = re.sub(r"(?<=[0-9])[ \u00a0-](?=[0-9])", "", text.strip())
    return digits if re.fullmatch(r"[0-9]{6}|[0-9]{16}", digits) is not None else ""


def show_code(digits: str) -> str:
    """As it stands in a mail: sixteen digits in groups of four."""
    return " ".join(re.findall("....", digits)) if len(digits) == LONG_CODE_DIGITS else digits
