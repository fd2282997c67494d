"""Every code that the linter can give: the rule behind it and what it is about, in a few words.

A rule ``LR-nnn`` is one line of Onloan's own list of requirements; docs/offer-file.md says each in full.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """``rule`` is empty where the point is one of form, not of law. ``about`` heads a group of findings."""

    rule: str
    about: str


CODES: dict[str, Code] = {
    # The file as such.
    "E-FILE-READ": Code("", "The file cannot be opened"),
    "E-FILE-SIZE": Code("", "The file is too large"),
    "E-FILE-ENCODING": Code("", "The file is not UTF-8"),
    "E-FILE-EMPTY": Code("", "The file is empty"),
    "E-CHARACTER": Code("", "Hidden characters"),
    "E-YAML": Code("", "Not YAML"),
    "E-YAML-TAB": Code("", "Tabs indent"),
    "E-YAML-ALIAS": Code("", "Anchors and aliases"),
    "E-YAML-TAG": Code("", "Tags"),
    "E-YAML-DIRECTIVE": Code("", "Directives"),
    "E-YAML-DOCUMENTS": Code("", "More than one document"),
    "E-YAML-DEPTH": Code("", "Too deep"),
    "E-YAML-NODES": Code("", "Too many values"),
    "E-KEY-TWICE": Code("", "A key stands twice"),
    "E-KEY-WORD": Code("", "A key is not a word"),
    "E-KEY-UNKNOWN": Code("", "Unknown keys"),
    "E-KEY-MISSING": Code("", "Missing keys"),
    "E-VALUE": Code("", "Values of the wrong form"),
    "E-ID-TWICE": Code("", "An id stands twice"),
    # What a permission may ask.
    "E-BASIS": Code("LR-001", "One legal basis for each purpose"),
    "E-PURPOSE-OPEN": Code("LR-002", "Purposes are named, never open"),
    "E-FIELD-WILDCARD": Code("LR-003", "Items are named, never a heap"),
    "E-FIELD-UNKNOWN": Code("LR-003", "Items come from the list"),
    "E-NECESSITY": Code("LR-003", "Why each item is needed"),
    "E-TERM-MISSING": Code("LR-004", "A permission ends by itself"),
    "E-TERM-TOO-LONG": Code("LR-004", "A permission lasts three years at most"),
    "E-RENEWAL": Code("LR-004", "A permission is never renewed in silence"),
    "E-WAIVER": Code("LR-005", "No right can be waived"),
    "E-SALE-WORDING": Code("LR-006", "Data is not sold or ceded"),
    "E-IMAGE-SCOPE": Code("LR-007", "Where items may be shown"),
    "E-TERRITORY": Code("LR-008", "Countries are named"),
    "E-RECIPIENT-UNNAMED": Code("LR-009", "Recipients have names"),
    "E-PAID-DISCLOSURE": Code("LR-010", "Nothing is disclosed for money"),
    "E-UNFAIR-TERM": Code("LR-012", "No one-sided terms"),
    "E-NO-INDEMNITY-CLAUSE": Code("LR-013", "Changing one's mind costs nothing"),
    "E-ART9": Code("LR-014", "Sensitive data and biometrics"),
    "E-SYNTHETIC": Code("LR-015", "No synthetic or training use"),
    "E-CLAIM-UNPROVABLE": Code("LR-016", "Claims can be computed"),
    "E-CLAIM-FALSE": Code("LR-016", "Claims agree with the offer"),
    "E-DPIA": Code("LR-017", "Impact assessment"),
    "E-DPIA-RISK": Code("LR-017", "High risk that remains"),
    "E-REPRESENTATIVE": Code("LR-018", "Representative in the region"),
    "E-LANGUAGE": Code("LR-019", "Texts in a language of the market"),
    "E-PAGES": Code("LR-019", "Pages in a language of the market"),
    "E-TRANSLATION": Code("LR-019", "Machine translation"),
    "E-TRANSFER": Code("LR-070", "Data that leaves Europe"),
    # How it is asked.
    "E-ACT": Code("LR-021", "A yes is an act"),
    "E-BUNDLE": Code("LR-022", "One question for each purpose"),
    "E-MIXED-ACT": Code("LR-023", "Permission and terms are two acts"),
    "E-PRESSURE": Code("LR-025", "No pressure"),
    "E-CONDITIONAL": Code("LR-026", "The pot is the same without"),
    "E-BONUS": Code("LR-027", "A thank-you for a permission"),
    "E-BONUS-CAP": Code("LR-027", "A thank-you is small"),
    "E-NOTICE-INCOMPLETE": Code("LR-028", "Who asks"),
    "E-WITHDRAWAL-COST": Code("LR-033", "What was earned stays"),
    "E-AGE-MIN": Code("LR-034", "Age"),
    "E-AGE-LOWERED": Code("LR-034", "Younger than 18"),
    "E-ID-DOCUMENT": Code("LR-035", "No identity papers"),
    "E-TRACKER": Code("LR-036", "No tracking"),
    "E-VULNERABLE": Code("LR-038", "No targeting of people in need"),
    "E-UP-TO": Code("LR-038", "Amounts are certain"),
    # Friends.
    "E-FRIEND-DATA": Code("LR-039", "Nothing about friends is collected"),
    "E-MESSAGE-MODE": Code("LR-041", "No messages to friends"),
    "E-PAY-PER-CONTACT": Code("LR-042", "Only a friend's own joining is rewarded"),
    "E-AD-LABEL": Code("LR-043", "The share text says that there is a reward"),
    "E-PYRAMID": Code("LR-046", "One level, no money in"),
    "E-PURCHASE": Code("LR-046", "A friend's purchase counts"),
    # Promotion and money.
    "E-MARKET-UNKNOWN": Code("LR-099", "Countries whose rules are known"),
    "E-SIGNIFICANT-CONDITIONS": Code("LR-049", "Significant conditions"),
    "E-HEADLINE": Code("LR-049", "The headline is computed"),
    "E-CLOSING-DATE": Code("LR-050", "Opening and closing days"),
    "E-OPEN-ENDED": Code("LR-050", "Open-ended"),
    "E-POOL": Code("LR-051", "The pool covers the pots"),
    "E-MARKET-CURRENCY": Code("LR-051", "The market's currency"),
    "E-COST-TO-CLAIM": Code("LR-052", "A reward costs nothing"),
    "E-FALSE-WIN": Code("LR-053", "Nobody has won yet"),
    "E-PAYOUT-LATE": Code("LR-054", "Paid within thirty days"),
    "E-HONOUR": Code("LR-055", "What was earned is paid"),
    "E-WINNER-PUBLICITY": Code("LR-056", "Publicity about winners"),
    "E-CHANCE": Code("LR-057", "Chance"),
    "E-DRAW": Code("LR-057", "No draw without proof"),
    "E-CASH-UNKNOWN": Code("LR-058", "Cash where nobody has looked into it"),
    "E-IT-PREMIO": Code("LR-058", "Prizes in Italy"),
    "E-BE-CHANCE": Code("LR-059", "Chance where it is refused"),
    "E-NL-CODE": Code("LR-059", "Chance in the Netherlands"),
    "E-PRIZE-TAX": Code("LR-060", "Tax on prizes"),
    "E-TAX-CLAIM": Code("LR-061", "Nothing is called tax-free"),
    "E-TAX-DATA-EARLY": Code("LR-062", "No tax data yet"),
    "E-IBAN-PURPOSE": Code("LR-063", "Bank details are for payment only"),
    "E-THIRD-PARTY-PAYEE": Code("LR-065", "Paid to the person alone"),
    "E-COMPLAINT-BAR": Code("LR-098", "Complaints go where people like"),
    "E-FREE-TEXT": Code("LR-005", "Terms are written from the offer"),
}
