"""Seed a stack for the benchmarks: one open market, sponsors, and confirmed addresses ready to join.

Writes ``<home>/bench.json``: what the load generator sends.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from datetime import timedelta
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onloan.settings")
import django

django.setup()

from django.conf import settings  # noqa: E402

from onloan import clock, ids, keys  # noqa: E402
from onloan.access.actions import create_key  # noqa: E402
from onloan.access.team import add_team_member, find_member  # noqa: E402
from onloan.cli.demo import OFFER_FILE, OFFER_SLUG, move_dates  # noqa: E402
from onloan.cli.publish import publish_text  # noqa: E402
from onloan.db import action  # noqa: E402
from onloan.joining.actions import JoinRequest, join  # noqa: E402
from onloan.offers.queries import find_market, find_version  # noqa: E402
from onloan.offers.rules import NOTHING_OVERDUE  # noqa: E402
from onloan.offers.switch import open_market  # noqa: E402
from onloan.people.models import EmailCode, Participant  # noqa: E402
from onloan.people.sealing import seal_draft  # noqa: E402
from onloan.portal.joining import page_hash  # noqa: E402

PASSWORD = "a password for the bench"


def publish_large_offer() -> None:
    """The shipped offer with a pool that no run empties."""
    for name, role in (("greg", "growth"), ("dora", "dpo"), ("fay", "finance")):
        add_team_member(email=f"{name}@bench.example", name=role, role=role, password=PASSWORD)
    now = clock.now()
    text = move_dates(OFFER_FILE.read_text(encoding="utf-8"), now.date())
    text = re.sub(r"pool: [\d.]+ ", "pool: 90000000.00 ", text)
    publish_text(
        text=text,
        author=find_member("greg@bench.example"),
        approver=find_member("dora@bench.example"),
        funder=find_member("fay@bench.example"),
        sign_offs={},
        note="Read and approved for the benchmark.",
        now=now,
    )
    open_market(
        offer_slug=OFFER_SLUG,
        country="FR",
        reason="The benchmark starts.",
        user_id=find_member("dora@bench.example").id,
        overdue=NOTHING_OVERDUE,
        now=now,
    )


def join_sponsors(count: int) -> list[str]:
    market = find_market(OFFER_SLUG, "FR")
    version = find_version(market.version_id)
    return [
        join(
            request=JoinRequest(
                offer_slug=OFFER_SLUG,
                country="FR",
                version_id=version.id,
                email=f"sponsor{number}@bench.example",
                username=f"Sponsor {number}",
                over_18=True,
                answers={permission.id: True for permission in version.offer.permissions},
                language="fr",
                page_hash=page_hash("fr"),
                now=clock.now(),
            )
        ).link_code
        for number in range(count)
    ]


def list_sponsor_ids() -> list[str]:
    return list(Participant.objects.order_by("id").values_list("public_id", flat=True))


@action
def confirm_addresses(link_codes: list[str], count: int) -> list[str]:
    """What the join form's cookie holds for each person once their e-mail was confirmed."""
    market = find_market(OFFER_SLUG, "FR")
    now = clock.now()
    rows, cookies = [], []
    for number in range(count):
        code_id = ids.new_id()
        email, via = f"person{number}@bench.example", link_codes[number % len(link_codes)]
        draft = {"username": f"Person {number}", "over_18": True, "photo": None, "via": via}
        rows.append(
            EmailCode(
                id=code_id,
                email_hash=keys.keyed_hash("bench", email),
                offer_id=market.offer_id,
                market_id=market.id,
                purpose="join",
                code_hash="0" * 64,
                attempts=0,
                expires_at=now + timedelta(hours=1),
                verified_at=now,
                sealed_draft=seal_draft(code_id, json.dumps(draft).encode()),
                created_at=now,
            )
        )
        state = {"email": email, "place": f"{OFFER_SLUG}/FR", "via_code": via, "code_id": code_id.hex}
        plain = json.dumps({**state, "ends_at": (now + timedelta(hours=1)).isoformat()}).encode()
        sealed = keys.seal(keys.derive_key("portal-form"), plain, b"onloan_join")
        cookies.append(base64.urlsafe_b64encode(sealed).decode())
    EmailCode.objects.bulk_create(rows, batch_size=500)
    return cookies


def main(joiners_count: int = 20_000, sponsors_count: int = 100) -> None:
    publish_large_offer()
    link_codes = join_sponsors(sponsors_count)
    version = find_version(find_market(OFFER_SLUG, "FR").version_id)
    seeded = {
        "cookies": confirm_addresses(link_codes, joiners_count),
        "link_codes": link_codes,
        "version_id": str(version.id),
        "sponsor_ids": list_sponsor_ids(),
        "permission_ids": [permission.id for permission in version.offer.permissions],
        "api_key": create_key(name="bench", scopes=["events:write", "uses:write"], now=clock.now()).key,
    }
    (Path(settings.HOME) / "bench.json").write_text(json.dumps(seeded))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
