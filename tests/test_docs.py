"""What people can meet is described: each error code, setting, command, route and page."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from pathlib import Path

import typer
from django.urls import URLPattern, URLResolver, get_resolver

import onloan
from onloan.cli.main import build_app
from onloan.errors import OnloanError

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


def all_errors() -> set[type[OnloanError]]:
    """Every error of every module, imported so that none is forgotten."""
    for module in pkgutil.walk_packages(onloan.__path__, "onloan."):
        if ".migrations" not in module.name and not module.name.endswith(("wsgi", "__main__")):
            importlib.import_module(module.name)
    found: set[type[OnloanError]] = set()
    waiting = [OnloanError]
    while waiting:
        error = waiting.pop()
        found.add(error)
        waiting += error.__subclasses__()
    return found


def test_each_error_code_has_an_entry() -> None:
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^### `?([A-Z][A-Z0-9-]+)`?", text, re.MULTILINE))
    codes = {error.code for error in all_errors()}
    assert codes - headings == set()


def test_each_file_that_a_readme_names_is_there() -> None:
    for readme in sorted((ROOT / "onloan").rglob("README.md")):
        for name in re.findall(r"`([\w/]+\.py)`", readme.read_text(encoding="utf-8")):
            here, above = readme.parent / name, ROOT / "onloan" / name.removeprefix("onloan/")
            assert here.exists() or above.exists(), f"{readme.parent.name}: {name}"


def test_each_setting_has_a_line() -> None:
    source = (ROOT / "onloan" / "settings.py").read_text(encoding="utf-8")
    settings = set(re.findall(r'read_(?:setting|switch|number)\(\s*"([A-Z_]+)"', source))
    described = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert settings
    assert {name for name in settings if f"`{name}`" not in described} == set()


def test_each_command_is_described() -> None:
    described = "\n".join(path.read_text(encoding="utf-8") for path in [*DOCS.glob("*.md"), ROOT / "README.md"])
    missing = [name for name in command_names(build_app()) if f"onloan {name}" not in described]
    assert missing == []


def command_names(app: typer.Typer, before: str = "") -> list[str]:
    names = [
        before + (command.name or (command.callback.__name__ if command.callback else ""))
        for command in app.registered_commands
    ]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        names += command_names(group.typer_instance, f"{before}{group.name or group.typer_instance.info.name} ")
    return names


def test_each_route_of_the_api_is_described() -> None:
    from onloan.api.main import api

    described = (DOCS / "api.md").read_text(encoding="utf-8")
    schema = json.loads(json.dumps(api.get_openapi_schema()))
    assert schema["paths"]
    assert [path for path in schema["paths"] if path not in described] == []


def test_each_page_is_described() -> None:
    described = (DOCS / "pages.md").read_text(encoding="utf-8")
    names = [name for name in page_names(get_resolver()) if name and f"`{name}`" not in described]
    assert names == []


def page_names(resolver: URLResolver) -> list[str]:
    names: list[str] = []
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            if entry.callback.__module__.startswith(("onloan.portal", "onloan.console")):
                names.append(entry.name or "")
        elif not str(entry.pattern).startswith(("accounts", "api")):
            names += page_names(entry)
    return names
