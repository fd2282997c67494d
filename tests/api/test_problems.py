"""Whatever goes wrong, the answer has one form, and the address books of the API are its own."""

from __future__ import annotations

import json

import pytest
from django.db.utils import OperationalError

from onloan.api import events
from onloan.errors import MustStopError
from tests.api.support import client, open_shop, problem_of

pytestmark = pytest.mark.usefixtures("both_databases")


@pytest.mark.parametrize("path", ["/", "/nothing", "/docs", "/events/5", "/rewards/R1", "/events/", "/../etc"])
def test_an_unknown_address_is_a_problem(path: str) -> None:
    response = client().get(f"/api/v1{path}")
    assert (response.status_code, problem_of(response)["code"]) == (404, "E-NOT-FOUND")


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch", "head", "options", "trace"])
def test_a_wrong_method_is_a_problem_that_says_which_is_right(method: str) -> None:
    response = getattr(client(), method)("/api/v1/events")
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    if method != "head":
        assert problem_of(response)["code"] == "E-METHOD"


def test_a_reader_of_french_reads_french_or_at_least_a_sentence() -> None:
    response = client().get("/api/v1/status", headers={"Accept-Language": "fr"})
    assert problem_of(response)["detail"]


def test_a_fault_of_ours_says_so_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(public_id: str) -> None:
        raise RuntimeError("the e-mail ana@people.example is in here")

    monkeypatch.setattr(events, "find_id_by_public_id", fail)
    body = {
        "participant": "p0000000000000",
        "event": "app_signed_up",
        "occurred_at": "2027-05-03T10:00:00Z",
        "id": "1",
    }
    response = open_shop().post("/events", body)
    assert (response.status_code, problem_of(response)["code"]) == (500, "E-INTERNAL")
    assert "ana@" not in caplog.text and "ana@" not in response.content.decode()
    assert "RuntimeError" in caplog.text


def test_a_database_that_is_away_means_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(key: str) -> None:
        raise OperationalError("connection to 10.0.0.7 refused")

    monkeypatch.setattr("onloan.api.auth.find_key", fail)
    response = client().get("/api/v1/status", headers={"Authorization": "Bearer x"})
    assert (response.status_code, problem_of(response)["code"]) == (503, "E-UNAVAILABLE")
    assert response["Retry-After"] == "5"
    assert b"10.0.0.7" not in response.content


def test_what_must_stop_the_system_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(now: object) -> bool:
        raise MustStopError("the chain is broken")

    monkeypatch.setattr("onloan.api.status.is_log_down", stop)
    with pytest.raises(MustStopError):
        open_shop().get("/status")


def test_the_status_says_what_the_key_may_do() -> None:
    response = open_shop("events:write").get("/status")
    content = json.loads(response.content)
    assert content["scopes"] == ["events:write"]
    assert content["log"]["state"] == "up" and len(content["log"]["root"]) == 64


def test_nothing_of_the_api_is_loaded_from_elsewhere() -> None:
    assert client().get("/api/v1/docs").status_code == 404
    schema = client().get("/api/v1/openapi.json")
    assert schema.status_code == 200
    assert b"cdn" not in schema.content.lower()
