"""Looking a person up: a reason first, then a masked file at an address that says nothing."""

from __future__ import annotations

import pytest
from django.test import Client

from onloan.access.models import User
from tests.joining.support import add_participant, open_market

ADDRESS = "/console/people/"


def sign_in(role: str) -> Client:
    user = User.objects.create_user(f"{role}@boutique.example", name=role.title(), role=role)
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    return client


@pytest.mark.usefixtures("sqlite_database")
def test_a_file_opens_masked_after_a_reason_and_for_nobody_else() -> None:
    ana = add_participant(open_market())
    dora = sign_in("dpo")
    values = {"typed": "ana@example.org", "reason": "complaint", "text": "because"}
    refused = dora.post(ADDRESS, values)
    assert refused.status_code == 422 and "E-LOOKUP-REASON" in refused.content.decode()
    opened = dora.post(ADDRESS, {**values, "text": "Complaint 4K7M-2Q9X"}, follow=True)
    page, address = opened.content.decode(), opened.request["PATH_INFO"]
    assert opened.status_code == 200 and ana.public_id in page and "a•••@e•••.org" in page
    assert "ana@example.org" not in page and ana.participant_id.hex not in address.replace("-", "")
    assert sign_in("support").get(address).status_code == 403
    assert sign_in("growth").get(ADDRESS).status_code == 403
