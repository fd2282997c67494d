"""``python -m bench pack``: the copy of everything about one person, among 1,000 and among 200,000 others.

The person has a row of every kind and 500 uses; everybody else has rows in every table that the copy reads. The
ratio of the two times says what the number of others costs. Page and zip are written too, as the button does.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.stack import Stack, running_stack

FEW, MANY = 1_000, 200_000
USES = 500
TIMES = 5
ROW = "{:<40}{:>16}{:>16}{:>10}"
WHOLE = ("read, all sources", "page and zip written")
GROWN_SHOWN = 3
"""The sources to which the number of others adds most."""
TWICE = frozenset({"uses_use", "evidence_link", "outbox_message"})
"""Tables in which everybody has two rows; one in the others."""
SOME = frozenset({
    "cases_case", "cases_event", "uses_notice", "uses_takedown", "payouts_payable", "payouts_payee",
    "payouts_payment", "payouts_slip", "people_item_change", "people_lookup_record", "referrals_signal",
    "vouchers_redemption",
})  # fmt: skip
"""Tables in which one of ten has a row."""
RARE = frozenset({
    "cases_erasure", "cases_restriction", "cases_sighting", "ledger_correction", "payouts_archive",
    "payouts_year_note", "referrals_review",
})  # fmt: skip
"""Tables in which one of a hundred has a row."""


def main() -> None:
    print(ROW.format("", f"{FEW:,} others", f"{MANY:,} others", "ratio"))
    for name in ("sqlite", "postgresql"):
        with running_stack(name, ["-m", "bench.pack", "seed"], serves=False) as stack:
            few = measure(stack, 0, FEW)
            many = measure(stack, FEW, MANY)
        sources = sorted(set(many) - set(WHOLE), key=lambda what: few[what] - many[what])
        for what in [*WHOLE, *sources[:GROWN_SHOWN]]:
            said = what if what in WHOLE else f"of the sources, {what}"
            before, after = (f"{each[what] * 1000:,.1f} ms" for each in (few, many))
            print(ROW.format(f"{name}: {said}", before, after, f"{many[what] / few[what]:.2f}"), flush=True)


def measure(stack: Stack, first: int, end: int) -> dict[str, float]:
    """Add others up to ``end`` and time the copy; seconds by what was done."""
    lines = stack.run("-m", "bench.pack", "measure", str(first), str(end)).splitlines()
    return {what: float(seconds) for what, _, seconds in (line.partition("\t") for line in lines)}


def set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "onloan.settings")
    import django

    django.setup()


def seed() -> None:
    """The person, by the doors that everybody uses."""
    from onloan.uses.actions import decide_use
    from tests.cases.rich import CARD, build_rich

    rich = build_rich()
    for _ in range(USES):
        decide_use(participant_id=rich.id, items=("username",), **CARD)


def add_others(first: int, end: int) -> None:
    """People ``first`` up to, not including, ``end``: copies of the person's rows under keys of their own."""
    from django.apps import apps
    from django.db import connection, transaction

    from onloan.people.models import Participant

    person = find_person()
    with transaction.atomic(), connection.cursor() as cursor:
        for number, model in enumerate(apps.get_models()):
            columns = {field.attname: field for field in model._meta.concrete_fields}
            if model is not Participant and "participant_id" not in columns:
                continue
            name = model._meta.db_table
            owner = "id" if model is Participant else "participant_id"
            chosen = [made_expression(column, columns[column], number, owner) for column in columns]
            quoted = [connection.ops.quote_name(str(field.column)) for field in columns.values()]
            one_of = 100 if name in RARE else 10 if name in SOME else 1
            count = 2 if name in TWICE else 1
            cursor.execute(
                f"INSERT INTO {name} ({', '.join(quoted)}) WITH RECURSIVE"  # noqa: S608
                f" rows AS MATERIALIZED (SELECT * FROM {name} WHERE {owner} = %s LIMIT {count}),"
                " kept AS MATERIALIZED (SELECT *, row_number() OVER (ORDER BY 1) - 1 AS place FROM rows),"
                " other(n) AS (SELECT CAST(%s AS bigint) UNION ALL SELECT n + 1 FROM other WHERE n < %s)"
                f" SELECT {', '.join(chosen)} FROM other, kept WHERE other.n %% {one_of} = 0",
                [person, first, end - 1],
            )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def made_expression(column: str, field: Any, table: int, owner: str) -> str:
    """A column of a copied row: keys and whatever is there once are made from the number of the person."""
    from onloan import db

    def hexadecimal(digits: int, *, prefix: str) -> str:
        if db.is_postgresql():
            return f"'{prefix}' || lpad(to_hex(other.n * 2 + kept.place), {digits - len(prefix)}, '0')"
        return f"printf('{prefix}%%0{digits - len(prefix)}x', other.n * 2 + kept.place)"

    as_key = "CAST({} AS uuid)" if db.is_postgresql() else "{}"
    if column == owner:
        # The same for both rows of a person.
        return as_key.format(hexadecimal(32, prefix="0f").replace(" * 2 + kept.place", ""))
    if column in {"id", "entry_ref"}:
        return as_key.format(hexadecimal(32, prefix=f"{table:02x}"))
    if column in {"value_hash", "account_hash"}:
        return hexadecimal(64, prefix="ab")
    if column == "reference" and field.unique:
        return hexadecimal(8, prefix="Z")
    return f'kept."{field.column}"'


def find_person() -> Any:
    """Of the people that the seed made, the one who came by a link and has a review."""
    from onloan import db
    from onloan.referrals.models import Attribution, Review

    found = Review.objects.filter(participant_id__in=Attribution.objects.values("participant_id"))
    person_id = found.values_list("participant_id", flat=True).order_by("id").first()
    assert person_id is not None
    return db.uuid_value(person_id)


def time_pack() -> None:
    """What reading and writing cost; nothing is cut short by its time here."""
    from django.utils import translation

    from onloan import db
    from onloan.cases.pack import building
    from onloan.cases.pack.writing import write_zip
    from onloan.people.queries import find_participant
    from onloan.portal.pack.page import write_page
    from onloan.portal.people import campaign_for

    person = find_participant(db.read_uuid(find_person()))
    assert person is not None
    translation.activate("en")
    campaign = campaign_for(person)
    building.SOURCE_SECONDS_MAX = building.PACK_SECONDS_MAX = 120.0
    made = building.build_pack(person.id, is_portable=False, now=campaign.now)
    assert made.gaps == (), made.gaps
    tell(WHOLE[0], lambda: building.build_pack(person.id, is_portable=False, now=campaign.now))
    tell(WHOLE[1], lambda: write_zip(made, write_page(made, campaign)))
    for source in building.SOURCES:
        tell(source.name, partial(source.read, person.id))


def tell(what: str, work: Callable[[], object]) -> None:
    """The best of some times, to whoever started this process."""
    taken = []
    for _ in range(TIMES):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    print(f"{what}\t{min(taken)}")


if __name__ == "__main__":
    set_up()
    if sys.argv[1] == "seed":
        seed()
    else:
        add_others(int(sys.argv[2]), int(sys.argv[3]))
        time_pack()
