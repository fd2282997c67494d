"""Triggers that hold what no code may skip, on both databases: an entry never changes, and nothing of a record is
deleted before the five years after its closure are over.

The retention job sets ``released_at`` first, which is refused before that time; then the rows may go. They stop
mistakes, not whoever may drop them. SQLite loses a table's triggers when a later migration rebuilds it: such a
migration runs ``keep`` again.
"""

from django.db import migrations

FIXED = {
    "breaches_breach": ("id", "reference", "recorded_at", "recorded_by_user_id"),
    "breaches_telling": ("id", "breach_id", "countries", "offer_id", "texts", "started_at", "started_by_user_id"),
}
OWNED = ("breaches_entry", "breaches_telling")
NOT_RELEASED = (
    "NOT EXISTS (SELECT 1 FROM breaches_breach WHERE id = OLD.breach_id AND released_at IS NOT NULL)"
)


def sqlite_statements():
    def refuse(name, event, table, when, words):
        return (
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {when} "
            f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        )

    yield refuse("breaches_entry_stays", "UPDATE", "breaches_entry", "1", "an entry never changes")
    for table, columns in FIXED.items():
        is_other = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in columns)
        yield refuse(f"{table}_stays", "UPDATE", table, is_other, "a record never changes")
    for table in OWNED:
        yield refuse(f"{table}_is_kept", "DELETE", table, NOT_RELEASED, "a record is kept")
    yield refuse("breaches_breach_is_kept", "DELETE", "breaches_breach", "OLD.released_at IS NULL", "it is kept")
    yield refuse(
        "breaches_breach_goes_in_time",
        "UPDATE",
        "breaches_breach",
        "NEW.released_at IS NOT NULL AND (OLD.closed_at IS NULL "
        "OR datetime(OLD.closed_at) > datetime(NEW.released_at, '-5 years'))",
        "a record is kept for five years",
    )
    yield refuse(
        "breaches_breach_begins", "INSERT", "breaches_breach", "NEW.released_at IS NOT NULL", "a record is kept"
    )


def postgresql_statements():
    def refuse(name, event, table, when, words):
        yield (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {when} THEN "
            f"RAISE EXCEPTION '{words}' USING ERRCODE = 'check_violation'; END IF; "
            f"RETURN {'OLD' if event == 'DELETE' else 'NEW'}; END $$"
        )
        yield f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"

    yield from refuse("breaches_entry_stays", "UPDATE", "breaches_entry", "true", "an entry never changes")
    for table, columns in FIXED.items():
        is_other = " OR ".join(f"NEW.{column}::text IS DISTINCT FROM OLD.{column}::text" for column in columns)
        yield from refuse(f"{table}_stays", "UPDATE", table, is_other, "a record never changes")
    for table in OWNED:
        yield from refuse(f"{table}_is_kept", "DELETE", table, NOT_RELEASED, "a record is kept")
    yield from refuse(
        "breaches_breach_is_kept", "DELETE", "breaches_breach", "OLD.released_at IS NULL", "it is kept"
    )
    yield from refuse(
        "breaches_breach_goes_in_time",
        "UPDATE",
        "breaches_breach",
        "NEW.released_at IS NOT NULL AND (OLD.closed_at IS NULL "
        "OR OLD.closed_at > NEW.released_at - interval '5 years')",
        "a record is kept for five years",
    )
    yield from refuse(
        "breaches_breach_begins", "INSERT", "breaches_breach", "NEW.released_at IS NOT NULL", "a record is kept"
    )


def keep(apps, schema_editor):
    on_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in postgresql_statements() if on_postgresql else sqlite_statements():
        # No values: so a percent sign in a statement is a percent sign.
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("breaches", "0001_initial")]
    operations = [migrations.RunPython(keep, migrations.RunPython.noop)]
