"""Somebody about whom there is a row of every kind, made by the doors that everybody uses where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TypedDict
from uuid import UUID

from onloan import clock, ids
from onloan.cases.actions import open_case
from onloan.cases.answers import Parts
from onloan.cases.clarity import answer_clarity
from onloan.cases.clarity_rules import Answers
from onloan.cases.clocks import Pause
from onloan.cases.desk import add_note, answer_case, pause_case
from onloan.cases.late_payments import follow_late_payments
from onloan.cases.looking_up import LookupReason, look_up
from onloan.cases.models import Case, Erasure, Restriction
from onloan.cases.rectifying import rectify_username
from onloan.cases.rules import Door, ErasureCause, ErasureWay, Kind, Outcome, RestrictionCause
from onloan.cases.sighting_queries import SightingReport
from onloan.cases.sightings import report_sighting
from onloan.consents.actions import withdraw_permission
from onloan.db import action
from onloan.evidence.actions import number_entries
from onloan.joining.actions import Joined
from onloan.ledger.corrections import propose_correction
from onloan.money import Money
from onloan.offers.queries import find_version
from onloan.payouts.actions import (
    approve_batch,
    give_account,
    issue_slip,
    mark_batch_paid,
    prepare_batch,
    set_debtor,
)
from onloan.payouts.archive import read_archive
from onloan.payouts.models import ArchivedPayment, Payable, YearNote
from onloan.payouts.situation import payment_situation
from onloan.people.actions import suppress_address
from onloan.people.photos import prepare_photo
from onloan.referrals.actions import record_event, settle_due
from onloan.referrals.looking import look_at_accounts, look_for_signals
from onloan.referrals.models import Signal
from onloan.referrals.review_queries import review_of
from onloan.referrals.review_rules import Decision
from onloan.referrals.reviews import ask_again, comment_on_review, decide_review
from onloan.uses.actions import count_servings, decide_use
from onloan.uses.audiences import Asker, decide_audience, prepare_audiences
from onloan.uses.duties import make_duties
from onloan.uses.duty_rules import DoorKind
from onloan.uses.models import Notice, Takedown
from onloan.uses.notices import acknowledge_pressed, finish_takedown, set_door, tell_recipients, write_token
from onloan.vouchers.queries import list_vouchers
from onloan.vouchers.rules import Till
from onloan.vouchers.spending import redeem_voucher
from tests.joining.support import PERMISSIONS, OpenMarket, add_participant, open_market
from tests.referrals.crowd import member
from tests.support.photos import portrait_png

PRINTER = "Imprimerie Exemple, Inc."
IBAN = "FR7630006000011234567890189"
BANK = "CREDIT AGRICOLE SA"
EVERYTHING = dict.fromkeys(PERMISSIONS, True)
RECIPIENT = (
    "claims:\n  - only_items",
    f'recipients:\n  - {{id: print-shop, name: "{PRINTER}", role: processor, country: US, contract: DPA-7,'
    " transfer: scc}\n\nclaims:\n  - only_items",
)
SHARED = ("    channels: [winners_page]\n", "    channels: [winners_page]\n    recipients: [print-shop]\n")


class Place(TypedDict):
    """What somebody's data is shown for, and where."""

    purpose: str
    channel: str
    country: str


WALL: Place = {"purpose": "winner_wall", "channel": "winners_page", "country": "FR"}
CARD: Place = {"purpose": "referral_card", "channel": "invitation_page", "country": "FR"}


@dataclass(frozen=True, slots=True)
class Rich:
    """Ana, whom Zoe invited, and who brought others. ``names`` are theirs: nothing of them stands in her pack."""

    market: OpenMarket
    ana: Joined
    zoe: Joined
    names: tuple[str, ...]

    @property
    def id(self) -> UUID:
        return self.ana.participant_id


