"""Each rule that a file can show: one change that it refuses, at the words at fault, and a near one that passes.

``‹`` marks where the finding must point. For something left out, that is the part that should hold it.
"""

from __future__ import annotations

import pytest

from onloan.offers.codes import CODES
from onloan.offers.lint import check_text
from tests.offers.files import FAIR, changed, marked

# Codes about the file as such have their cases in test_read.py.
FORM_CODES = {code for code, about in CODES.items() if not about.rule} - {"E-ID-TWICE"}

Edit = tuple[str, str]

PERMISSION = "    purpose: referral_card\n"
TITLE = "title: {fr: La cagnotte, en: The pot}"
MARKET = "  FR: {opens: 2026-12-01, closes: 2027-01-15, pool: 5000.00 EUR, dpia: DPIA-1}\n"
QUALIFIES = "  qualifies: {event: app_signed_up}\n"
WELCOME = "  - {id: welcome, to: participant, voucher: {FR: 10.00 EUR}}\n"
CASH = "  - {id: cash, to: sponsor, cash: {FR: 4.00 EUR}, times: 5}\n"
WHY = "    why: {fr: Pour que vos amis voient qui les invite., en: So that friends see who invites.}\n"
CLAIM = "  - only_items: [username, profile_photo]"
RECIPIENT = """\
recipients:
  - {id: printer, name: Imprimerie Exemple SARL, role: processor, country: FR, contract: DPA-7}
claims:
"""


def permission(line: str) -> Edit:
    return PERMISSION, PERMISSION + f"    {line}\n"


def top(line: str) -> Edit:
    return "claims:\n", f"{line}\nclaims:\n"


def market(line: str) -> Edit:
    return MARKET, MARKET + f"  {line}\n"


def why(text: str) -> Edit:
    return WHY, f"    why:\n      fr: {text}\n"


def clause(text: str) -> Edit:
    return "claims:\n", f"clauses:\n  - {text}\nclaims:\n"


def recipient(change: str, by: str) -> Edit:
    assert change in RECIPIENT
    return "claims:\n", RECIPIENT.replace(change, by)


NO_CASH_NO_PHOTO = (
    (CASH, ""),
    ("    items: [username, profile_photo]", "    items: [username]"),
)
GERMAN = (
    (TITLE, "title: {fr: La cagnotte, de: Der Topf}"),
    (WHY, "    why: {fr: Pour vos amis., de: Damit Freunde sehen wer einlädt.}\n"),
)
CHANCE = (QUALIFIES, QUALIFIES + "mechanic: ‹chance\n")
IN = "{opens: 2026-12-01, closes: 2027-01-15, dpia: DPIA-1"

