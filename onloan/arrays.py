"""How columns are written as arrays of PostgreSQL (manual, 8.15.6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.db import models


def array_writer(column: models.Field[Any, Any]) -> Callable[[Sequence[Any]], str]:
    """How values of ``column`` are written as one array. By hand: the driver looks at each value by itself, and a
    batch has hundreds."""
    kind = column.get_internal_type()
    if kind == "JSONField":
        return lambda values: _array(values, lambda value: _quoted(json.dumps(value)))
    if kind in {"CharField", "TextField"}:
        return lambda values: _array(values, _quoted)
    if kind == "BinaryField":
        return lambda values: _array(values, lambda value: f'"\\\\x{value.hex()}"')
    assert kind in {"UUIDField", "DateTimeField", "DateField", "BooleanField"} or kind.endswith(
        ("IntegerField", "AutoField")
    ), f"{kind} has no form yet"
    return lambda values: _array(values, _plain)


def _array(values: Sequence[Any], write: Callable[[Any], str]) -> str:
    return "{" + ",".join(["NULL" if value is None else write(value) for value in values]) + "}"


def _plain(value: Any) -> str:
    """A number, a truth, a UUID or an instant: none of them has anything to quote but the blank in an instant."""
    return f'"{value.isoformat()}"' if isinstance(value, date) else str(value)


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
