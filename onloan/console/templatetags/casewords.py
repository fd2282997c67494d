"""The words for a case's kind, door and outcome."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _

from onloan.cases.rules import Door, Kind, Outcome

register = template.Library()


@register.filter
def case_kind(kind: str) -> str:
    return {
        Kind.ACCESS: _("A copy of their data"),
        Kind.RECTIFICATION: _("Correct their data"),
        Kind.ERASURE: _("Erase their data"),
        Kind.RESTRICTION: _("Restrict the use of their data"),
        Kind.PORTABILITY: _("Take their data elsewhere"),
        Kind.OBJECTION: _("Object to a use"),
        Kind.WITHDRAWAL: _("Take back what they allowed"),
        Kind.COMPLAINT: _("A complaint"),
        Kind.SIGHTING: _("Their photo or name was seen"),
    }[Kind(kind)]


@register.filter
def case_door(door: str) -> str:
    return {
        Door.MY_PAGE: _("their own page"),
        Door.PUBLIC_PAGE: _("the public page"),
        Door.STAFF: _("a member of the team"),
    }[Door(door)]


@register.filter
def case_outcome(outcome: str) -> str:
    return {
        Outcome.DONE: _("Done as asked"),
        Outcome.PARTLY_DONE: _("Done in part, with reasons"),
        Outcome.REFUSED: _("Refused, with reasons and where to complain"),
        Outcome.NOTHING_HELD: _("Nothing about this person is held"),
        Outcome.TAKEN_BACK: _("The person took it back"),
    }[Outcome(outcome)]