REFUSED: list[tuple[str, str, list[Edit]]] = [
    ("E-BASIS", "BLOCK", [permission("basis: ‹contract")]),
    ("E-BASIS", "BLOCK", [permission("basis: ‹[consent, contract]")]),
    ("E-BASIS", "BLOCK", [(PERMISSION, "    purpose: ‹payout\n")]),
    ("E-PURPOSE-OPEN", "BLOCK", [(PERMISSION, "    purpose: ‹promotion and similar\n")]),
    ("E-PURPOSE-OPEN", "BLOCK", [("  - id: card", "  - ‹id: card"), (PERMISSION, "")]),
    ("E-FIELD-WILDCARD", "BLOCK", [("    items: [username", "    items: [‹biographical information")]),
    ("E-FIELD-UNKNOWN", "BLOCK", [("    items: [username", "    items: [username, ‹voice")]),
    ("E-FIELD-UNKNOWN", "BLOCK", [("    items: [username, profile_photo]", "    items: ‹[]")]),
    ("E-NECESSITY", "BLOCK", [("  - id: card", "  - ‹id: card"), (WHY, "")]),
    ("E-TERM-MISSING", "BLOCK", [permission("term: ‹forever")]),
    ("E-TERM-TOO-LONG", "BLOCK", [permission("term_days: ‹1096")]),
    ("E-RENEWAL", "BLOCK", [permission("renewal: ‹tacit")]),
    ("E-WAIVER", "BLOCK", [permission("revocable: ‹false")]),
    ("E-WAIVER", "BLOCK", [top("‹waives: [access, erasure]")]),
    ("E-WAIVER", "BLOCK", [why("Vous nous laissez votre photo ‹à perpétuité.")]),
    ("E-WAIVER", "BLOCK", [clause(">\n    You let us use it\n    without any\n    ‹irrevocable doubt.")]),
    ("E-WAIVER", "BLOCK", [(TITLE, "title: {fr: La cagnotte, en: You ‹waive it}")]),
    ("E-WAIVER", "BLOCK", [clause("Sie ‹verzichten darauf.")]),
    ("E-WAIVER", "BLOCK", [clause("Se usa ‹sin previo aviso.")]),
    ("E-WAIVER", "BLOCK", [clause("Il consenso è ‹irrevocabile.")]),
    ("E-WAIVER", "BLOCK", [clause("De licentie is ‹eeuwigdurend.")]),
    ("E-FREE-TEXT", "BLOCK", [clause("‹Be nice to each other.")]),
    ("E-SALE-WORDING", "BLOCK", [permission("grant: ‹sale")]),
    ("E-SALE-WORDING", "BLOCK", [why("Vous nous ‹cédez vos droits.")]),
    ("E-IMAGE-SCOPE", "BLOCK", [("[invitation_page]", "[‹any media]")]),
    ("E-IMAGE-SCOPE", "BLOCK", [permission("excluded_contexts: ‹[political, religious]")]),
    ("E-IMAGE-SCOPE", "BLOCK", [("  - id: card", "  - ‹id: card"), ("    channels: [invitation_page]\n", "")]),
    ("E-TERRITORY", "BLOCK", [permission("territories: ‹worldwide")]),
    ("E-TERRITORY", "BLOCK", [permission("territories: [FR, ‹ZZ]")]),
    ("E-TERRITORY", "BLOCK", [("[invitation_page]", "[shop_website]"), permission("publicly_reachable: ‹false")]),
    ("E-RECIPIENT-UNNAMED", "BLOCK", [permission("recipients: [‹partners]")]),
    ("E-RECIPIENT-UNNAMED", "BLOCK", [permission("recipients: [‹{role: partner}]")]),
    ("E-RECIPIENT-UNNAMED", "BLOCK", [permission("sublicence: ‹true")]),
    (
        "E-RECIPIENT-UNNAMED",
        "BLOCK",
        [recipient("name: Imprimerie Exemple SARL", "name: ‹selected third parties")],
    ),
    ("E-RECIPIENT-UNNAMED", "BLOCK", [recipient("{id: printer", "‹{id: printer"), (", contract: DPA-7", "")]),
    ("E-PAID-DISCLOSURE", "BLOCK", [recipient("DPA-7}", "DPA-7, consideration: ‹2 cents for each photo}")]),
    ("E-TRANSFER", "BLOCK", [recipient("country: FR", "country: ‹US")]),
    ("E-UNFAIR-TERM", "BLOCK", [top("‹change: without_notice")]),
    ("E-UNFAIR-TERM", "BLOCK", [clause("We decide at our ‹sole discretion.")]),
    ("E-UNFAIR-TERM", "WARN", [clause("There is ‹no liability.")]),
    ("E-NO-INDEMNITY-CLAUSE", "BLOCK", [top("no_claim_on_withdrawal: ‹false")]),
    ("E-ART9", "BLOCK", [("    items: [username", "    items: [‹health")]),
    ("E-ART9", "BLOCK", [permission("‹photo_processing: [face_recognition]")]),
    ("E-SYNTHETIC", "BLOCK", [permission("ai_training: ‹true")]),
    ("E-SYNTHETIC", "BLOCK", [permission("synthetic_use: ‹allowed")]),
    ("E-CLAIM-UNPROVABLE", "BLOCK", [(CLAIM, "  - ‹We never sell your data.")]),
    ("E-CLAIM-UNPROVABLE", "BLOCK", [(CLAIM, "  - ‹never_sold_to: [anyone]")]),
    ("E-CLAIM-UNPROVABLE", "BLOCK", [(CLAIM, "  - ‹only_items: []")]),
    ("E-CLAIM-FALSE", "BLOCK", [(CLAIM, "  - only_items: ‹[username]")]),
    ("E-CLAIM-FALSE", "BLOCK", [(CLAIM, "  - only_markets: ‹[GB]")]),
    ("E-DPIA", "BLOCK", [("FR: {opens", "FR: ‹{opens"), (", dpia: DPIA-1", "")]),
    ("E-DPIA", "BLOCK", [("dpia: DPIA-1", "dpia: ‹later")]),
    ("E-DPIA-RISK", "HOLD", [("dpia: DPIA-1", "dpia: DPIA-1, residual_risk: ‹high")]),
    ("E-REPRESENTATIVE", "BLOCK", [market(f"‹GB: {IN}, pool: 5000.00 GBP}}")]),
    ("E-REPRESENTATIVE", "BLOCK", [("75020 Paris, France", "London, United Kingdom"), ("  FR: {", "  ‹FR: {")]),
    ("E-LANGUAGE", "BLOCK", [(TITLE, "title: ‹{en: The pot}")]),
    ("E-LANGUAGE", "BLOCK", [("dpia: DPIA-1", "dpia: DPIA-1, languages: ‹[en]")]),
    ("E-PAGES", "HOLD", [*GERMAN, market(f"‹DE: {IN}, pool: 5000.00 EUR}}")]),
    ("E-TRANSLATION", "HOLD", [top("translation: ‹machine")]),
    ("E-ACT", "BLOCK", [permission("given_by: ‹ticked_box")]),
    ("E-MIXED-ACT", "BLOCK", [permission("given_by: ‹accepting_terms")]),
    ("E-BUNDLE", "BLOCK", [(PERMISSION, "    purpose: [referral_card, ‹winner_wall]\n")]),
    ("E-PRESSURE", "BLOCK", [top("‹countdown: {hours: 24}")]),
    ("E-PRESSURE", "BLOCK", [(QUALIFIES, QUALIFIES + "  ‹share_within_hours: 24\n")]),
    ("E-PRESSURE", "BLOCK", [(TITLE, "title: {fr: ‹Dernière chance, en: The pot}")]),
    ("E-CONDITIONAL", "BLOCK", [("10.00 EUR}}", "10.00 EUR}, requires_permission: ‹card}")]),
    ("E-CONDITIONAL", "BLOCK", [permission("required: ‹true")]),
    (
        "E-BONUS",
        "HOLD",
        [(CASH, CASH + "  - {id: merci, to: participant, voucher: {FR: 1.00 EUR}, thanks_for: ‹card}\n")],
    ),
    (
        "E-BONUS",
        "BLOCK",
        [(CASH, CASH + "  - {id: merci, to: participant, voucher: {FR: 1.00 EUR}, thanks_for: ‹nothing}\n")],
    ),
    (
        "E-BONUS-CAP",
        "BLOCK",
        [(CASH, CASH + "  - {id: merci, to: participant, voucher: {FR: ‹3.01 EUR}, thanks_for: card}\n")],
    ),
    ("E-NOTICE-INCOMPLETE", "BLOCK", [("  email: privacy@boutique.example", "  email: ‹nobody")]),
    ("E-NOTICE-INCOMPLETE", "BLOCK", [("  name: B", "  ‹name: B"), ("  email: privacy@boutique.example\n", "")]),
    ("E-NOTICE-INCOMPLETE", "BLOCK", [("address: 1 rue des Lilas, 75020 Paris, France", "address: ‹Atlantis")]),
    ("E-WITHDRAWAL-COST", "BLOCK", [top("on_withdrawal: ‹loses_rewards")]),
    ("E-WITHDRAWAL-COST", "BLOCK", [clause("You ‹forfeit what you earned.")]),
    ("E-AGE-MIN", "BLOCK", [("dpia: DPIA-1", "dpia: DPIA-1, age_min: ‹16")]),
    ("E-AGE-MIN", "BLOCK", [*NO_CASH_NO_PHOTO, ("dpia: DPIA-1", "dpia: DPIA-1, age_min: ‹14")]),
    ("E-AGE-LOWERED", "HOLD", [*NO_CASH_NO_PHOTO, ("dpia: DPIA-1", "dpia: DPIA-1, age_min: ‹16")]),
    ("E-ID-DOCUMENT", "BLOCK", [top("age_check: ‹id_document")]),
    ("E-TRACKER", "BLOCK", [(QUALIFIES, QUALIFIES + "  tracking: ‹fingerprint\n")]),
    ("E-VULNERABLE", "BLOCK", [top("‹targeting: [low_income]")]),
    ("E-UP-TO", "BLOCK", [("10.00 EUR}}", "10.00 EUR}, up_to: ‹true}")]),
    ("E-UP-TO", "BLOCK", [(TITLE, "title: {fr: ‹Jusqu'à 100 euros, en: The pot}")]),
    ("E-FRIEND-DATA", "BLOCK", [(QUALIFIES, QUALIFIES + "  mode: ‹address_book\n")]),
    ("E-FRIEND-DATA", "BLOCK", [(QUALIFIES, QUALIFIES + "  ‹friend_fields: [email]\n")]),
    ("E-MESSAGE-MODE", "BLOCK", [(QUALIFIES, QUALIFIES + "  mode: ‹single_message\n")]),
    ("E-PAY-PER-CONTACT", "BLOCK", [(QUALIFIES, QUALIFIES + "  pays_for: ‹invitation\n")]),
    ("E-AD-LABEL", "BLOCK", [(QUALIFIES, QUALIFIES + "  ‹share_text: {en: Join me}\n")]),
    ("E-PYRAMID", "BLOCK", [(QUALIFIES, QUALIFIES + "  levels: ‹2\n")]),
    ("E-PYRAMID", "BLOCK", [("to: sponsor", "to: ‹sponsor_of_sponsor")]),
    ("E-PYRAMID", "BLOCK", [("times: 5", "times: 5, level: ‹2")]),
    ("E-PYRAMID", "BLOCK", [("{event: app_signed_up}", "{event: app_signed_up, ‹deposit: 50.00 EUR}")]),
    ("E-PYRAMID", "BLOCK", [top("‹joining_fee: 1.00 EUR")]),
    ("E-PURCHASE", "HOLD", [("app_signed_up", "‹first_order")]),
    ("E-MARKET-UNKNOWN", "BLOCK", [market(f"‹US: {IN}, pool: 1.00 USD}}")]),
    ("E-SIGNIFICANT-CONDITIONS", "BLOCK", [("onloan: 1", "‹onloan: 1"), (TITLE, "")]),
    ("E-SIGNIFICANT-CONDITIONS", "BLOCK", [("app_signed_up", "‹smiled_at_us")]),
    ("E-SIGNIFICANT-CONDITIONS", "BLOCK", [("10.00 EUR", "‹0.00 EUR")]),
    ("E-SIGNIFICANT-CONDITIONS", "BLOCK", [("{FR: 10.00 EUR}", "{FR: 10.00 EUR, NO: ‹100.00 NOK}")]),
    (
        "E-SIGNIFICANT-CONDITIONS",
        "BLOCK",
        [("  - {id: welcome", "  - ‹{id: welcome"), ("voucher: {FR: 10.00 EUR}", "")],
    ),
    ("E-SIGNIFICANT-CONDITIONS", "BLOCK", [market(f"‹GB: {IN}, pool: 1.00 GBP}}")]),
    ("E-HEADLINE", "BLOCK", [top("‹headline: At least 100 euros")]),
    ("E-CLOSING-DATE", "BLOCK", [("closes: 2027-01-15", "closes: ‹2026-11-30")]),
    ("E-CLOSING-DATE", "BLOCK", [("closes: 2027-01-15", "closes: ‹2030-01-15")]),
    ("E-CLOSING-DATE", "BLOCK", [("FR: {opens", "FR: ‹{opens"), (" closes: 2027-01-15,", "")]),
    ("E-CLOSING-DATE", "BLOCK", [("opens: 2026-12-01", "opens: ‹0026-12-01")]),
    ("E-CLOSING-DATE", "BLOCK", [("dpia: DPIA-1", "dpia: DPIA-1, time_zone: ‹Europe/Atlantis")]),
    ("E-OPEN-ENDED", "HOLD", [("closes: 2027-01-15", "closes: ‹open_ended, notice_days: 30")]),
    ("E-POOL", "BLOCK", [("5000.00 EUR", "‹29.99 EUR")]),
    ("E-POOL", "BLOCK", [("FR: {opens", "FR: ‹{opens"), (" pool: 5000.00 EUR,", "")]),
    ("E-MARKET-CURRENCY", "BLOCK", [("10.00 EUR", "‹10.00 GBP")]),
    ("E-MARKET-CURRENCY", "BLOCK", [("5000.00 EUR", "‹5000.00 GBP")]),
    ("E-MARKET-CURRENCY", "BLOCK", [("app_signed_up", "first_order, minimum_order: {FR: ‹20.00 GBP}")]),
    (
        "E-SIGNIFICANT-CONDITIONS",
        "BLOCK",
        [("app_signed_up", "first_order, minimum_order: ‹{FR: 20.00 EUR}"), market(f"BE: {IN}, pool: 5.00 EUR}}")],
    ),
    ("E-SIGNIFICANT-CONDITIONS", "BLOCK", [("app_signed_up", "app_signed_up, minimum_order: ‹20.00 EUR")]),
    (
        "E-SIGNIFICANT-CONDITIONS",
        "BLOCK",
        [(QUALIFIES, QUALIFIES + "  window_days: 4\n  friends_per_day: ‹1\n")],
    ),
    ("E-COST-TO-CLAIM", "BLOCK", [("10.00 EUR}}", "10.00 EUR}, cost: ‹1.00 EUR}")]),
    ("E-FALSE-WIN", "BLOCK", [(TITLE, "title: {fr: La cagnotte, en: ‹Congratulations}")]),
    ("E-PAYOUT-LATE", "WARN", [("dpia: DPIA-1", "dpia: DPIA-1, payout_days: ‹31")]),
    ("E-HONOUR", "BLOCK", [top("‹cancel: at_will")]),
    (
        "E-WINNER-PUBLICITY",
        "BLOCK",
        [
            market(f"GB: {IN}, pool: 5000.00 GBP}}"),
            (PERMISSION, "    purpose: winner_wall\n    basis: ‹contract\n"),
        ],
    ),
    ("E-CHANCE", "HOLD", [CHANCE]),
    ("E-DRAW", "BLOCK", [CHANCE]),
    ("E-BE-CHANCE", "BLOCK", [CHANCE, market(f"BE: {IN}, pool: 5000.00 EUR}}")]),
    ("E-NL-CODE", "HOLD", [CHANCE, market(f"NL: {IN}, pool: 5000.00 EUR}}")]),
    ("E-PRIZE-TAX", "BLOCK", [(CHANCE[0], CHANCE[1].replace("‹", "")), market(f"ES: ‹{IN}, pool: 5.00 EUR}}")]),
    (
        "E-CASH-UNKNOWN",
        "HOLD",
        [
            market(f"BE: {IN}, pool: 5000.00 EUR}}"),
            ("cash: {FR: 4.00 EUR}", "cash: {FR: 4.00 EUR, BE: ‹4.00 EUR}"),
        ],
    ),
    (
        "E-IT-PREMIO",
        "BLOCK",
        [
            market(f"IT: {IN}, pool: 5000.00 EUR}}"),
            ("cash: {FR: 4.00 EUR}", "cash: {FR: 4.00 EUR, IT: ‹4.00 EUR}"),
        ],
    ),
    (
        "E-IT-PREMIO",
        "HOLD",
        [market(f"IT: {IN}, pool: 5000.00 EUR}}"), ("{FR: 10.00 EUR}", "{FR: 10.00 EUR, IT: ‹10.00 EUR}")],
    ),
    ("E-TAX-CLAIM", "BLOCK", [top("‹tax_free: true")]),
    ("E-TAX-CLAIM", "BLOCK", [(TITLE, "title: {fr: La cagnotte, en: A ‹tax-free pot}")]),
    ("E-TAX-DATA-EARLY", "BLOCK", [("    items: [username", "    items: [‹date of birth")]),
    ("E-IBAN-PURPOSE", "BLOCK", [("    items: [username", "    items: [‹IBAN")]),
    ("E-THIRD-PARTY-PAYEE", "BLOCK", [("times: 5", "times: 5, payee: ‹third_party")]),
    ("E-COMPLAINT-BAR", "BLOCK", [top("complaints: ‹to_us_first")]),
    ("E-ID-TWICE", "SYNTAX", [("id: cash", "id: ‹welcome")]),
]

