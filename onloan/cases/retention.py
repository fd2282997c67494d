"""How long each class of record is kept, and the daily job that deletes what is past it (GDPR art. 5(1)(e)).

Every table of the installation is in exactly one class, or the server does not start: what nobody thought of would
be kept for ever. The periods are those that the notice promises (``offers.retention``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db.models import Count, Exists, F, Max, Model, OuterRef, Q, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from onloan import clock, ids
from onloan.breaches.retention import BREACH_YEARS, forget_breaches
from onloan.cases.models import (
    Case,
    CaseEvent,
    CasePause,
    Erasure,
    Feedback,
    LatePayment,
    Restriction,
    RetentionRun,
    Sighting,
)
from onloan.cases.period_rules import years_before
from onloan.cases.rules import ErasureCause, State
from onloan.consents.models import Consent, Receipt
from onloan.db import action
from onloan.errors import MustStopError
from onloan.markets.rules import known_countries, market_facts
from onloan.offers.retention import CASE_YEARS, claims_since
from onloan.payouts.archive import forget_archived
from onloan.people.models import ItemChange, LookupRecord, Suppression
from onloan.uses.duty_rules import OPEN_STATES
from onloan.uses.models import Notice, Takedown

ROWS_AT_A_TIME = 5_000

Forget = Callable[[datetime], int]


@dataclass(frozen=True, slots=True)
class RecordClass:
    """Tables whose rows are kept for the same time, which ``kept`` says. ``forget`` deletes what is past it, at
    most ``ROWS_AT_A_TIME`` rows, and returns how many; None where another job or an erasure does."""

    name: str
    label: Promise
    tables: tuple[str, ...]
    kept: Promise
    forget: Forget | None = None


def _delete(rows: QuerySet[Model]) -> int:
    """At most so many at once, so that a long backlog stops nobody."""
    chosen = list(rows.values_list("pk", flat=True)[:ROWS_AT_A_TIME])
    return rows.model._default_manager.filter(pk__in=chosen).delete()[0]


def _forget_sessions(now: datetime) -> int:
    return _delete(Session.objects.filter(expire_date__lt=now))


def _forget_cases(now: datetime) -> int:
    """Answered cases with everything about them."""
    before = years_before(now, CASE_YEARS)
    # A restriction that stands and an erasure under way keep the case that they came from.
    own = OuterRef("id")
    closed = Case.objects.filter(
        ~Exists(Restriction.objects.filter(case_id=own, ended_at=None)),
        ~Exists(Erasure.objects.filter(case_id=own, completed_at=None)),
        state=State.CLOSED,
        closed_at__lt=before,
    )
    old = list(closed.values_list("id", flat=True)[:ROWS_AT_A_TIME])
    count = sum(
        model._default_manager.filter(case_id__in=old).delete()[0]
        for model in (CaseEvent, CasePause, Sighting, Restriction, Erasure, LatePayment)
    )
    count += _delete(Erasure.objects.filter(case_id=None, completed_at__lt=before))
    count += _delete(Sighting.objects.filter(case_id__isnull=True, reported_at__lt=before))
    return count + Case.objects.filter(id__in=old).delete()[0]


def _forget_changes(now: datetime) -> int:
    before = years_before(now, CASE_YEARS)
    changes = _delete(ItemChange.objects.filter(changed_at__lt=before))
    return changes + _delete(LookupRecord.objects.filter(looked_up_at__lt=before))


def _forget_suppressions(now: datetime) -> int:
    return _delete(Suppression.objects.filter(since__lt=years_before(now, CASE_YEARS)))


def _forget_feedback(now: datetime) -> int:
    return _delete(Feedback.objects.filter(sent_at__lt=years_before(now, CASE_YEARS)))


def _forget_consents(now: datetime) -> int:
    """Answers that ended, or were a no, longer ago than a claim can be brought in their country; then receipts to
    which no answer is left."""
    is_past, is_old = Q(), Q()
    for country in known_countries():
        before = _claimable_from(country, now)
        is_past |= Q(country=country, answer=False, answered_at__lt=before)
        is_past |= Q(country=country, answer=True, ended_at__lt=before)
        is_old |= Q(country=country, given_at__lt=before)
    answers = _delete(Consent.objects.filter(is_past))
    of_receipt = Consent.objects.filter(participant_id=OuterRef("participant_id"), receipt_id=OuterRef("id"))
    return answers + _delete(Receipt.objects.filter(is_old, ~Exists(of_receipt)))


def _claimable_from(country: str, now: datetime) -> datetime:
    """The instant before which nothing ended that a claim can still be brought about."""
    time_zone = market_facts(country).time_zone
    first_day = claims_since(country, clock.local_day(now, time_zone))
    return datetime.combine(first_day, time(), ZoneInfo(time_zone)).astimezone(UTC)


def _forget_duties(now: datetime) -> int:
    before = years_before(now, CASE_YEARS)
    notices = _delete(Notice.objects.exclude(state__in=OPEN_STATES).filter(answered_at__lt=before))
    return notices + _delete(Takedown.objects.filter(done_at__lt=before))


def _forget_archive(now: datetime) -> int:
    return forget_archived(now=now, limit=ROWS_AT_A_TIME)


def _forget_breaches(now: datetime) -> int:
    before = years_before(now, BREACH_YEARS)
    return forget_breaches(closed_before=before, now=now, limit=ROWS_AT_A_TIME)


RECORD_CLASSES: tuple[RecordClass, ...] = (
    RecordClass(
        "offers", _("Offers, markets and their history"),
        ("offers_offer", "offers_draft", "offers_approval", "offers_signoff", "offers_version", "offers_market",
         "offers_marketchange", "cases_explanation"),
        _("What was promised in public names nobody; it stays with the evidence."),
    ),
    RecordClass(
        "team", _("The team, systems and recipients"),
        ("access_user", "access_apikey", "account_emailaddress", "account_emailconfirmation", "auth_group",
         "auth_permission", "django_content_type", "outbox_endpoint", "uses_recipient_door", "payouts_debtor"),
        _("While a colleague, a system or a recipient works with the installation."),
    ),
    RecordClass(
        "sessions", _("Sign-ins of the team"), ("django_session",), _("Until they end."), _forget_sessions
    ),
    RecordClass(
        "answers of the API", _("Answers of the API, to give them again"), ("access_idempotencyrecord",),
        _("7 days."),
    ),
    RecordClass(
        "evidence", _("Evidence"),
        ("evidence_queue", "evidence_log", "evidence_link", "evidence_set_page", "evidence_state",
         "evidence_counter", "cases_retention_run"),
        _("Ten years. It names nobody, and erasure empties the links."),
    ),
    RecordClass(
        "messages", _("Mails and messages"), ("outbox_message",), _("30 days when sent, 90 days when not.")
    ),
    RecordClass(
        "profiles", _("People's pages: e-mail, name, link"),
        ("people_participant", "people_person_key", "people_item", "people_email_lookup", "people_code_lookup",
         "referrals_link", "referrals_attribution", "referrals_event", "cases_clarity_answer"),
        _("13 months after the campaign and the last payment, at most 3 years after their last act, or until "
          "erasure."),
    ),
    RecordClass("photos", _("Photos"), (), _("One day after the last permission for one has ended.")),
    RecordClass(
        "objections to advertising", _("Addresses not to be written to, as keyed hashes"), ("people_suppression",),
        _("3 years."), _forget_suppressions,
    ),
    RecordClass(
        "codes by mail", _("Codes by mail, and forms begun"), ("people_email_code",), _("25 hours.")
    ),
    RecordClass(
        "changes and look-ups", _("Changes of a profile, and who looked a person up"),
        ("people_item_change", "people_lookup_record"), _("3 years."), _forget_changes,
    ),
    RecordClass(
        "answers and receipts", _("Answers and receipts of permissions"),
        ("consents_consent", "consents_receipt"),
        _("While a permission lasts, then as long as a claim can be brought in the country."), _forget_consents,
    ),
    RecordClass(
        "uses", _("What was used"), ("uses_use", "uses_serving", "uses_audience", "uses_duty_mark"),
        _("As long as the person's page, who sees them there. After an erasure they name nobody."),
    ),
    RecordClass(
        "duties", _("Notices to recipients, and takedowns"), ("uses_notice", "uses_takedown"),
        _("3 years after they were done."), _forget_duties,
    ),
    RecordClass(
        "books", _("The books"),
        ("ledger_pool_slice", "ledger_funding", "ledger_account", "ledger_transfer", "ledger_reward",
         "ledger_correction", "ledger_pledge", "ledger_pool_day", "ledger_pool_alarm", "vouchers_voucher",
         "vouchers_redemption", "vouchers_own_code", "payouts_payable", "payouts_payment", "payouts_batch",
         "payouts_bank_answer", "payouts_slip", "payouts_alarm", "payouts_year_note"),
        _("As long as the country's law on accounts asks. Names and accounts go 30 days after the payment."),
    ),
    RecordClass(
        "archive of payments", _("The archive of payments, with names"),
        ("payouts_archive", "payouts_archive_reading"),
        _("To the end of the last year for which the country's law on accounts asks for the voucher."),
        _forget_archive,
    ),
    RecordClass(
        "accounts of people", _("Names and accounts for payments"), ("payouts_payee",),
        _("30 days after the last payment."),
    ),
    RecordClass(
        "checks against cheating", _("Checks against cheating"),
        ("referrals_mark", "referrals_signal", "referrals_review", "vouchers_miss"),
        _("12 months; 3 years where a human decided that it was fraud."),
    ),
    RecordClass("clicks", _("Counts of clicks"), ("referrals_click_day",), _("They say nothing of anybody.")),
    RecordClass(
        "requests and complaints", _("Requests, complaints, sightings, erasures"),
        ("cases_case", "cases_event", "cases_pause", "cases_sighting", "cases_restriction", "cases_erasure",
         "cases_late_payment"),
        _("3 years after they were answered. What is not answered stays."), _forget_cases,
    ),
    RecordClass("feedback", _("Feedback"), ("cases_feedback",), _("3 years."), _forget_feedback),
    RecordClass(
        "breaches", _("Breach records"), ("breaches_breach", "breaches_entry", "breaches_telling"),
        _("5 years after they were closed. They name nobody."), _forget_breaches,
    ),
)  # fmt: skip


def find_unclassed() -> list[str]:
    """Tables that are in no class or in several; empty when each is in one."""
    named = [table for each in RECORD_CLASSES for table in each.tables]
    known = {model._meta.db_table for model in apps.get_models()}
    wrong = {table for table in known | set(named) if named.count(table) != 1 or table not in known}
    return sorted(wrong)


def require_periods() -> None:
    """Raises MustStopError when a table is in no class: nothing may be kept of which nobody said how long."""
    wrong = find_unclassed()
    if wrong:
        raise MustStopError(f"no retention period, or several: {', '.join(wrong)} (E-RETENTION)")


def forget_past(*, now: datetime) -> int:
    """Delete what is past its time, each class in a transaction of its own, and record how many rows. A daily job;
    a backlog is worked off in the days that follow."""
    classes = [(each.name, each.forget) for each in RECORD_CLASSES if each.forget is not None]
    return sum(_forget_class(name=name, forget=forget, now=now) for name, forget in classes)


@action
def _forget_class(*, name: str, forget: Forget, now: datetime) -> int:
    count = forget(now)
    note_run(record_class=name, count=count, now=now)
    return count


@action
def note_run(*, record_class: str, count: int, now: datetime) -> None:
    """Write down that so many rows of a class were deleted because their time was over; one row for each day."""
    assert record_class in {each.name for each in RECORD_CLASSES}, record_class
    if not count:
        return
    of_day = RetentionRun.objects.filter(record_class=record_class, ran_at__date=now.astimezone(UTC).date())
    if not of_day.update(count=F("count") + count, ran_at=now):
        RetentionRun.objects.create(id=ids.new_id(), record_class=record_class, count=count, ran_at=now)


@dataclass(frozen=True, slots=True)
class PeriodLine:
    """A class with its period; when something of it was last deleted, and how many rows within a year."""

    label: Promise
    kept: Promise
    last_at: datetime | None
    count: int


def list_periods(now: datetime) -> list[PeriodLine]:
    """Every class, in the order of ``RECORD_CLASSES``."""
    runs = RetentionRun.objects.filter(ran_at__gt=years_before(now, 1)).values("record_class")
    found: dict[str, Any] = {
        row["record_class"]: row for row in runs.annotate(at=Max("ran_at"), rows=Sum("count"))
    }
    closed = Erasure.objects.filter(cause=ErasureCause.RETENTION, erased_at__gt=years_before(now, 1))
    found["profiles"] = closed.aggregate(at=Max("erased_at"), rows=Count("id"))
    nothing: dict[str, Any] = {"at": None, "rows": 0}
    return [
        PeriodLine(each.label, each.kept, row["at"], row["rows"])
        for each in RECORD_CLASSES
        for row in [found.get(each.name, nothing)]
    ]
