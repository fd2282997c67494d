"""Whom we may look at: the gate's yes or no, and nothing of why.

It stands apart so that the modules that look cannot reach what anybody allowed or asked for.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from onloan.people.queries import list_checks_objected
from onloan.uses.actions import give_log_its_turn
from onloan.uses.basis import record_basis_uses


def ask_to_look(participant_ids: Collection[UUID]) -> set[UUID]:
    """Who may be looked at for signs of fraud; nobody who restricted, or objected to such checks (GDPR art.
    18 and 21(1)).

    On record for each person and day. Raises RecordBehind.
    """
    give_log_its_turn()
    return record_basis_uses(
        participant_ids=participant_ids,
        items=("email", "username"),
        purpose="fraud_checks",
        channel="review",
        is_once_a_day=True,
    )


def find_humans_only(participant_ids: Collection[UUID]) -> set[UUID]:
    """Whose rewards only a human may look at, as they objected to automatic checks (GDPR art. 21(1))."""
    return list_checks_objected(participant_ids)