# The nearest thing that passes: no finding with this code.
ACCEPTED: list[tuple[str, list[Edit]]] = [
    ("E-BASIS", [permission("basis: consent")]),
    ("E-PURPOSE-OPEN", [(PERMISSION, "    purpose: social_post\n")]),
    ("E-FIELD-WILDCARD", [("    items: [username", "    items: [username_masked")]),
    ("E-FIELD-UNKNOWN", [("    items: [username, profile_photo]", "    items: username")]),
    ("E-NECESSITY", [why("Pour vos amis.")]),
    ("E-TERM-MISSING", [permission("term_days: 1")]),
    ("E-TERM-TOO-LONG", [permission("term_days: 1095")]),
    ("E-RENEWAL", [permission("renewal: none")]),
    ("E-WAIVER", [permission("revocable: true")]),
    ("E-WAIVER", [why("Pour toujours mieux vous servir.")]),
    ("E-FREE-TEXT", [top("clauses: []")]),
    ("E-SALE-WORDING", [permission("grant: revocable_licence")]),
    ("E-SALE-WORDING", [why("Chaque vendredi, vos amis voient qui les invite.")]),
    (
        "E-IMAGE-SCOPE",
        [
            ("    items: [username, profile_photo]", "    items: [username]"),
            permission("excluded_contexts: [political]"),
        ],
    ),
    ("E-TERRITORY", [permission("territories: [FR, NO]")]),
    ("E-RECIPIENT-UNNAMED", [recipient("", ""), permission("recipients: [printer]")]),
    ("E-PAID-DISCLOSURE", [recipient("DPA-7}", "DPA-7, consideration: none}")]),
    ("E-TRANSFER", [recipient("country: FR", "country: CH")]),
    ("E-TRANSFER", [recipient("country: FR", "country: US, transfer: scc")]),
    ("E-UNFAIR-TERM", [why("Vous pouvez retirer cet accord à tout moment.")]),
    ("E-NO-INDEMNITY-CLAUSE", [top("no_claim_on_withdrawal: true")]),
    ("E-ART9", [(PERMISSION, "    purpose: photo_wall\n")]),
    ("E-SYNTHETIC", [permission("ai_training: false"), top("translation: human")]),
    ("E-CLAIM-UNPROVABLE", [(CLAIM, "  - nothing_disclosed_for_money")]),
    ("E-CLAIM-FALSE", [("    items: [username", "    items: [username_masked")]),
    ("E-DPIA", [("dpia: DPIA-1", "dpia: screening of 2026-10-02")]),
    ("E-DPIA-RISK", [("dpia: DPIA-1", "dpia: DPIA-1, residual_risk: low")]),
    (
        "E-REPRESENTATIVE",
        [market(f"GB: {IN}, pool: 5000.00 GBP}}"), top("representatives: {GB: {name: X Ltd, address: London}}")],
    ),
    ("E-REPRESENTATIVE", [("75020 Paris, France", "Oslo, Norway")]),
    ("E-LANGUAGE", [(TITLE, "title: {fr: La cagnotte}")]),
    ("E-PAGES", [market(f"LU: {IN}, pool: 5000.00 EUR}}")]),
    ("E-TRANSLATION", [top("translation: human")]),
    ("E-ACT", [permission("given_by: own_control")]),
    ("E-MIXED-ACT", [permission("given_by: own_control")]),
    ("E-BUNDLE", [(PERMISSION, "    purpose: [referral_card]\n")]),
    ("E-PRESSURE", [(TITLE, "title: {fr: Une chance pour vos amis, en: The pot}")]),
    ("E-CONDITIONAL", [permission("required: false")]),
    ("E-BONUS", [(CASH, CASH + "  - {id: merci, to: participant, voucher: {FR: 1.00 EUR}}\n")]),
    (
        "E-BONUS-CAP",
        [(CASH, CASH + "  - {id: merci, to: participant, voucher: {FR: 3.00 EUR}, thanks_for: card}\n")],
    ),
    (
        "E-NOTICE-INCOMPLETE",
        [("address: 1 rue des Lilas, 75020 Paris, France", "address: Atlantis\n  country: FR")],
    ),
    ("E-WITHDRAWAL-COST", [top("on_withdrawal: keeps_rewards")]),
    ("E-AGE-MIN", [*NO_CASH_NO_PHOTO, ("dpia: DPIA-1", "dpia: DPIA-1, age_min: 15")]),
    ("E-AGE-LOWERED", [("dpia: DPIA-1", "dpia: DPIA-1, age_min: 21")]),
    ("E-ID-DOCUMENT", [top("age_check: declaration")]),
    ("E-TRACKER", [(QUALIFIES, QUALIFIES + "  tracking: link_only\n")]),
    ("E-VULNERABLE", [top("targeting: false")]),
    ("E-UP-TO", [(TITLE, "title: {fr: Jusqu'au printemps, en: Up to you}")]),
    ("E-FRIEND-DATA", [(QUALIFIES, QUALIFIES + "  mode: share_link\n")]),
    ("E-MESSAGE-MODE", [(QUALIFIES, QUALIFIES + "  mode: share_link\n")]),
    ("E-PAY-PER-CONTACT", [(QUALIFIES, QUALIFIES + "  pays_for: qualified_friend\n")]),
    ("E-AD-LABEL", [(TITLE, "title: {fr: Partagez, en: Share}")]),
    ("E-PYRAMID", [(QUALIFIES, QUALIFIES + "  levels: 1\n")]),
    ("E-PURCHASE", [("app_signed_up", "account_opened")]),
    ("E-MARKET-UNKNOWN", [market(f"NO: {IN}, pool: 5000.00 NOK}}")]),
    ("E-SIGNIFICANT-CONDITIONS", [("{FR: 10.00 EUR}", "10.00 EUR")]),
    ("E-HEADLINE", [(TITLE, "title: {fr: 100 euros en tout, en: 100 euros in all}")]),
    ("E-CLOSING-DATE", [("closes: 2027-01-15", "closes: 2026-12-01")]),
    ("E-CLOSING-DATE", [("dpia: DPIA-1", "dpia: DPIA-1, time_zone: Indian/Reunion")]),
    ("E-OPEN-ENDED", [("closes: 2027-01-15", "closes: 2029-11-30")]),
    ("E-POOL", [("5000.00 EUR", "30.00 EUR")]),
    (
        "E-MARKET-CURRENCY",
        [market(f"NO: {IN}, pool: 5000.00 NOK}}"), ("{FR: 10.00 EUR}", "{FR: 10.00 EUR, NO: 100.00 NOK}")],
    ),
    ("E-SIGNIFICANT-CONDITIONS", [("app_signed_up", "first_order, minimum_order: 20.00 EUR")]),
    ("E-SIGNIFICANT-CONDITIONS", [(QUALIFIES, QUALIFIES + "  window_days: 5\n  friends_per_day: 1\n")]),
    ("E-COST-TO-CLAIM", [("10.00 EUR}}", "10.00 EUR}, valid_days: 90}")]),
    ("E-FALSE-WIN", [(TITLE, "title: {fr: Gagnez ensemble, en: Earn together}")]),
    ("E-PAYOUT-LATE", [("dpia: DPIA-1", "dpia: DPIA-1, payout_days: 30")]),
    ("E-HONOUR", [("closes: 2027-01-15", "closes: open_ended, notice_days: 30")]),
    ("E-WINNER-PUBLICITY", [market(f"GB: {IN}, pool: 5000.00 GBP}}"), (PERMISSION, "    purpose: winner_wall\n")]),
    ("E-CHANCE", [(QUALIFIES, QUALIFIES + "mechanic: certain\n")]),
    ("E-DRAW", [(QUALIFIES, QUALIFIES + "mechanic: certain\n")]),
    ("E-BE-CHANCE", [market(f"BE: {IN}, pool: 5000.00 EUR}}")]),
    ("E-NL-CODE", [market(f"NL: {IN}, pool: 5000.00 EUR}}")]),
    (
        "E-PRIZE-TAX",
        [(CHANCE[0], CHANCE[1].replace("‹", "")), market(f"ES: {IN}, pool: 5.00 EUR, tax_handling: paid by us}}")],
    ),
    (
        "E-CASH-UNKNOWN",
        [market(f"DE: {IN}, pool: 5000.00 EUR}}"), ("{FR: 4.00 EUR}", "{FR: 4.00 EUR, DE: 4.00 EUR}")],
    ),
    ("E-IT-PREMIO", [market(f"IT: {IN}, pool: 5000.00 EUR}}")]),
    ("E-TAX-CLAIM", [top("tax_free: false")]),
    ("E-TAX-DATA-EARLY", [("    items: [username, profile_photo]", "    items: [profile_photo]")]),
    ("E-IBAN-PURPOSE", [("    items: [username, profile_photo]", "    items: [profile_photo]")]),
    ("E-THIRD-PARTY-PAYEE", [("times: 5", "times: 5, payee: participant")]),
    ("E-COMPLAINT-BAR", [top("complaints: anywhere")]),
    ("E-ID-TWICE", [("id: cash", "id: card")]),
]


