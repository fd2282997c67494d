"""What could not be done on the page of a case: said on top of it, with what was typed where its form is gone.

Two people may have the same case open. What the first one does can take away the form that the second one sends.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

TEXTS = (
    "done", "reasons", "law", "why_not_wait", "note", "why_longer", "question", "doubt", "known_as", "how",
    "separate", "email",
)  # fmt: skip
"""The fields in which somebody writes, in the order in which they stand on the page."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be done: of which form, and at which field of it."""

    act: str
    field: str
    words: str


def list_forms(context: Mapping[str, object], *, step: str, is_known: bool, is_identified: bool) -> set[str]:
    """The forms that the page has now; ``step`` is the act of its next step, if that is a button."""
    forms = {
        step: bool(step),
        "answer": True,
        "note": True,
        "progress": True,
        "extend": bool(context["can_extend"]),
        "pause": bool(context["pauses"]),
        "identify": not is_known,
        "separate": is_identified,
    }
    shown = {act for act, is_there in forms.items() if is_there} if context["is_open"] else set()
    # A mail that did not arrive has its form on a closed case, too.
    return shown | ({"readdress", "by_letter"} if context["undelivered"] else set())


def refusal_panel(problem: Problem | None, forms: Set[str], typed: Mapping[str, str]) -> dict[str, object]:
    """Whether the form that was sent is still there, and what was typed into it where it is not."""
    if problem is None or problem.act in forms:
        return {"has_form": True, "kept": ""}
    texts = (typed.get(name, "").strip() for name in TEXTS)
    return {"has_form": False, "kept": "\n\n".join(text for text in texts if text)}
