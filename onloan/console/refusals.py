"""What could not be done with a form: said on top of its page, with what was typed where the form is gone.

Two people may have the same page open. What the first one does can take away the form that the second one sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be done: of which form, and at which field of it."""

    act: str
    field: str
    words: str


def refusal_panel(problem: Problem | None, forms: Set[str], texts: Iterable[str]) -> dict[str, object]:
    """Whether the form that was sent is one of ``forms``, those on the page; if not, what was typed into it."""
    if problem is None or problem.act in forms:
        return {"has_form": True, "kept": ""}
    return {"has_form": False, "kept": "\n\n".join(text.strip() for text in texts if text.strip())}