def _name(case: tuple[object, ...]) -> str:
    return str(case[0])


def test_it_accepts_the_fair_file() -> None:
    report = check_text(FAIR, "fair.yaml")
    assert report.findings == []
    assert report.exit_code == 0
    assert report.offer is not None


@pytest.mark.parametrize(("code", "severity", "edits"), REFUSED, ids=map(_name, REFUSED))
def test_it_points_at_what_a_rule_refuses(code: str, severity: str, edits: list[Edit]) -> None:
    text, place = marked(changed(*edits))
    findings = check_text(text, "offer.yaml").findings
    found = {(finding.code, finding.severity, finding.line, finding.column) for finding in findings}
    assert (code, severity, place.line, place.column) in found


@pytest.mark.parametrize(("code", "edits"), ACCEPTED, ids=map(_name, ACCEPTED))
def test_it_lets_the_nearest_fair_thing_pass(code: str, edits: list[Edit]) -> None:
    report = check_text(changed(*edits), "offer.yaml")
    assert code not in {finding.code for finding in report.findings}
    assert not report.of("SYNTAX")


def test_it_has_a_case_for_every_rule() -> None:
    with_rule = set(CODES) - FORM_CODES
    assert {case[0] for case in REFUSED} == with_rule
    assert {case[0] for case in ACCEPTED} == with_rule


