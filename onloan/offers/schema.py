"""The grammar as JSON Schema 2020-12, so that editors complete keys and explain them.

It draws what can be read, not what may be published: a file that the schema accepts can still be refused by
a rule, and ``onloan check`` says by which.
"""

from __future__ import annotations

from typing import Any

from onloan.offers.grammar import OFFER


def offer_schema() -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://onloan.example/schema/offer-1.json",
        "title": "Onloan offer file, version 1",
        "description": "What a merchant promises and asks. Check a file with: onloan check FILE",
        **OFFER.schema(),
    }
