"""Rules about what a permission asks: items, purpose, where, for how long, and by what act it is given."""

from __future__ import annotations

from collections.abc import Iterator

from onloan.markets.rules import known_countries
from onloan.offers.defaults import countries
from onloan.offers.findings import Finding, block
from onloan.offers.grammar import DAYS_MAX
from onloan.offers.nodes import Part
from onloan.offers.shapes import suggest
from onloan.offers.vocabulary import CHANNELS, EXCLUDED_CONTEXTS, ITEMS, PURPOSES

_HEAPS = frozenset(
    {
        *("*", "all", "any", "everything", "other", "personal_data", "profile", "content", "likeness"),
        *("image", "biography", "biographical_information", "opinions", "statements", "personality"),
    }
)
_SENSITIVE = frozenset(
    {
        *("health", "religion", "beliefs", "race", "ethnicity", "political_opinions", "politics"),
        *("trade_union", "sexual_orientation", "sex_life", "genetic_data", "biometric_data", "face_template"),
        *("criminal_record", "voiceprint", "fingerprint"),
    }
)
_TAX_ITEMS = frozenset(
    {"tax_number", "birth_date", "date_of_birth", "postal_address", "home_address", "social_security_number"}
)
_BANK_ITEMS = frozenset({"iban", "bank_account", "account_number", "account_holder", "card_number"})
_WORLD = frozenset({"worldwide", "world", "everywhere", "universe", "global", "all", "any", "*"})


def check(root: Part) -> Iterator[Finding]:
    for permission in root.get("permissions").items():
        yield from _check_items(permission.get("items"))
        yield from _check_purpose(root, permission)
        yield from _check_channels(permission)
        yield from _check_territories(permission.get("territories"))
        yield from _check_contexts(permission)
        yield from _check_term(permission)
        yield from _check_why(permission)
        yield from _check_act(permission)
        yield from _check_handling(permission)


def _plain(word: str) -> str:
    return "_".join(word.lower().replace("-", " ").replace("_", " ").split())


def _check_items(items: Part) -> Iterator[Finding]:
    known = ", ".join(ITEMS)
    if not items.words():
        yield block(items, "E-FIELD-UNKNOWN", "No item is named.", f"Name what is shown: {known}.")
    for item in items.items():
        word = _plain(item.text() or "")
        if word in ITEMS:
            continue
        if word in _HEAPS:
            message = f"{item.quoted()} is a heap of data, not one item."
            yield block(item, "E-FIELD-WILDCARD", message, f"Name each item: {known}.")
        elif word in _SENSITIVE:
            message = f"{item.quoted()} is sensitive by nature; no campaign needs it."
            yield block(item, "E-ART9", message, "Take it out.")
        elif word in _TAX_ITEMS:
            message = f"{item.quoted()} is asked only when a tax duty arises, never to show it."
            yield block(item, "E-TAX-DATA-EARLY", message, "Take it out.")
        elif word in _BANK_ITEMS:
            message = f"{item.quoted()} serves to pay and nothing else."
            yield block(item, "E-IBAN-PURPOSE", message, "Take it out.")
        else:
            message = f"{item.quoted()} is not an item that can be shown."
            mend = f"The items are: {known}. {suggest(word, tuple(ITEMS))}".rstrip()
            yield block(item, "E-FIELD-UNKNOWN", message, mend)


def _check_purpose(root: Part, permission: Part) -> Iterator[Finding]:
    purposes = permission.get("purpose").items()
    asked = [name for name, purpose in PURPOSES.items() if purpose.is_asked]
    if not purposes:
        message = "No purpose is named."
        yield block(permission.get("purpose"), "E-PURPOSE-OPEN", message, "One of: " + ", ".join(asked) + ".")
    for extra in purposes[1:]:
        message = f"{extra.quoted()} is a second purpose under one question."
        yield block(extra, "E-BUNDLE", message, "Write a permission of its own for each purpose.")
    for part in purposes:
        word = part.text() or ""
        if word not in PURPOSES:
            message = f"{part.quoted()} leaves open what it is for."
            mend = "One of: " + ", ".join(asked) + f". {suggest(word, asked)}".rstrip()
            yield block(part, "E-PURPOSE-OPEN", message, mend)
        elif not PURPOSES[word].is_asked:
            basis = PURPOSES[word].basis.replace("_", " ")
            message = f"“{word}” rests on {basis}; asking for consent would promise a choice that is none."
            yield block(part, "E-BASIS", message, "Take it out; the notice explains it.")
    yield from _check_basis(root, permission)


def _check_basis(root: Part, permission: Part) -> Iterator[Finding]:
    basis = permission.get("basis")
    bases = basis.words()
    if not bases or bases == ["consent"]:
        return
    message = "A purpose has one basis." if len(bases) > 1 else f"Showing people rests on consent, not {bases[0]}."
    yield block(basis, "E-BASIS", message, "Write basis: consent, or leave it out.")
    shows_winners = set(permission.get("purpose").words()) & {"winner_wall", "photo_wall", "social_post"}
    if shows_winners and "GB" in countries(root) and "consent" not in bases:
        message = "A winner's name or photo is not published because the terms say so."
        yield block(basis, "E-WINNER-PUBLICITY", message, "Ask: basis: consent.")


