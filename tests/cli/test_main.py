"""What the command reads before its settings are read."""

from __future__ import annotations

import pytest

from onloan.cli.main import read_command


@pytest.mark.parametrize(
    "written",
    ["demo", "demo --port 8001", "--home demo demo", "--home=demo demo --seed-only", "--home serve demo"],
)
def test_it_knows_the_demo_wherever_it_lies(written: str) -> None:
    assert read_command(written.split()) == "demo"


@pytest.mark.parametrize(
    "written",
    ["", "--help", "--home demo", "--home demo serve", "--home=demo serve", "new demo", "market list demo"],
)
def test_it_takes_no_other_word_for_it(written: str) -> None:
    """Test mode opens pages that show every mail: a folder or an offer of that name must not turn it on."""
    assert read_command(written.split()) != "demo"