def build_rich() -> Rich:
    market = open_market(edits=(RECIPIENT, SHARED))
    then = clock.now() - timedelta(days=20)
    photo = prepare_photo(portrait_png())
    zoe = add_participant(market, "Zoe", answers=EVERYTHING, photo=photo, now=then)
    ana = add_participant(
        market, "Ana", username="Ana T", email="ana@example.org", photo=photo, answers=EVERYTHING, language="en",
        via_code=zoe.link_code, now=then + timedelta(hours=1),
    )  # fmt: skip
    rich = Rich(market, ana, zoe, ("Zoe", "Bettina", "Chlodwig", "Dagmar", str(zoe.participant_id)))
    _bring_friends(rich)
    _use(rich)
    _take_money(rich)
    _ask(rich)
    _insert_what_takes_years(rich)
    number_entries()
    return rich


def _bring_friends(rich: Rich) -> None:
    """Bettina has Ana's mailbox, so a person looks; the other two count."""
    then = clock.now() - timedelta(days=19)
    for name, email in (
        ("Bettina", "ana+b@example.org"),
        ("Chlodwig", "c@example.org"),
        ("Dagmar", "d@example.org"),
    ):
        friend = add_participant(
            rich.market, name, email=email, answers=EVERYTHING, via_code=rich.ana.link_code, now=then
        )
        record_event(
            participant_id=friend.participant_id, event="app_signed_up", occurred_at=then,
            external_ref=f"o-{name}", now=then + timedelta(minutes=5),
        )  # fmt: skip
    record_event(
        participant_id=rich.id, event="app_signed_up", occurred_at=then, external_ref="order-ana", now=then
    )
    look_for_signals(now=then + timedelta(hours=1), limit=100)
    review = review_of(rich.id, now=then + timedelta(hours=2))
    assert review is not None
    comment_on_review(participant_id=rich.id, text="She is my sister.", now=then + timedelta(hours=2))
    decide_review(
        review_id=review.id, user_id=member("Sam"), decision=Decision.REFUSE, reason="One mailbox, two names.",
        now=then + timedelta(days=1),
    )  # fmt: skip
    ask_again(participant_id=rich.id, text="Please look again.", now=then + timedelta(days=2))
    settle_due(now=clock.now(), limit=100)


def _use(rich: Rich) -> None:
    """Shown, refused, copied for somebody outside, used among many; then the wall is taken back."""
    now = clock.now()
    shown = decide_use(participant_id=rich.id, items=("username",), **CARD)
    count_servings(counts={(rich.id, shown.use_id): 3}, day=now.date())  # type: ignore[dict-item]
    decide_use(
        participant_id=rich.id, items=("username",), purpose="referral_card", channel="shop_app", country="FR"
    )
    decide_use(participant_id=rich.id, items=("profile_photo",), recipient="print-shop", is_copy=True, **WALL)
    number_entries()
    prepare_audiences()
    for recipient in (None, "print-shop"):
        decide_audience(
            offer_slug="spring-pot", items=("username_masked",), recipient=recipient,
            by=Asker(user_id=rich.market.team.greg), **WALL,
        )  # fmt: skip
    set_door(
        offer_id=rich.market.offer_id, recipient="print-shop", kind=DoorKind.MAIL, address="data@print.example",
        user_id=rich.market.team.dora, now=now,
    )  # fmt: skip
    withdraw_permission(participant_id=rich.id, permission_id="winner-wall", now=now)
    number_entries()
    make_duties(now=now)
    tell_recipients(now=now, limit=10)
    acknowledge_pressed(token=write_token(Notice.objects.get(participant_id=rich.id).id), now=now)
    for takedown in Takedown.objects.filter(participant_id=rich.id, is_mass=False):
        finish_takedown(
            takedown_id=takedown.id, user_id=rich.market.team.dora, note="The poster was taken off.", now=now
        )