def _check_channels(permission: Part) -> Iterator[Finding]:
    channels = permission.get("channels")
    known = ", ".join(CHANNELS)
    if not channels.words():
        yield block(channels, "E-IMAGE-SCOPE", "No channel says where items appear.", f"Name them: {known}.")
    for channel in channels.items():
        word = channel.text() or ""
        if word not in CHANNELS:
            message = f"{channel.quoted()} does not say where."
            mend = f"The channels are: {known}. {suggest(word, tuple(CHANNELS))}".rstrip()
            yield block(channel, "E-IMAGE-SCOPE", message, mend)
    reachable = permission.get("publicly_reachable")
    public = [word for word in channels.words() if word in CHANNELS and CHANNELS[word].is_public]
    if reachable.flag() is False and public:
        message = f"{public[0]} can be read by anyone, from any country."
        yield block(reachable, "E-TERRITORY", message, "Write publicly_reachable: true, or leave it out.")


def _check_territories(territories: Part) -> Iterator[Finding]:
    known = known_countries()
    if territories.node is not None and not territories.words():
        yield block(territories, "E-TERRITORY", "No country is named.", "Leave it out to mean the markets.")
    for part in territories.items():
        word = part.text() or ""
        if word in known:
            continue
        what = "is no country" if _plain(word) in _WORLD else "is not a country that Onloan knows"
        mend = "Name countries, as [FR, GB], or leave it out to mean the markets."
        yield block(part, "E-TERRITORY", f"{part.quoted()} {what}.", mend)


def _check_contexts(permission: Part) -> Iterator[Finding]:
    contexts = permission.get("excluded_contexts")
    has_image = any(word in ITEMS and ITEMS[word].is_image for word in permission.get("items").words())
    if contexts.node is None:
        return
    missing = [name for name in EXCLUDED_CONTEXTS if name not in contexts.words()]
    if missing and has_image:
        message = "A photo could be shown beside: " + ", ".join(missing) + "."
        yield block(contexts, "E-IMAGE-SCOPE", message, "Leave it out to exclude the whole list, or add them.")


def _check_term(permission: Part) -> Iterator[Finding]:
    term, days = permission.get("term"), permission.get("term_days")
    mend = f"Write term_days: 365; {DAYS_MAX:,} is the longest."
    if term.is_there:
        message = f"{term.quoted()} is no term; a permission ends by itself."
        yield block(term, "E-TERM-MISSING", message, mend)
    if (days.whole() or 0) > DAYS_MAX:
        message = f"{days.whole():,} days are more than three years."
        yield block(days, "E-TERM-TOO-LONG", message, mend)
    renewal = permission.get("renewal")
    if renewal.text() == "tacit":
        message = "A permission that renews itself does not end."
        yield block(renewal, "E-RENEWAL", message, "Ask again when it has ended; write renewal: none.")


def _check_why(permission: Part) -> Iterator[Finding]:
    if not permission.get("why").is_there:
        message = "Nothing says why this is asked."
        mend = "Add why: one sentence in each language of the markets."
        yield block(permission.get("why"), "E-NECESSITY", message, mend)


def _check_act(permission: Part) -> Iterator[Finding]:
    given_by = permission.get("given_by")
    act = given_by.text()
    mend = "Write given_by: own_control: one unticked control, one act."
    if act in {"accepting_terms", "joining", "using_a_reward"}:
        message = f"{given_by.quoted()} is another act; it gives no permission."
        yield block(given_by, "E-MIXED-ACT", message, mend)
    elif act in {"ticked_box", "silence"}:
        message = f"{given_by.quoted()} is not an act; only a control that the person sets is."
        yield block(given_by, "E-ACT", message, mend)
    if permission.get("required").flag() is True:
        message = "A permission that one must give is no choice; the pot is the same without."
        yield block(permission.get("required"), "E-CONDITIONAL", message, "Take it out.")


def _check_handling(permission: Part) -> Iterator[Finding]:
    revocable = permission.get("revocable")
    if revocable.flag() is False:
        message = "Every permission can be taken back, at any time."
        yield block(revocable, "E-WAIVER", message, "Take it out.")
    grant = permission.get("grant")
    if grant.text() in {"sale", "assignment", "ownership", "licence"}:
        message = f"{grant.quoted()} is more than a permission that can be taken back."
        yield block(grant, "E-SALE-WORDING", message, "Write grant: revocable_licence, or leave it out.")
    if permission.get("sublicence").flag() is True:
        message = "Nobody may pass on what they were given to show."
        yield block(permission.get("sublicence"), "E-RECIPIENT-UNNAMED", message, "Name each recipient instead.")
    if permission.get("photo_processing").is_there:
        part = permission.get("photo_processing")
        message = "A photo is looked at, not measured: no recognition, no emotion, no age."
        yield block(part, "E-ART9", message, "Take it out.", place=permission.key_place("photo_processing"))
    for key, wrong in (("synthetic_use", "allowed"), ("ai_training", "true")):
        part = permission.get(key)
        if (part.text() or "").lower() == wrong:
            message = f"{key.replace('_', ' ')} is not something that a campaign may ask."
            yield block(part, "E-SYNTHETIC", message, "Take it out.")
