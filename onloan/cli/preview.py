"""``onloan preview``: every text of an offer file as plain pages, before anything is published."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer
from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import override

from onloan.cli.publish import read_offer_file, say_findings
from onloan.markets.rules import country_name
from onloan.offers.lint import check_text
from onloan.offers.texts import TEXT_LANGUAGES, render_pages


def register(app: typer.Typer) -> None:
    app.command("preview")(preview)


def preview(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The offer file.")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write pages to.")] = Path("preview"),
) -> None:
    """Write what people of each country will read, in each language, and a page that lists it all.

    Nothing is published and no database is asked. Points that hold the file up are said, and stop nothing.
    """
    report = check_text(read_offer_file(file), str(file))
    assert report.offer is not None, "a file that no rule refuses has an offer"
    say_findings(report)
    out.mkdir(parents=True, exist_ok=True)
    listed: list[tuple[str, str]] = []
    for country in report.offer.markets:
        for language in TEXT_LANGUAGES:
            name = f"{country}-{language}.html"
            pages = render_pages(report.offer, country, language)
            with override(language):
                html = render_to_string("cli/preview.html", {"pages": pages, "language": language})
            (out / name).write_text(html, encoding="utf-8")
            listed.append((name, f"{country_name(country, 'en')}, {language}"))
    index = render_to_string("cli/preview_index.html", {"slug": report.offer.slug, "listed": listed})
    (out / "index.html").write_text(index, encoding="utf-8")
    shutil.copyfile(settings.BASE_DIR / "static" / "onloan.css", out / "onloan.css")
    typer.echo(f"{len(listed)} pages written. Open {out / 'index.html'}")
