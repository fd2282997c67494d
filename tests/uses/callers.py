"""One of the merchant's systems, as the gate sees it behind HTTP."""

from __future__ import annotations

from dataclasses import replace

from onloan import clock, ids, keys
from onloan.access.actions import create_key, hash_request
from onloan.people.models import Participant
from onloan.uses.calls import UseCall
from onloan.uses.rules import UseRequest
from tests.consents.world import Person

REQUEST = UseRequest(("username",), "referral_card", "invitation_page", "FR", None)


class Caller:
    """One of the merchant's systems, which has a key with ``scopes``."""

    def __init__(self, *scopes: str) -> None:
        made = create_key(name=f"shop {ids.new_code(6)}", scopes=scopes or ("uses:write",), now=clock.now())
        self.key_id, self.key_hash = made.id, keys.keyed_hash("api-key", made.key)

    def call(self, person: Person, *, again: str | None = None, **changes: object) -> UseCall:
        request = replace(REQUEST, **changes)  # type: ignore[arg-type]
        public_id = Participant.objects.get(id=person.id).public_id
        body = {"participant": public_id, "request": repr(request)}
        return UseCall(
            key_hash=self.key_hash,
            idempotency_key=again or ids.new_id().hex,
            request_hash=hash_request(method="POST", path="/api/v1/uses", body=body),
            public_id=public_id,
            request=request,
        )
