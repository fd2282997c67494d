"""What a reader is told when something cannot be done, in both languages."""

from __future__ import annotations

import pytest
from django.template.loader import get_template
from django.utils import translation

from onloan.portal.middleware import BODY_BYTES_MAX
from tests.portal.support import Visitor, read_page


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "There is nothing at this address"), ("fr", "Il n'y a rien à cette adresse")],
)
def test_an_address_with_nothing_says_so(sqlite_database: str, language: str, words: str) -> None:
    page = Visitor().get(f"/{language}/nothing/at/all/")
    assert page.status == 404
    assert page.one("h1").text == words
    assert page.one("html").get("lang") == language


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500"])
def test_each_page_of_a_failure_stands_without_a_request(language: str, name: str) -> None:
    with translation.override(language):
        html = get_template(f"{name}.html").render()
    assert f'<html lang="{language}">' in html
    assert html.count("<h1>") == 1


def test_a_body_that_is_too_large_is_refused_before_it_is_read(sqlite_database: str) -> None:
    response = Visitor().client.post(
        "/en/requests/", data=b"", content_type="text/plain", CONTENT_LENGTH=str(BODY_BYTES_MAX + 1)
    )
    page = read_page(response)
    assert page.status == 413
    assert "E-BODY-LARGE" in page.text


def test_an_error_of_the_house_becomes_a_sentence_with_its_code(sqlite_database: str) -> None:
    page = Visitor().get("/fr/r/AAAAAAAA/")
    assert page.status == 404
    assert "E-NOT-FOUND" in page.text
    assert page.one("h1").text == "Cela n'a pas pu être fait"


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_a_method_that_no_page_takes_is_refused(sqlite_database: str, method: str) -> None:
    assert Visitor().status("/en/requests/", method) == 405
