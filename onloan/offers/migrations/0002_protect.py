"""Triggers that hold what no code may skip, on both databases.

What was written as a draft, approval, sign-off, version or market history stays as it is. A version needs the
approvals of two people, one of them its author, for the same file, and a note for each point that holds it up
is checked in ``actions``. A market changes its state along the allowed ways only.

SQLite loses a table's triggers when a later migration rebuilds it: such a migration runs ``protect`` again.
"""

from django.db import migrations

IMMUTABLE = ("offers_draft", "offers_approval", "offers_signoff", "offers_version", "offers_marketchange")
KEPT = ("offers_offer", "offers_market")
WAYS = (
    "draft>open", "open>suspended", "open>closed", "suspended>open", "suspended>withdrawn", "suspended>closed",
)

TWO_PEOPLE = """
    NOT EXISTS (
        SELECT 1 FROM offers_draft AS draft
        JOIN offers_approval AS author ON author.draft_id = draft.id AND author.user_id = draft.author_id
        JOIN offers_approval AS other ON other.draft_id = draft.id AND other.user_id <> draft.author_id
        WHERE draft.id = NEW.draft_id AND draft.file_hash = NEW.file_hash AND draft.file_text = NEW.file_text
          AND author.file_hash = NEW.file_hash AND other.file_hash = NEW.file_hash
    )
"""


def sqlite_statements():
    ways = ", ".join(f"'{way}'" for way in WAYS)
    for table in IMMUTABLE:
        yield (
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} never changes'); END"
        )
    for table in IMMUTABLE + KEPT:
        yield (
            f"CREATE TRIGGER {table}_is_kept BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is kept'); END"
        )
    yield (
        f"CREATE TRIGGER offers_version_two_people BEFORE INSERT ON offers_version WHEN {TWO_PEOPLE} "
        "BEGIN SELECT RAISE(ABORT, 'a version needs two people'); END"
    )
    yield (
        "CREATE TRIGGER offers_market_starts_as_draft BEFORE INSERT ON offers_market WHEN NEW.state <> 'draft' "
        "BEGIN SELECT RAISE(ABORT, 'a market starts as a draft'); END"
    )
    yield (
        "CREATE TRIGGER offers_market_way BEFORE UPDATE ON offers_market "
        f"WHEN NEW.state <> OLD.state AND OLD.state || '>' || NEW.state NOT IN ({ways}) "
        "BEGIN SELECT RAISE(ABORT, 'a market has no such way'); END"
    )


def postgresql_statements():
    ways = ", ".join(f"'{way}'" for way in WAYS)
    yield (
        "CREATE FUNCTION offers_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '% never changes', TG_TABLE_NAME USING ERRCODE = 'check_violation'; END $$"
    )
    for table in IMMUTABLE:
        yield (
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION offers_refuse()"
        )
    for table in IMMUTABLE + KEPT:
        yield (
            f"CREATE TRIGGER {table}_is_kept BEFORE DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION offers_refuse()"
        )
    yield (
        f"CREATE FUNCTION offers_two_people() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {TWO_PEOPLE} THEN "
        "RAISE EXCEPTION 'a version needs two people' USING ERRCODE = 'check_violation'; END IF; "
        "RETURN NEW; END $$"
    )
    yield (
        "CREATE TRIGGER offers_version_two_people BEFORE INSERT ON offers_version "
        "FOR EACH ROW EXECUTE FUNCTION offers_two_people()"
    )
    yield (
        "CREATE FUNCTION offers_market_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF TG_OP = 'INSERT' THEN IF NEW.state <> 'draft' THEN "
        "RAISE EXCEPTION 'a market starts as a draft' USING ERRCODE = 'check_violation'; END IF; "
        f"ELSIF NEW.state <> OLD.state AND OLD.state || '>' || NEW.state NOT IN ({ways}) THEN "
        "RAISE EXCEPTION 'a market has no such way' USING ERRCODE = 'check_violation'; END IF; "
        "RETURN NEW; END $$"
    )
    yield (
        "CREATE TRIGGER offers_market_way BEFORE INSERT OR UPDATE ON offers_market "
        "FOR EACH ROW EXECUTE FUNCTION offers_market_way()"
    )


def protect(apps, schema_editor):
    on_postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in postgresql_statements() if on_postgresql else sqlite_statements():
        # No values: so a percent sign in a statement is a percent sign.
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("offers", "0001_initial")]
    operations = [migrations.RunPython(protect, migrations.RunPython.noop)]
