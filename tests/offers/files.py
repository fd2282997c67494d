"""A small offer file that passes, and a way to change it and to mark where a finding is expected."""

from __future__ import annotations

from onloan.offers.nodes import Place

FAIR = """\
onloan: 1
offer: test-pot
controller:
  name: Boutique Exemple SAS
  address: 1 rue des Lilas, 75020 Paris, France
  email: privacy@boutique.example
title: {fr: La cagnotte, en: The pot}
markets:
  FR: {opens: 2026-12-01, closes: 2027-01-15, pool: 5000.00 EUR, dpia: DPIA-1}
referral:
  qualifies: {event: app_signed_up}
rewards:
  - {id: welcome, to: participant, voucher: {FR: 10.00 EUR}}
  - {id: cash, to: sponsor, cash: {FR: 4.00 EUR}, times: 5}
permissions:
  - id: card
    items: [username, profile_photo]
    purpose: referral_card
    channels: [invitation_page]
    why: {fr: Pour que vos amis voient qui les invite., en: So that friends see who invites.}
claims:
  - only_items: [username, profile_photo]
"""


def changed(*edits: tuple[str, str]) -> str:
    """The fair file with each first text replaced by the second; a text that is not there is a mistake."""
    text = FAIR
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} must stand once"
        text = text.replace(old, new)
    return text


def marked(text: str) -> tuple[str, Place]:
    """The text without its one mark ``‹``, and the place where the mark stood."""
    before, after = text.split("‹")
    return before + after, Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