@pytest.mark.parametrize(("code", "severity", "edits"), REFUSED, ids=map(_name, REFUSED))
def test_it_says_how_to_mend_each_point(code: str, severity: str, edits: list[Edit]) -> None:
    text, _ = marked(changed(*edits))
    for finding in check_text(text, "offer.yaml").findings:
        sentence = finding.sentence("offer.yaml")
        assert sentence.startswith(f"offer.yaml:{finding.line}:{finding.column} {finding.code} ")
        assert finding.rule == CODES[finding.code].rule
        assert f"({finding.rule})" in sentence or not finding.rule
        assert finding.message.endswith(".")
        assert finding.mend.endswith((".", "?"))
        assert "\n" not in sentence


def test_it_finds_everything_in_one_run() -> None:
    text = changed(
        ("opens: 2026-12-01", "opens: 2026-02-30"),
        ("purpose: referral_card", "purpose: anything"),
        ("times: 5", "tiems: 5"),
    )
    report = check_text(text, "offer.yaml")
    assert {"E-VALUE", "E-PURPOSE-OPEN", "E-KEY-UNKNOWN"} <= {finding.code for finding in report.findings}
    assert report.exit_code == 2
    assert report.offer is None


@pytest.mark.parametrize(
    ("edit", "mend"),
    [
        (("times: 5", "tiems: 5"), "Did you mean “times”?"),
        (("purpose: referral_card", "purpose: referal_card"), "Did you mean “referral_card”?"),
        (("to: sponsor", "to: sponsors"), "Did you mean “sponsor”?"),
        (("    channels: [", "    chanels: ["), "Did you mean “channels”?"),
    ],
)
def test_it_suggests_the_nearest_known_word(edit: Edit, mend: str) -> None:
    findings = check_text(changed(edit), "offer.yaml").findings
    assert any(finding.mend.endswith(mend) for finding in findings)


