"""The forms that the page of a case has now, and what can be typed into them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

TEXTS = (
    "done", "reasons", "law", "proof", "why_not_wait", "note", "why_longer", "question", "doubt", "known_as",
    "how", "separate", "email", "why_copy",
)  # fmt: skip
"""The fields in which somebody writes, in the order in which they stand on the page."""


def list_forms(
    context: Mapping[str, object], *, acts: Collection[str], is_known: bool, is_identified: bool
) -> set[str]:
    """The forms that the page has now; ``acts`` are the buttons of its next step."""
    forms = {
        **dict.fromkeys(acts, True),
        "answer": True,
        "note": True,
        "progress": True,
        "extend": bool(context["can_extend"]),
        "pause": bool(context["pauses"]),
        "identify": not is_known,
        "separate": is_identified,
    }
    shown = {act for act, is_there in forms.items() if is_there} if context["is_open"] else set()
    # A mail that did not arrive has its form on a closed case, too, and so has a copy that was promised.
    shown |= {"copy"} if context["can_copy"] else set()
    return shown | ({"readdress", "by_letter"} if context["undelivered"] else set())
