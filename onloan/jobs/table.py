"""The table of periodic jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from onloan.access.actions import forget_answers
from onloan.breaches.telling import settle_tellings, tell_people
from onloan.breaches.watching import watch_breaches
from onloan.cases.erasure_steps import close_profiles, finish_erasures, forget_late_traces
from onloan.cases.late_payments import follow_late_payments
from onloan.cases.pack.actions import prepare_packs, try_packs_again
from onloan.cases.profiles import forget_photos, stop_closings
from onloan.cases.restricting import end_announced
from onloan.cases.retention import forget_past, note_run
from onloan.cases.watching import watch_cases, watch_mails, watch_waiting
from onloan.consents.actions import expire_due
from onloan.evidence.actions import number_entries
from onloan.ledger.check import require_balance
from onloan.ledger.watching import record_pool_day, watch_pools
from onloan.offers.switch import close_due_markets, finish_stopping
from onloan.outbox.actions import deliver_due, forget_settled
from onloan.payouts.settling import book_made_after_all
from onloan.payouts.thresholds import tell_near
from onloan.payouts.watch import (
    ask_for_accounts,
    forget_accounts,
    watch_payments,
    watch_unreached,
    watch_voucher_value,
)
from onloan.people.actions import purge_codes
from onloan.people.queries import read_item
from onloan.referrals.actions import release_windows, settle_due
from onloan.referrals.looking import look_at_accounts, look_for_rings, look_for_signals
from onloan.referrals.reviews import finish_reviews, forget_old_signals, warn_reviews
from onloan.uses.audience_changes import tell_changes
from onloan.uses.duties import make_duties
from onloan.uses.notices import tell_recipients, watch_duties
from onloan.vouchers.check import require_vouchers_agree
from onloan.vouchers.endings import expire_vouchers, release_overdue_holds, warn_expiring
from onloan.vouchers.guessing import forget_misses
from onloan.vouchers.own_codes import hand_out_codes


@dataclass(frozen=True, slots=True)
class Job:
    """``run`` takes the time and returns how many pieces of work it did."""

    name: str
    every_seconds: float
    run: Callable[[datetime], int]


def read_address(participant_id: UUID) -> str | None:
    """Where a participant's mail goes, opened only at the moment of sending."""
    value = read_item(participant_id, "email")
    return value.decode() if value is not None else None


def deliver_messages(now: datetime) -> int:
    return deliver_due(now=now, limit=50, read_address=read_address)


def check_books(now: datetime) -> int:
    """Raises MustStopError when money was made or lost: then nothing more is settled or paid by itself."""
    require_balance()
    require_vouchers_agree()
    return 0


def counted(record_class: str, forget: Callable[..., int]) -> Callable[[datetime], int]:
    """A job that deletes what is past its time, and writes down how much (``cases.retention``)."""

    def run(now: datetime) -> int:
        count = forget(now=now)
        note_run(record_class=record_class, count=count, now=now)
        return count

    return run


JOBS = (
    Job("number entries", 0.5, lambda now: number_entries()),
    Job("deliver messages", 0.5, deliver_messages),
    Job("finish stopping", 0.5, lambda now: finish_stopping(now=now)),
    Job("look for signals", 2, lambda now: look_for_signals(now=now, limit=200)),
    Job("settle rewards", 2, lambda now: settle_due(now=now, limit=200)),
    Job("expire consents", 60, lambda now: expire_due(now=now, limit=500)),
    Job("tell changes of audiences", 30, lambda now: tell_changes(now=now)),
    Job("make duties", 10, lambda now: make_duties(now=now)),
    Job("tell recipients", 10, lambda now: tell_recipients(now=now, limit=200)),
    Job("watch duties", 3600, lambda now: watch_duties(now=now)),
    Job("watch cases", 3600, lambda now: watch_cases(now=now)),
    Job("watch questions", 3600, lambda now: watch_waiting(now=now)),
    Job("watch mails about cases", 600, lambda now: watch_mails(now=now)),
    Job("watch breaches", 60, lambda now: watch_breaches(now=now)),
    Job("tell people of breaches", 5, lambda now: tell_people(now=now, limit=200)),
    Job("settle tellings", 600, lambda now: settle_tellings(now=now)),
    Job("end restrictions", 3600, lambda now: end_announced(now=now)),
    Job("prepare packs", 60, lambda now: prepare_packs(now=now)),
    Job("try packs again", 3600, lambda now: try_packs_again(now=now)),
    Job("close markets", 60, lambda now: close_due_markets(now=now)),
    Job("release held vouchers", 10, lambda now: release_overdue_holds(now=now, limit=500)),
    Job("hand out codes", 10, lambda now: hand_out_codes(now=now, limit=500)),
    Job("expire vouchers", 600, lambda now: expire_vouchers(now=now, limit=500)),
    Job("warn of vouchers that end", 600, lambda now: warn_expiring(now=now, limit=500)),
    Job("finish reviews", 60, lambda now: finish_reviews(now=now)),
    Job("warn of reviews", 600, lambda now: warn_reviews(now=now)),
    Job("look at accounts", 600, lambda now: look_at_accounts(now=now)),
    Job("look for rings", 24 * 3600, lambda now: look_for_rings(now=now)),
    Job("forget signals", 24 * 3600, counted("checks against cheating", forget_old_signals)),
    Job("release windows", 60, lambda now: release_windows(now=now, limit=500)),
    Job("watch pools", 600, lambda now: watch_pools(now=now)),
    Job("record pools", 3600, lambda now: record_pool_day(now=now)),
    Job("ask for accounts", 300, lambda now: ask_for_accounts(now=now, limit=500)),
    Job("book what was made after all", 60, lambda now: book_made_after_all(now=now, limit=500)),
    Job("watch payments", 600, lambda now: watch_payments(now=now)),
    Job("follow late payments", 3600, lambda now: follow_late_payments(now=now, limit=500)),
    Job("watch unreached people", 3600, lambda now: watch_unreached(now=now)),
    Job("watch voucher value", 24 * 3600, lambda now: watch_voucher_value(now=now)),
    Job("tell of amounts to declare", 24 * 3600, lambda now: tell_near(now=now)),
    Job("forget accounts", 3600, counted("accounts of people", forget_accounts)),
    Job("check the books", 24 * 3600, check_books),
    Job("stop closings", 60, lambda now: stop_closings(now=now)),
    Job("finish erasures", 60, lambda now: finish_erasures(now=now)),
    Job("forget photos", 3600, lambda now: forget_photos(now=now)),
    Job("close profiles", 24 * 3600, lambda now: close_profiles(now=now)),
    Job("forget late traces", 24 * 3600, lambda now: forget_late_traces()),
    Job("forget what is past its time", 24 * 3600, lambda now: forget_past(now=now)),
    Job("forget answers", 3600, counted("answers of the API", forget_answers)),
    Job("forget misses", 3600, counted("checks against cheating", forget_misses)),
    Job("forget messages", 3600, counted("messages", forget_settled)),
    Job("purge codes", 300, counted("codes by mail", purge_codes)),
)