def _take_money(rich: Rich) -> None:
    """One amount is paid to an account, the other lies on a slip; a voucher is spent in part."""
    now, team = clock.now(), rich.market.team
    first, second = payment_situation(rich.id, now=now).owed
    issue_slip(participant_id=rich.id, payable_id=first.payable_id, now=now)
    give_account(participant_id=rich.id, name="Ana Brûlé", account=IBAN, now=now)
    set_debtor(currency="EUR", name="Boutique Exemple SAS", account=IBAN, town="Paris", user_id=team.fay, now=now)
    batch_id = prepare_batch(country="FR", user_id=team.fay, now=now)
    after = max(Payable.objects.filter(participant_id=rich.id).values_list("due_on", flat=True))
    late_from = datetime.combine(after + timedelta(days=2), time(), UTC)
    assert follow_late_payments(now=late_from, limit=10) == 1
    approve_batch(batch_id=batch_id, user_id=member("Fred", "finance"), now=now)
    mark_batch_paid(batch_id=batch_id, user_id=team.fay, now=now)
    assert second.payable_id != first.payable_id
    read_archive(
        archive_id=ArchivedPayment.objects.get(participant_id=rich.id).id, purpose="audit",
        reason="The yearly audit drew this payment.", user_id=team.fay, now=now,
    )  # fmt: skip
    redeem_voucher(
        typed_code=list_vouchers(rich.id)[0].code, amount=Money(500, "EUR"), reference="sale-1",
        by=Till(user_id=member("Tess", "till")), hold_seconds=None, now=now,
    )  # fmt: skip
    while look_at_accounts(now=now):
        pass


def _ask(rich: Rich) -> None:
    """A complaint that was answered, a request that waits for the person, a sighting, a change, a look-up."""
    now, dora = clock.now(), rich.market.team.dora
    asked = {"country": "FR", "language": "en", "participant_id": rich.id, "door": Door.MY_PAGE, "now": now}
    complaint = open_case(kind=Kind.COMPLAINT, text="It is my photo.", **asked).case_id  # type: ignore[arg-type]
    add_note(case_id=complaint, user_id=dora, text="Bettina says the same.", is_shown=False, now=now)
    add_note(case_id=complaint, user_id=dora, text="We asked the printer.", is_shown=True, now=now)
    parts = Parts(done="The poster was taken off the wall in the shop.")
    answer_case(case_id=complaint, user_id=dora, outcome=Outcome.DONE, parts=parts, now=now)
    propose_correction(
        correction_id=ids.new_id(), participant_id=rich.id, case_id=complaint, rule_id="thanks", cause_key=None,
        reason="The shop's system was down.", user_id=member("Sam"), now=now,
    )  # fmt: skip
    error = open_case(kind=Kind.RECTIFICATION, text="My name has an accent.", **asked)  # type: ignore[arg-type]
    suppress_address(email="ana@example.org", now=now)
    pause_case(
        case_id=error.case_id, user_id=dora, pause=Pause.IDENTITY, question="In which month did you join us?",
        reason="The letter came from another address.", now=now,
    )  # fmt: skip
    report_sighting(
        offer_id=rich.market.offer_id, country="FR", language="en", participant_id=rich.id, contact=None, now=now,
        report=SightingReport(
            item="profile_photo", channel="", seen_on=now.date(), address="https://elsewhere.example/",
            words="On a wall of faces.", picture=prepare_photo(portrait_png()),
        ),
    )  # fmt: skip
    rectify_username(participant_id=rich.id, username="Ana Torrès", now=now)
    look_up(
        user_id=dora, typed="ana@example.org", reason=LookupReason.COMPLAINT, text="To answer the complaint.",
        now=now,
    )  # fmt: skip
    version_id = find_version(rich.market.version_id).id
    answers = Answers(who=True, what=True, until=False)
    answer_clarity(
        participant_id=rich.id, version_id=version_id, answers=answers, time_zone="Europe/Paris", now=now
    )


@action
def _insert_what_takes_years(rich: Rich) -> None:
    """Rows that no test can wait for, or that would stop the rest."""
    now = clock.now()
    YearNote.objects.create(id=ids.new_id(), participant_id=rich.id, year=now.year, told_at=now)
    asked = Case.objects.get(participant_id=rich.id, kind=Kind.RECTIFICATION)
    Restriction.objects.create(
        id=ids.new_id(), participant_id=rich.id, case_id=asked.id, cause=RestrictionCause.DISPUTED,
        items=["username"], since=now,
    )  # fmt: skip
    Erasure.objects.create(
        id=ids.new_id(), participant_id=rich.id, case_id=None, cause=ErasureCause.RETENTION,
        way=ErasureWay.PAID_FIRST, begun_at=now,
    )  # fmt: skip
    Signal.objects.create(
        id=ids.new_id(), participant_id=rich.zoe.participant_id, kind="velocity", subject=rich.id.hex,
        details={"friends": 12}, found_at=now,
    )  # fmt: skip
