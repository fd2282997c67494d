"""A person's copy of everything: looking makes nothing, a button gives a zip to read and to compute with."""

from __future__ import annotations

import io
import json
import zipfile

from django.test import Client

from tests.joining.support import open_market
from tests.portal.support import add_participant
from tests.portal.test_my_case import signed_in_client


def test_the_button_gives_a_zip_with_a_page_to_read(sqlite_database: str) -> None:
    ana = add_participant(open_market(), "Ana")
    client = signed_in_client(ana.participant_id)
    assert "/en/me/pack/" in client.get("/en/me/").content.decode()
    assert client.get("/en/me/pack/").status_code == 200
    answer = client.post("/fr/me/pack/", {"part": "all"})
    assert answer["Content-Type"] == "application/zip" and "no-store" in answer["Cache-Control"]
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    page = archive.read("index.html").decode()
    assert '<html lang="fr">' in page and "Ana" in page and "<script" not in page
    assert 'src="http' not in page and "url(" not in page, "nothing is fetched from anywhere"
    items = json.loads(archive.read("data.json"))["sources"]["items"]
    assert {row["item"]: row["value"] for row in items}["username"] == "Ana"
    part = json.loads(
        zipfile.ZipFile(io.BytesIO(client.post("/fr/me/pack/", {"part": "portable"}).content)).read("data.json")
    )
    assert part["is_portable_part"] and "signals" not in part["sources"]


def test_a_stranger_gets_nothing(sqlite_database: str) -> None:
    assert Client(HTTP_HOST="127.0.0.1").post("/en/me/pack/").status_code == 302
