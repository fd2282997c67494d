"""``POST /api/v1/events``: once, however often it is sent, and nothing but what it needs."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from onloan import clock, ids
from onloan.access.actions import revoke_key
from onloan.access.models import ApiKey, IdempotencyRecord
from onloan.api import auth
from onloan.api.limits import CallLimit
from onloan.ledger.models import Reward
from onloan.people.models import Participant
from onloan.referrals.models import Event
from tests.api.support import Shop, client, open_shop, problem_of
from tests.referrals.support import join_as, open_campaign

pytestmark = pytest.mark.usefixtures("both_databases")


def joined_just_now(name: str = "Ana") -> str:
    """A participant's public id."""
    now = clock.now()
    campaign = open_campaign(now=now - timedelta(days=1))
    return join_as(name, campaign, now=now - timedelta(hours=1)).public_id


def event_of(public_id: str, **changes: Any) -> dict[str, Any]:
    body = {
        "participant": public_id,
        "event": "app_signed_up",
        "occurred_at": clock.now().isoformat(timespec="seconds"),
        "id": "signup-1",
    }
    return {**body, **changes}


def test_it_records_an_event_and_says_when_it_counts() -> None:
    ana, shop = joined_just_now(), open_shop("events:write")
    body = event_of(ana)
    response = shop.post("/events", body)
    assert response.status_code == 201
    answer = response.json()
    assert answer["state"] == "recorded"
    counts_at = datetime.fromisoformat(answer["counts_at"])
    assert counts_at == datetime.fromisoformat(body["occurred_at"]) + timedelta(days=14)
    assert response["Cache-Control"] == "no-store"
    assert Reward.objects.count() == 1


def test_the_same_call_gets_the_same_answer() -> None:
    ana, shop = joined_just_now(), open_shop()
    body = event_of(ana)
    first = shop.post("/events", body, again="call-1")
    second = shop.post("/events", json.dumps(dict(reversed(body.items())), indent=2), again="call-1")
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert second["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert (Event.objects.count(), Reward.objects.count()) == (1, 1)


def test_the_same_key_for_another_call_is_refused() -> None:
    ana, shop = joined_just_now(), open_shop()
    shop.post("/events", event_of(ana), again="call-1")
    response = shop.post("/events", event_of(ana, id="signup-2"), again="call-1")
    assert problem_of(response)["code"] == "E-IDEMPOTENCY-CONFLICT"
    assert response.status_code == 409


def test_the_same_event_under_another_key_is_known_and_promises_nothing() -> None:
    ana, shop = joined_just_now(), open_shop()
    first = shop.post("/events", event_of(ana)).json()
    response = shop.post("/events", event_of(ana, id="signup-2"))
    assert (response.status_code, response.json()["state"]) == (200, "known")
    assert response.json()["counts_at"] == first["counts_at"]
    assert Reward.objects.count() == 1


def test_a_refused_call_may_be_mended_and_sent_under_the_same_key() -> None:
    ana, shop = joined_just_now(), open_shop()
    assert shop.post("/events", event_of(ana, event="first_order"), again="call-1").status_code == 422
    assert IdempotencyRecord.objects.count() == 0
    assert shop.post("/events", event_of(ana), again="call-1").status_code == 201


class TestWhoMayCall:
    @pytest.mark.parametrize(
        "header", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "Bearer a b", "x" * 9_000]
    )
    def test_it_refuses_a_call_without_a_key(self, header: str) -> None:
        ana = joined_just_now()
        sent = {"Idempotency-Key": "1", **({"Authorization": header} if header else {})}
        response = client().post(
            "/api/v1/events", data=event_of(ana), content_type="application/json", headers=sent
        )
        assert (response.status_code, problem_of(response)["code"]) == (401, "E-API-KEY")
        assert response["WWW-Authenticate"] == "Bearer"
        assert Event.objects.count() == 0

    def test_it_refuses_a_revoked_key_at_the_next_call(self) -> None:
        ana, shop = joined_just_now(), open_shop()
        assert shop.get("/status").status_code == 200
        revoke_key(key_id=ApiKey.objects.get().id, now=clock.now())
        assert problem_of(shop.post("/events", event_of(ana)))["code"] == "E-API-KEY"

    def test_it_refuses_a_key_that_may_do_something_else(self) -> None:
        ana, shop = joined_just_now(), open_shop("rewards:write")
        response = shop.post("/events", event_of(ana))
        assert (response.status_code, problem_of(response)["code"]) == (403, "E-SCOPE")
        assert "events:write" in problem_of(response)["detail"]
        assert Event.objects.count() == 0

    def test_it_slows_down_a_key_that_calls_without_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(auth, "limit", CallLimit(per_second=0.001, at_once=2))
        shop, other = open_shop(), open_shop()
        statuses = [shop.get("/status").status_code for _ in range(4)]
        assert statuses == [200, 200, 429, 429]
        assert shop.get("/status")["Retry-After"] == "1"
        assert problem_of(shop.get("/status"))["code"] == "E-RATE"
        assert other.get("/status").status_code == 200


