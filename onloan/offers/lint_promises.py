"""Rules about the merchant: who it is, what it says of itself, who else receives data, what it may not keep."""

from __future__ import annotations

import re
from collections.abc import Iterator

from onloan.markets.rules import known_countries, market_facts
from onloan.offers.defaults import controller_country, countries
from onloan.offers.findings import Finding, block, syntax
from onloan.offers.nodes import Part
from onloan.offers.vocabulary import CLAIM_KINDS, ITEMS

_EMAIL = re.compile(r"[^\s@<>]{1,64}@[^\s@<>.]+(\.[^\s@<>.]+)+")
_NOBODY = re.compile(r"\b(partners?|affiliates?|third part(y|ies)|tiers|partenaires?|others?|companies)\b", re.I)

# Keys that a rule refuses whatever they hold: the code, what is wrong with it, and what holds instead.
_REFUSED_KEYS: dict[str, tuple[str, str, str]] = {
    "headline": (
        "E-HEADLINE",
        "A headline is computed from the rewards, so that it cannot say more than they do.",
        "Take it out; onloan check shows it.",
    ),
    "cancel": (
        "E-HONOUR",
        "What was earned or is under way is paid, whatever happens to the offer.",
        "Take it out; a market can be suspended at once, and still pays.",
    ),
    "change": (
        "E-UNFAIR-TERM",
        "A published offer does not change; people keep what they joined.",
        "Take it out; publish a new version.",
    ),
    "decisions": (
        "E-UNFAIR-TERM",
        "Nobody decides about a reward without reasons and without a second look.",
        "Take it out; the conditions decide.",
    ),
    "liability": ("E-UNFAIR-TERM", "The merchant answers for its own faults.", "Take it out."),
    "court": ("E-UNFAIR-TERM", "People can go to the court where they live.", "Take it out."),
    "waives": ("E-WAIVER", "A right cannot be given up, not even for money.", "Take it out."),
    "countdown": ("E-PRESSURE", "A clock that runs down presses people.", "Take it out."),
    "scarcity": ("E-PRESSURE", "Telling people that little is left presses them.", "Take it out."),
    "targeting": ("E-VULNERABLE", "Nobody is picked by income, debt or hardship.", "Take it out."),
    "tax_free": ("E-TAX-CLAIM", "Nobody can promise that a reward is free of tax.", "Take it out."),
}


def check(root: Part) -> Iterator[Finding]:
    yield from _check_controller(root)
    yield from _check_title(root)
    yield from _check_refused_keys(root)
    yield from _check_withdrawal(root)
    yield from _check_recipients(root)
    yield from _check_permission_recipients(root)
    yield from _check_claims(root)
    yield from _check_ids(root)


def _check_controller(root: Part) -> Iterator[Finding]:
    controller = root.get("controller")
    for key, what in (("name", "legal name"), ("address", "postal address"), ("email", "e-mail address")):
        if not controller.get(key).is_there:
            message = f"Nothing says who asks: no {what} of the merchant."
            yield block(controller.get(key), "E-NOTICE-INCOMPLETE", message, f"Add controller.{key}.")
    email = controller.get("email")
    if email.is_there and not _EMAIL.fullmatch(email.text() or ""):
        message = f"{email.quoted()} is not an e-mail address."
        yield block(email, "E-NOTICE-INCOMPLETE", message, "Write one that people can write to.")
    if controller.get("address").is_there and controller_country(root) is None:
        message = "The address does not end with a country that is known."
        yield block(controller.get("address"), "E-NOTICE-INCOMPLETE", message, "Add controller.country: FR.")


def _check_title(root: Part) -> Iterator[Finding]:
    if not root.get("title").names():
        message = "The offer has no title."
        mend = "Add title: with a text for each language of the markets."
        yield block(root.get("title"), "E-SIGNIFICANT-CONDITIONS", message, mend)


def _check_refused_keys(root: Part) -> Iterator[Finding]:
    for key, (code, message, mend) in _REFUSED_KEYS.items():
        part = root.get(key)
        if part.is_there and part.flag() is not False:
            yield block(part, code, message, mend, place=root.key_place(key))
    if root.get("age_check").text() == "id_document":
        message = "Identity papers are not asked for; a declaration is enough."
        yield block(root.get("age_check"), "E-ID-DOCUMENT", message, "Write age_check: declaration.")
    if root.get("complaints").text() == "to_us_first":
        message = "People may complain to the authority at once."
        yield block(root.get("complaints"), "E-COMPLAINT-BAR", message, "Write complaints: anywhere.")


