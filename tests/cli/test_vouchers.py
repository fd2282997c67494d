"""``onloan vouchers``: the merchant's own codes come in, and no code goes out."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from onloan.cli import vouchers
from onloan.errors import BadInput, NotAllowed
from onloan.vouchers.errors import OwnCodesUnwanted
from tests.joining.support import open_market

pytestmark = pytest.mark.usefixtures("both_databases")
OWN = (("GB: 7.00 GBP}, valid_days: 180", "GB: 7.00 GBP}, own_codes: true, valid_days: 180"),)
FAY, GREG = "fay@boutique.example", "greg@boutique.example"
CODES = ["SPRING-AAAA-0001", "SPRING-AAAA-0002", "SPRING-AAAA-0003"]


def run(*arguments: str) -> Result:
    app = typer.Typer()
    vouchers.register(app)
    result = CliRunner().invoke(app, ["vouchers", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def bring(path: Path, text: str | bytes, reward: str = "thanks", by: str = FAY) -> Result:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return run("import", "spring-pot", "FR", reward, str(path), "--by", by)


def test_it_takes_codes_into_stock_once(tmp_path: Path) -> None:
    open_market(edits=OWN)
    file = tmp_path / "codes.txt"
    assert bring(file, "\ufeff" + "\r\n".join(CODES)).stdout == "3 new, 0 known before, 0 refused.\n"
    assert bring(file, "\n".join(CODES)).stdout == "0 new, 3 known before, 0 refused.\n"
    (line,) = run("list").stdout.splitlines()
    assert line == "spring-pot\tFR\tthanks\t14.00 EUR\t3 ready\t0 given\t0 waiting"
    missing = run("list-missing")
    assert (missing.exit_code, missing.stdout) == (0, "")


def test_it_names_the_line_that_it_refuses_and_never_the_code(tmp_path: Path) -> None:
    open_market(edits=OWN)
    result = bring(tmp_path / "codes.txt", f"{CODES[0]}\n\nno code!\n{CODES[1]}\n")
    assert result.exit_code == 1
    assert result.stdout == "2 new, 0 known before, 1 refused.\n"
    assert result.stderr == "line 3: no code of 8 to 40 letters and digits\n"


def test_it_refuses_what_is_no_list_of_codes(tmp_path: Path) -> None:
    open_market(edits=OWN)
    for data in (b"\xff\xfe\x00", b"x" * (vouchers.FILE_BYTES_MAX + 1)):
        with pytest.raises(BadInput):
            bring(tmp_path / "codes.txt", data)
    with pytest.raises(OwnCodesUnwanted):
        bring(tmp_path / "codes.txt", CODES[0], reward="welcome")
    with pytest.raises(NotAllowed):
        bring(tmp_path / "codes.txt", CODES[0], by=GREG)
    assert run("list").stdout == ""