@pytest.mark.parametrize(
    "edits",
    [
        [("4.00 EUR}", "4.00 EUR}, own_codes: ‹true")],
        [("10.00 EUR}", "10.00 EUR}, or_voucher: ‹{valid_days: 180}")],
        [("10.00 EUR}}", "10.00 EUR}, own_codes: ‹perhaps}")],
        [("4.00 EUR}", "4.00 EUR}, or_voucher: {valid_days: ‹29}")],
        [("4.00 EUR}", "4.00 EUR}, or_voucher: {valid_days: ‹1096}")],
        [("4.00 EUR}", "4.00 EUR}, or_voucher: ‹true")],
        [(QUALIFIES, QUALIFIES + "  friends_per_day: ‹0\n")],
        [(QUALIFIES, QUALIFIES + "  friends_per_day: ‹any\n")],
    ],
)
def test_it_reads_a_choice_a_code_and_a_bound_only_where_they_mean_something(edits: list[Edit]) -> None:
    text, place = marked(changed(*edits))
    report = check_text(text, "offer.yaml")
    assert [(finding.code, finding.line, finding.column) for finding in report.of("SYNTAX")] == [
        ("E-VALUE", place.line, place.column)
    ]


def test_it_counts_a_friends_welcome_in_the_pot_that_the_pool_must_cover() -> None:
    for amount, is_covered in (("29.99", False), ("30.00", True)):
        text = changed(("5000.00 EUR", f"{amount} EUR"), ("to: participant", "to: friend"))
        codes = {finding.code for finding in check_text(text, "offer.yaml").findings}
        assert ("E-POOL" not in codes) is is_covered


def test_it_finds_words_hidden_by_escapes() -> None:
    text = changed((TITLE, 'title: {fr: "\\x70erp\\u00e9tuel", en: The pot}'))
    assert "E-WAIVER" in {finding.code for finding in check_text(text, "offer.yaml").findings}


def test_it_hashes_the_text_exactly_as_given() -> None:
    import hashlib

    text = FAIR.replace("\n", "\r\n")
    report = check_text(text, "offer.yaml")
    assert report.exit_code == 0
    assert report.file_hash == hashlib.sha256(text.encode()).hexdigest()
