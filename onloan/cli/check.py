"""``onloan check``: whether an offer file may be published, and everything that stands against it."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from onloan.offers.findings import SEVERITIES, Finding, Report, Severity, syntax
from onloan.offers.headline import headline
from onloan.offers.lint import check_bytes
from onloan.offers.nodes import Part, Place
from onloan.offers.reader import FILE_BYTES_MAX
from onloan.offers.vocabulary import PAGE_LANGUAGES

_COLOURS: dict[Severity, str] = {"SYNTAX": "red", "BLOCK": "red", "HOLD": "yellow", "WARN": "cyan"}
_HEADS: dict[Severity, str] = {
    "SYNTAX": "Cannot be read",
    "BLOCK": "Refused by a rule",
    "HOLD": "Needs a signature",
    "WARN": "Worth a look",
}


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"


def register(app: typer.Typer) -> None:
    app.command("check")(check)


def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Offer files.")],
    format: Annotated[Format, typer.Option("--format", help="How to say it.")] = Format.TEXT,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also list the defaults taken for what a file leaves out.")
    ] = False,
) -> None:
    """Check offer files against every rule that a file can show; all findings in one run.

    Exit code: 0 publishable (once each HOLD is signed), 1 refused by a rule, 2 not readable as an offer.
    """
    reports = [_check_file(path) for path in files]
    if format is Format.JSON:
        typer.echo(json.dumps([_as_json(report) for report in reports], ensure_ascii=False, indent=2))
    else:
        # Colour and wrapping are for people; a pipe gets one finding on one line.
        console = Console(highlight=False, soft_wrap=False)
        for report in reports:
            _show(console, report, explain=explain)
    raise typer.Exit(max(report.exit_code for report in reports))


def _check_file(path: Path) -> Report:
    try:
        if not path.is_file():
            raise FileNotFoundError(2, "there is no such file")
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        part = Part(None, "", Place(1, 1))
        reason = f"The file cannot be opened: {(error.strerror or 'unknown reason').lower()}."
        finding = syntax(part, "E-FILE-READ", reason, "Check its name and rights.")
        return Report(str(path), [finding], None, [], "")
    return check_bytes(data, str(path))


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "file": report.file_name,
        "file_hash": report.file_hash,
        "exit_code": report.exit_code,
        "headlines": _headlines(report),
        "findings": [asdict(finding) for finding in report.findings],
        "defaults": [asdict(default) for default in report.defaults],
    }


def _headlines(report: Report) -> dict[str, dict[str, str]]:
    if report.offer is None:
        return {}
    return {
        country: {language: headline(report.offer, country, language) for language in PAGE_LANGUAGES}
        for country in report.offer.markets
    }


def _show(console: Console, report: Report, *, explain: bool) -> None:
    for severity in SEVERITIES:
        found = report.of(severity)
        if found and console.is_terminal:
            console.print(Text(f"\n{_HEADS[severity]} ({len(found)})", style=f"bold {_COLOURS[severity]}"))
        for finding in found:
            _show_finding(console, report.file_name, finding)
    if report.offer is not None:
        for country, sentences in _headlines(report).items():
            languages = report.offer.markets[country].languages
            language = next((code for code in languages if code in sentences), "en")
            _line(console, Text.assemble((country, "bold"), f"  {sentences[language]}"))
    if explain:
        _show_defaults(console, report)
    _line(console, _verdict(report))


def _show_finding(console: Console, file_name: str, finding: Finding) -> None:
    """On a terminal in three wrapped parts, else on one line; the same words in the same order."""
    if not console.is_terminal:
        console.print(Text(finding.sentence(file_name)), soft_wrap=True)
        return
    where = (f"{file_name}:{finding.line}:{finding.column} ", "dim")
    code = (finding.code, f"bold {_COLOURS[finding.severity]}")
    console.print(Text.assemble(where, code), soft_wrap=True)
    rule = f" ({finding.rule})" if finding.rule else ""
    console.print(Padding(Text.assemble(finding.message, (rule, "dim")), (0, 0, 0, 4)))
    console.print(Padding(Text(finding.mend, style="green"), (0, 0, 0, 4)))


def _show_defaults(console: Console, report: Report) -> None:
    if report.offer is None:
        _line(console, Text("The defaults are listed once nothing stands against the file.", style="dim"))
        return
    if not console.is_terminal:
        for default in report.defaults:
            console.print(Text(f"default {default.path}: {default.value} ({default.why})"), soft_wrap=True)
        return
    console.print(Text("\nLeft out, so this holds", style="bold"))
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(style="dim", overflow="fold")
    for default in report.defaults:
        table.add_row(default.path, default.value, default.why)
    console.print(table)


def _line(console: Console, text: Text) -> None:
    console.print(text, soft_wrap=not console.is_terminal)


def _verdict(report: Report) -> Text:
    name, holds = report.file_name, len(report.of("HOLD"))
    if report.exit_code == 2:
        points = len(report.of("SYNTAX"))
        return Text(f"{name}: not readable as an offer ({_count(points, 'point')}).", style="bold red")
    if report.exit_code == 1:
        blocks = report.of("BLOCK")
        rules = len({finding.rule for finding in blocks})
        said = f"{name}: refused, {_count(len(blocks), 'point')} by {_count(rules, 'rule')}."
        return Text(said, style="bold red")
    if holds:
        said = f"{name}: publishable once somebody signs for {_count(holds, 'point')}."
        return Text(said, style="bold yellow")
    return Text(f"{name}: publishable.", style="bold green")


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
