"""Promise 11: no request or complaint without a clock, and none past its day without an alarm, whatever the team
does with it and however much time goes by."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from onloan import clock
from onloan.cases import clocks, desk
from onloan.cases.actions import open_case
from onloan.cases.answers import Parts, list_outcomes, needs_somebody
from onloan.cases.clocks import Pause
from onloan.cases.errors import CaseClosed, ExtensionRefused, PauseRefused
from onloan.cases.following import add_message
from onloan.cases.letters import CameBy, Written, write_down
from onloan.cases.models import Case, CaseEvent, CasePause
from onloan.cases.queries import count_open_cases, find_case
from onloan.cases.queue_queries import LATE_SHOWN_MAX, Tab, count_late, read_queue
from onloan.cases.rules import Door, EventKind, Kind, Outcome
from onloan.cases.watching import watch_cases
from onloan.markets.calendar import public_holidays
from onloan.markets.rules import market_facts
from onloan.outbox.models import Message
from tests.joining.support import OpenMarket, add_participant, open_market

REASON = "Three systems have to be searched by hand."
DONE = Parts(done="We looked for everything that you asked about.")
OUTCOMES = (Outcome.DONE, Outcome.NOTHING_HELD, Outcome.PARTLY_DONE)
COUNTRIES = ("FR", "GB", "CH", "DE")
_numbers = itertools.count()

opening = st.tuples(
    st.just("open"),
    st.sampled_from([Door.MY_PAGE, Door.PUBLIC_PAGE, Door.STAFF, Door.API]),
    st.sampled_from([kind for kind in Kind if kind not in {Kind.SIGHTING, Kind.ERASURE}]),
    st.sampled_from(COUNTRIES),
    st.integers(0, 40),
)
step = st.one_of(
    opening,
    st.tuples(st.just("extend"), st.integers(0, 5)),
    st.tuples(st.just("pause"), st.integers(0, 5), st.sampled_from(list(Pause))),
    st.tuples(st.just("reply"), st.integers(0, 5)),
    st.tuples(st.just("resume"), st.integers(0, 5)),
    st.tuples(st.just("answer"), st.integers(0, 5)),
    st.tuples(st.just("wait"), st.integers(1, 16)),
    st.tuples(st.just("wait"), st.integers(1, 16)),
)


@dataclass
class Told:
    """What an independent reader expects of one case."""

    kind: Kind
    country: str
    begun: date
    is_known: bool
    is_extended: bool = False
    asked: tuple[Pause, date] | None = None
    replied: date | None = None
    told: int | None = None
    alarms: int = 0

    @property
    def stands_still(self) -> bool:
        """Until the person answers, and not until somebody of the team says so."""
        return self.asked is not None and self.replied is None


@dataclass
class Desk:
    market: OpenMarket
    ana: UUID
    now: datetime
    cases: dict[UUID, Told] = field(default_factory=dict)

    def today(self, country: str) -> date:
        return clock.local_day(self.now, market_facts(country).time_zone)

    def open(self, door: Door, kind: Kind, country: str, days_ago: int) -> None:
        begun = self.today(country)
        address = f"chloe{next(_numbers)}@example.org"
        if door is Door.STAFF:
            begun -= timedelta(days=days_ago)
            opened = write_down(
                user_id=self.market.team.dora,
                written=Written(
                    kind=kind, text="It is wrong.", country=country, language="en", received_on=begun,
                    came_by=CameBy.LETTER, email=address,
                ),
                now=self.now,
            )  # fmt: skip
        else:
            is_public = door is Door.PUBLIC_PAGE
            opened = open_case(
                kind=kind, country=country, language="en", door=door, text="It is wrong.",
                contact=address if is_public else None, participant_id=None if is_public else self.ana,
                now=self.now,
            )  # fmt: skip
        if not opened.is_repeated:
            is_known = door in {Door.MY_PAGE, Door.API}
            self.cases[opened.case_id] = Told(kind, country, begun, is_known)

    def act(self, name: str, position: int, pause: Pause | None = None) -> None:
        if not self.cases:
            return
        case_id = list(self.cases)[position % len(self.cases)]
        told, dora = self.cases[case_id], self.market.team.dora
        try:
            if name == "extend":
                desk.extend_case(case_id=case_id, user_id=dora, reasons=REASON, now=self.now)
                told.is_extended, told.told = True, None
            elif name == "pause":
                assert pause is not None
                if desk.pause_case(
                    case_id=case_id, user_id=dora, pause=pause, question=REASON, reason=REASON, now=self.now
                ):
                    told.asked = pause, self.today(told.country)
            elif name == "resume":
                desk.resume_case(case_id=case_id, user_id=dora, now=self.now)
                assert told.asked is not None
                told.begun = self._resumed(told)
                told.asked, told.replied, told.told = None, None, None
            elif name == "reply":
                add_message(case_id=case_id, text=f"It is reply {next(_numbers)}.", now=self.now)
                if told.asked is not None and told.replied is None:
                    before = self._due(told)
                    told.replied = self.today(told.country)
                    told.told = told.told if self._due(told) == before else None
            else:
                # For somebody whom nobody knows, nothing can have been done but keeping their address apart; a
                # complaint is heard.
                asked = desk.find_asked(find_case(case_id))
                possible = [each for each in list_outcomes(asked) if not needs_somebody(asked, each)]
                outcome = next(each for each in OUTCOMES if each in possible)
                parts = replace(DONE, reasons=REASON) if outcome is Outcome.PARTLY_DONE else DONE
                desk.answer_case(case_id=case_id, user_id=dora, outcome=outcome, parts=parts, now=self.now)
                del self.cases[case_id]
        except (ExtensionRefused, PauseRefused, CaseClosed):
            pass

    def _resumed(self, told: Told) -> date:
        assert told.asked is not None
        pause, asked_on = told.asked
        answered_on = told.replied or self.today(told.country)
        if pause is Pause.IDENTITY and told.country == "GB":
            return answered_on
        return told.begun + (answered_on - asked_on)

    def wait(self, days: int) -> None:
        """The job of each day, and what it has to shout about."""
        for _ in range(days):
            self.now += timedelta(days=1)
            mails = Message.objects.filter(template="cases_due").count()
            expected = sum(self._expect(told) for told in self.cases.values())
            assert watch_cases(now=self.now) == expected
            assert watch_cases(now=self.now) == 0, "nobody is told twice a day"
            assert (Message.objects.filter(template="cases_due").count() > mails) == bool(expected)
            shouted = set(
                CaseEvent.objects.filter(kind=EventKind.ALARMED, at=self.now).values_list("case_id", flat=True)
            )
            assert self._list_late() <= shouted, "each day that a case is late, somebody is told"

    def _expect(self, told: Told) -> bool:
        if told.stands_still:
            return False
        left = (self._due(told)[0] - self.today(told.country)).days
        step = left if left < 0 else next((days for days in (0, 3, 10) if left <= days), None)
        if step is None or (told.told is not None and step >= told.told):
            return False
        told.told, told.alarms = step, told.alarms + 1
        return True

    def _list_late(self) -> set[UUID]:
        return {
            case_id
            for case_id, told in self.cases.items()
            if not told.stands_still and self._due(told)[0] < self.today(told.country)
        }

    def _due(self, told: Told) -> tuple[date, date]:
        begun = self._resumed(told) if told.replied is not None else told.begun
        known = public_holidays(told.country, begun)
        due = clocks.due_from(told.kind, begun, told.country, known, is_extended=told.is_extended)
        return due.internal, due.legal

    def check(self) -> None:
        rows = {row.id: row for row in Case.objects.filter(state="open")}
        assert rows.keys() == self.cases.keys()
        for case_id, told in self.cases.items():
            row = rows[case_id]
            assert (row.due_on, row.legal_due_on) == self._due(told)
            assert row.due_on <= row.legal_due_on
            alarms = CaseEvent.objects.filter(case_id=case_id, kind=EventKind.ALARMED).count()
            assert alarms == told.alarms
        late = self._list_late()
        assert count_open_cases(now=self.now) == (len(rows), len(late))
        self._see(late)

    def _see(self, late: set[UUID]) -> None:
        """No tab, filter or page hides what is late: the most late stand there, and how many there are."""
        order = {row.id: (row.due_on, row.received_at, row.id) for row in Case.objects.filter(id__in=late)}
        chosen = {id for id in late if (self.cases[id].kind, self.cases[id].country) == (Kind.PORTABILITY, "CH")}
        for tab, listed in ((Tab.OPEN, chosen), (Tab.LATE, chosen), (Tab.ANSWERED, set[UUID]())):
            queue = read_queue(tab=tab, now=self.now, kind=Kind.PORTABILITY, country="CH")
            assert queue.late_everywhere == count_late(self.now) == len(late)
            most_late = sorted(late - listed, key=lambda case_id: order[case_id])[:LATE_SHOWN_MAX]
            assert [row.case.id for row in queue.late] == most_late, "no filter hides what is most late"
            assert {row.case.id for row in queue.rows if row.is_late} == listed
        for tab in (Tab.OPEN, Tab.LATE):
            rows = read_queue(tab=tab, now=self.now).rows
            assert {row.case.id for row in rows if row.is_late} == late, "and all of it is one click away"
            assert {row.case.id for row in rows[: len(late)]} == late, "what is late comes first"


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(day=st.dates(date(2027, 1, 1), date(2028, 12, 31)), first=opening, steps=st.lists(step, max_size=14))
@example(
    day=date(2027, 1, 4),
    first=("open", Door.MY_PAGE, Kind.ACCESS, "GB", 0),
    steps=[("pause", 0, Pause.IDENTITY), *[("wait", 16)] * 3, ("reply", 0), *[("wait", 16)] * 3, ("resume", 0)],
)
@example(
    day=date(2027, 1, 31),
    first=("open", Door.PUBLIC_PAGE, Kind.ACCESS, "GB", 0),
    steps=[("pause", 0, Pause.IDENTITY), *[("wait", 16)] * 3, ("resume", 0), ("extend", 0), *[("wait", 16)] * 2],
)
def run(
    market: OpenMarket, ana: UUID, day: date, first: tuple[object, ...], steps: list[tuple[object, ...]]
) -> None:
    # What an earlier sequence left, also one that failed.
    for model in (CasePause, CaseEvent, Case, Message):
        model._default_manager.all().delete()
    world = Desk(market, ana, datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    for name, *values in [first, *steps]:
        if name == "open":
            world.open(*values)  # type: ignore[arg-type]
        elif name == "wait":
            world.wait(*values)  # type: ignore[arg-type]
        else:
            world.act(str(name), *values)  # type: ignore[arg-type]
        world.check()


def test_no_sequence_leaves_a_case_without_its_clock_and_its_alarms(both_databases: str) -> None:
    market = open_market()
    run(market, add_participant(market).participant_id)
