"""The JSON Schema: valid itself, accepts the examples, and knows the same keys as the grammar and the docs."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from onloan.offers.codes import CODES
from onloan.offers.grammar import OFFER
from onloan.offers.nodes import Mapping, Node, Part, Scalar, Sequence
from onloan.offers.reader import read_text
from onloan.offers.schema import offer_schema
from onloan.offers.shapes import Either, Many, Named, Record, Shape
from onloan.offers.starters import Starter, fill_starter
from tests.offers.files import FAIR, changed

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples" / "offers").glob("*.yaml"))


def plain(node: Node | None) -> Any:
    """As an editor's YAML reader would hand it to a validator."""
    if isinstance(node, Mapping):
        return {key.text: plain(value) for key, value in node.entries}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)
    part = Part(node, "", node.place)
    number, flag = part.whole(), part.flag()
    return number if number is not None else flag if flag is not None else node.text


def validate(text: str) -> None:
    validator = jsonschema.Draft202012Validator(offer_schema())
    validator.validate(plain(read_text(text).root.node))


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(offer_schema())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_it_accepts_the_examples(path: Path) -> None:
    validate(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("starter", Starter)
def test_it_accepts_the_starters(starter: Starter) -> None:
    validate(fill_starter(starter, slug="my-offer", today=date(2026, 11, 24)))


@pytest.mark.parametrize(
    "edit",
    [
        ("times: 5", "tiems: 5"),
        ("times: 5", "times: '5'"),
        ("to: sponsor", "to: everybody"),
        ("5000.00 EUR", "5000 euros"),
        ("offer: test-pot\n", ""),
    ],
)
def test_it_refuses_what_cannot_be_read(edit: tuple[str, str]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validate(changed(edit))


def test_it_accepts_the_fair_file() -> None:
    validate(FAIR)


def keys_of(shape: Shape) -> set[str]:
    """Every key of the grammar below ``shape``."""
    if isinstance(shape, Record):
        below = (keys_of(key.of) for key in shape.keys.values())
        return set(shape.keys).union(*below)
    if isinstance(shape, Many | Named):
        return keys_of(shape.of)
    if isinstance(shape, Either):
        return set().union(*(keys_of(one) for one in shape.shapes))
    return set()


def test_its_keys_are_described_for_people() -> None:
    described = (ROOT / "docs" / "offer-file.md").read_text(encoding="utf-8")
    assert {key for key in keys_of(OFFER) if f"`{key}`" not in described} == set()


def test_each_code_has_an_entry() -> None:
    section = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8").split("\n## Offer files\n")[1]
    section = section.split("\n## ")[0]
    assert {code for code in CODES if f"\n### {code}\n" not in section} == set()
