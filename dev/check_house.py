"""House rules that no tool knows. Each rule says the story behind it; run by ``make check``."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

ROOT = Path(__file__).resolve().parent.parent
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 500
RULES_MAY_IMPORT = (
    "onloan.money", "onloan.clock", "onloan.ids", "onloan.lines", "onloan.offers.document",
    "onloan.offers.retention", "onloan.offers.wording", "onloan.uses.periods",
)  # fmt: skip
# A rule reads facts and vocabularies that are plain data; anything with a database behind it is refused.


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def check_sizes(path: Path, text: str, tree: ast.Module) -> Iterator[str]:
    """A function fits on a screen and a file is read in one go; the models we learn from show both are livable."""
    lines = text.count("\n")
    if lines > FILE_LINES_MAX:
        yield f"{path}: {lines} lines; split the thing ({FILE_LINES_MAX} at most)"
    for function in functions(tree):
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > FUNCTION_LINES_MAX:
            yield f"{path}:{function.lineno}: {function.name} has {length} lines ({FUNCTION_LINES_MAX} at most)"


def is_rules(module: str) -> bool:
    return module == "rules" or module.endswith("_rules")


def check_pure(path: Path, tree: ast.Module) -> Iterator[str]:
    """Rules are pure, so that a test needs no database and a reader no context."""
    if not is_rules(path.stem):
        return
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            pure = any(
                is_rules(part) or part in {"document", "vocabulary", "findings"} for part in name.split(".")
            )
            if name.startswith("django.db") or (
                name.startswith("onloan")
                and not name.startswith(RULES_MAY_IMPORT)
                and not pure
                and name != "onloan"
            ):
                yield f"{path}:{node.lineno}: a rule imports {name}"  # type: ignore[attr-defined]


def is_action(node: ast.stmt) -> TypeGuard[ast.FunctionDef]:
    return isinstance(node, ast.FunctionDef) and any(
        isinstance(each, ast.Name) and each.id == "action" for each in node.decorator_list
    )


def check_actions(path: Path, tree: ast.Module) -> Iterator[str]:
    """Each write is one keyword-only action: a call with positions once swapped two UUIDs and nobody saw it."""
    for node in tree.body:
        if is_action(node) and (node.args.args or node.args.posonlyargs):
            yield f"{path}:{node.lineno}: {node.name} takes keywords only"


def check_no_signals(path: Path, text: str) -> Iterator[str]:
    """Control flow that cannot be followed by reading is not used."""
    for banned in ("django.dispatch", "django.db.models.signals", "import_string(", "apps.get_model("):
        if banned in text and "dev" not in path.parts:
            yield f"{path}: uses {banned}"


def check_faces(path: Path, tree: ast.Module) -> Iterator[str]:
    """A face parses, calls one action or query, renders: it never writes by itself."""
    parts = path.relative_to(ROOT).parts
    if len(parts) < 2 or parts[0] != "onloan" or parts[1] not in {"portal", "console", "api"}:
        return
    for node in ast.walk(tree):
        if not (isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("onloan.")):
            continue
        if node.module.endswith(".models") or any(alias.name == "models" for alias in node.names):
            yield f"{path}:{node.lineno}: a face imports tables"


def check_clicks(path: Path, tree: ast.Module) -> Iterator[str]:
    """A test says whether a click leads to another page (``press``) or stays (``touch``): after bare clicks, a
    busy machine read pages half written."""
    if path == ROOT / "tests" / "support" / "browser.py":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "click":
            yield f"{path}:{node.lineno}: a bare click; press or touch it (tests.support.browser)"


def check_unique_actions(paths: list[Path]) -> Iterator[str]:
    """One name, one write, in the whole repository: so that a name found is the thing meant."""
    seen: dict[str, Path] = {}
    for path in paths:
        for node in ast.parse(path.read_text()).body:
            if is_action(node) and not node.name.startswith("_"):
                if node.name in seen:
                    yield f"{path}:{node.lineno}: {node.name} is also in {seen[node.name]}"
                seen[node.name] = path


def check_tables() -> Iterator[str]:
    """Nothing stands in the way of a distributed database: keys are UUIDs, and what must be unique about a person
    says whose it is. Found by reading what distributed PostgreSQL refuses, before it refused."""
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onloan.settings")
    os.environ.setdefault("ONLOAN_MASTER_KEY", "A" * 43 + "=")
    import django

    django.setup()
    from django.apps import apps
    from django.db import models

    from onloan.db import ParticipantModel

    for model in apps.get_models():
        if not model.__module__.startswith("onloan."):
            continue
        name = model._meta.db_table
        scoped = issubclass(model, ParticipantModel)
        for field in model._meta.concrete_fields:
            if scoped and isinstance(field, models.AutoField | models.BigAutoField):
                yield f"{name}.{field.name}: a number from the database on a participant's table"
            if scoped and isinstance(field, models.ForeignKey):
                yield f"{name}.{field.name}: a foreign key on a participant's table"
            if scoped and field.unique and not field.primary_key:
                yield f"{name}.{field.name}: unique without participant_id"
        for constraint in model._meta.constraints:
            fields = constraint.fields if isinstance(constraint, models.UniqueConstraint) else ("participant_id",)
            if scoped and "participant_id" not in fields:
                yield f"{name}: {constraint.name} does not include participant_id"


def main() -> int:
    problems: list[str] = []
    paths = list(python_files("onloan", "dev", "bench", "tests"))
    for path in paths:
        text = path.read_text()
        tree = ast.parse(text)
        if path.is_relative_to(ROOT / "tests"):
            problems += check_clicks(path, tree)
        else:
            problems += check_sizes(path, text, tree)
        if path.is_relative_to(ROOT / "onloan"):
            problems += check_pure(path, tree)
            problems += check_actions(path, tree)
            problems += check_no_signals(path, text)
            problems += check_faces(path, tree)
    problems += check_unique_actions([path for path in paths if path.is_relative_to(ROOT / "onloan")])
    problems += check_tables()
    for problem in problems:
        print(problem.replace(f"{ROOT}/", ""))
    print(f"house rules: {len(problems)} problems in {len(paths)} files")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