class TestWhatIsRefused:
    @pytest.fixture
    def ana(self) -> str:
        return joined_just_now()

    @pytest.fixture
    def shop(self) -> Shop:
        return open_shop()

    @pytest.fixture(autouse=True)
    def nothing_is_stored(self, both_databases: str) -> Any:
        yield
        assert (Event.objects.count(), Reward.objects.count(), IdempotencyRecord.objects.count()) == (0, 0, 0)

    @pytest.mark.parametrize(
        "extra",
        [
            {"email": "ben@example.org"},
            {"friend": {"name": "Ben"}},
            {"phone_number": "+33 6 12 34 56 78"},
            {"contacts": ["ben@example.org"]},
            {"Friend-EMail": None},
            {"meta": {"deep": [{"mobilePhone": "1"}]}},
            {"id": "ben@example.org"},
            {"participant": "ben@example.org"},
        ],
    )
    def test_it_takes_no_contact_details_of_anybody(self, ana: str, shop: Shop, extra: dict[str, Any]) -> None:
        response = shop.post("/events", event_of(ana, **extra))
        assert (response.status_code, problem_of(response)["code"]) == (422, "E-FRIEND-DATA")
        assert b"ben@" not in response.content

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"colour": "red"}, "colour"),
            ({"participant": 5}, "participant"),
            ({"participant": "p123"}, "participant"),
            ({"participant": None}, "participant"),
            ({"event": "App Signed Up"}, "event"),
            ({"event": "x" * 41}, "event"),
            ({"event": ["app_signed_up"]}, "event"),
            ({"id": ""}, "id"),
            ({"id": "x" * 65}, "id"),
            ({"id": "a\x00b"}, "id"),
            ({"id": 7}, "id"),
            ({"occurred_at": 1_700_000_000}, "occurred_at"),
            ({"occurred_at": "2027-05-03"}, "occurred_at"),
            ({"occurred_at": "2027-05-03T10:00:00"}, "occurred_at"),
            ({"occurred_at": "2027-13-45T10:00:00Z"}, "occurred_at"),
            ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
            ({"occurred_at": "9999-12-31T23:59:59-14:00"}, "occurred_at"),
            ({"occurred_at": "２027-05-03T10:00:00Z"}, "occurred_at"),
            ({"occurred_at": {"$gt": ""}}, "occurred_at"),
        ],
    )
    def test_it_names_the_field_to_mend(self, ana: str, shop: Shop, changes: dict[str, Any], field: str) -> None:
        response = shop.post("/events", event_of(ana, **changes))
        problem = problem_of(response)
        assert (response.status_code, problem["code"], problem["field"]) == (422, "E-FIELDS", field)
        assert [line["field"] for line in problem["errors"]] == [field]

    def test_it_names_every_field_that_is_missing(self, shop: Shop) -> None:
        fields = {line["field"] for line in problem_of(shop.post("/events", {}))["errors"]}
        assert fields == {"participant", "event", "occurred_at", "id"}

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ("{}", 422, "E-FIELDS"),
            ("{", 400, "E-BODY-JSON"),
            ("[]", 400, "E-BODY-JSON"),
            ('"text"', 400, "E-BODY-JSON"),
            ("null", 400, "E-BODY-JSON"),
            ('{"id": "1", "id": "2"}', 400, "E-BODY-JSON"),
            ('{"id": NaN}', 400, "E-BODY-JSON"),
            ('{"id": ' + "9" * 5_000 + "}", 400, "E-BODY-JSON"),
            ("[" * 30_000, 400, "E-BODY-JSON"),
            ('{"a":' * 50 + "1" + "}" * 50, 400, "E-BODY-JSON"),
            (b"\xff\xfe", 400, "E-BODY-JSON"),
            ('{"id": "' + "x" * 70_000 + '"}', 413, "E-BODY-LARGE"),
            ('{"id": "' + "x" * 10_000_000 + '"}', 413, "E-BODY-LARGE"),
        ],
        ids=range(13),
    )
    def test_it_refuses_what_it_cannot_read(self, shop: Shop, body: Any, status: int, code: str) -> None:
        response = shop.post("/events", body)
        assert (response.status_code, problem_of(response)["code"]) == (status, code)

    def test_it_reads_nothing_but_json(self, ana: str, shop: Shop) -> None:
        for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
            response = client().post(
                "/api/v1/events",
                data=b"{}",
                content_type=content_type,
                headers={"Authorization": f"Bearer {shop.key}", "Idempotency-Key": "1"},
            )
            assert (response.status_code, problem_of(response)["code"]) == (415, "E-BODY-TYPE")

    @pytest.mark.parametrize("key", ["", " ", "a b", "x" * 129, "é"])
    def test_it_wants_an_idempotency_key(self, ana: str, shop: Shop, key: str) -> None:
        response = client().post(
            "/api/v1/events",
            data=event_of(ana),
            content_type="application/json",
            headers={"Authorization": f"Bearer {shop.key}", **({"Idempotency-Key": key} if key else {})},
        )
        assert (response.status_code, problem_of(response)["code"]) == (400, "E-IDEMPOTENCY-KEY")

    def test_it_knows_nobody_by_an_id_that_was_never_given(self, ana: str, shop: Shop) -> None:
        response = shop.post("/events", event_of("p" + ids.new_code(12)))
        assert (response.status_code, problem_of(response)["code"]) == (404, "E-PARTICIPANT")

    def test_it_refuses_a_time_out_of_bounds(self, ana: str, shop: Shop) -> None:
        future = (clock.now() + timedelta(minutes=6)).isoformat()
        past = (clock.now() - timedelta(days=2)).isoformat()
        for occurred_at in (future, past):
            response = shop.post("/events", event_of(ana, occurred_at=occurred_at))
            assert problem_of(response)["code"] == "E-EVENT-TIME"

    def test_an_error_repeats_nothing_that_was_sent(self, ana: str, shop: Shop) -> None:
        response = shop.post("/events", event_of(ana, event="<script>alert(1)</script>", id="very secret"))
        assert b"script" not in response.content and b"very secret" not in response.content


def test_a_participant_who_was_erased_is_unknown() -> None:
    ana, shop = joined_just_now(), open_shop()
    Participant.objects.update(erased_at=clock.now())
    assert problem_of(shop.post("/events", event_of(ana)))["code"] == "E-PARTICIPANT"


@pytest.mark.parametrize("written", ["Z", "z", "+00:00", ".5Z", ".123456789+00:00"])
def test_it_reads_a_time_however_rfc_3339_lets_it_be_written(written: str) -> None:
    ana, shop = joined_just_now(), open_shop()
    stamp = clock.now().strftime("%Y-%m-%dT%H:%M:%S")
    if written == "z":
        stamp = stamp.lower()
    assert shop.post("/events", event_of(ana, occurred_at=stamp + written)).status_code == 201