def _check_withdrawal(root: Part) -> Iterator[Finding]:
    taking_back = root.get("on_withdrawal")
    if taking_back.text() not in {None, "keeps_rewards"}:
        message = "Taking back costs nothing and takes nothing that was earned."
        yield block(taking_back, "E-WITHDRAWAL-COST", message, "Write on_withdrawal: keeps_rewards.")
    clause = root.get("no_claim_on_withdrawal")
    if clause.flag() is False:
        message = "The merchant gives up every claim against people who take back (ES LO 1/1982, DE KUG 22)."
        yield block(clause, "E-NO-INDEMNITY-CLAUSE", message, "Take it out.")


def _check_recipients(root: Part) -> Iterator[Finding]:
    for recipient in root.get("recipients").items():
        name = recipient.get("name")
        if not name.is_there or _NOBODY.search(name.text() or ""):
            what = name.quoted() if name.is_there else "Nothing"
            message = f"{what} does not say who receives it."
            yield block(name, "E-RECIPIENT-UNNAMED", message, "Write the legal name of one recipient.")
        if not recipient.get("contract").is_there:
            message = "No contract covers this recipient (GDPR art. 26 and 28)."
            yield block(recipient.get("contract"), "E-RECIPIENT-UNNAMED", message, "Add contract: its reference.")
        consideration = recipient.get("consideration")
        if consideration.is_there and (consideration.text() or "").strip().lower() != "none":
            message = f"{consideration.quoted()} is given in return for people's data."
            yield block(consideration, "E-PAID-DISCLOSURE", message, "Write consideration: none.")
        yield from _check_transfer(recipient)


def _check_transfer(recipient: Part) -> Iterator[Finding]:
    country = recipient.get("country").text() or ""
    in_europe = country in known_countries() and (market_facts(country).eea or country in {"GB", "CH"})
    if not in_europe and not recipient.get("transfer").is_there:
        message = f"Data would leave Europe for {country or 'an unknown country'} without a safeguard."
        place = recipient.get("country").place
        mend = "Add transfer: scc, idta, bcr or adequacy, or choose a recipient in Europe."
        yield block(recipient.get("transfer"), "E-TRANSFER", message, mend, place=place)


def _check_permission_recipients(root: Part) -> Iterator[Finding]:
    known = {part.get("id").text() for part in root.get("recipients").items()}
    for permission in root.get("permissions").items():
        for part in permission.get("recipients").items():
            if part.text() not in known:
                what = part.quoted() if part.text() is not None else "A description here"
                message = f"{what} names nobody that the offer lists."
                mend = "Add them under recipients: with legal name, role, country and contract; write the id here."
                yield block(part, "E-RECIPIENT-UNNAMED", message, mend)


def _check_claims(root: Part) -> Iterator[Finding]:
    for claim in root.get("claims").items():
        entries = claim.entries()
        kind = entries[0][0].text if entries else claim.text() or ""
        takes_values = kind.startswith("only_")
        if kind not in CLAIM_KINDS or takes_values != bool(entries):
            what = claim.quoted() if not entries else f"“{kind}”"
            message = f"{what} is a sentence that no record can contradict."
            mend = "Use a claim that can be computed: " + ", ".join(CLAIM_KINDS) + "."
            yield block(claim, "E-CLAIM-UNPROVABLE", message, mend)
        elif takes_values and not entries[0][1].words():
            message = f"“{kind}” lists nothing."
            yield block(claim, "E-CLAIM-UNPROVABLE", message, "List the values, or take the claim out.")
        elif takes_values:
            yield from _check_claim_agrees(root, kind, entries[0][1])


def _check_claim_agrees(root: Part, kind: str, values: Part) -> Iterator[Finding]:
    """A claim that the offer itself contradicts would be false from the first day."""
    permissions = root.get("permissions").items()
    used: dict[str, list[str]] = {
        "only_items": [word for part in permissions for word in part.get("items").words()],
        "only_purposes": [word for part in permissions for word in part.get("purpose").words()],
        "only_channels": [word for part in permissions for word in part.get("channels").words()],
        "only_recipients": [word for part in permissions for word in part.get("recipients").words()],
        "only_markets": countries(root),
    }
    claimed = set(values.words())
    beyond = [word for word in used[kind] if word not in claimed and _whole_of(word) not in claimed]
    if beyond:
        message = f"The offer itself goes beyond this claim: {', '.join(dict.fromkeys(beyond))}."
        yield block(values, "E-CLAIM-FALSE", message, "Add what is missing, or ask for less.")


def _whole_of(word: str) -> str:
    """A masked username is a username."""
    return (ITEMS[word].part_of or word) if word in ITEMS else word


def _check_ids(root: Part) -> Iterator[Finding]:
    for group in ("rewards", "permissions", "recipients"):
        seen: set[str] = set()
        for part in root.get(group).items():
            name = part.get("id").text()
            if name in seen:
                message = f"{part.get('id').quoted()} stands twice under {group}."
                yield syntax(part.get("id"), "E-ID-TWICE", message, "Give each an id of its own.")
            seen.add(name or "")
