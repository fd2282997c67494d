"""What the database itself refuses: to change a transfer or a funding, and to take back an earned reward.

Deleting stays possible, for the day on which a retention period ends.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

_NEVER_CHANGED = ("ledger_transfer", "ledger_funding")

# An earned reward keeps its amount and its day; from then on it is owed or paid, never less.
_TAKEN_BACK = (
    "OLD.earned_at IS NOT NULL AND (NEW.earned_at IS NULL OR NEW.earned_at <> OLD.earned_at"
    " OR NEW.amount_minor <> OLD.amount_minor OR NEW.currency <> OLD.currency"
    " OR NEW.participant_id <> OLD.participant_id OR NEW.state NOT IN ('earned', 'paid'))"
)


def _forbid(editor: BaseDatabaseSchemaEditor, *, table: str, name: str, condition: str, sentence: str) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{sentence}' USING ERRCODE = 'check_violation'; END $$",
            params=None,
        )
        editor.execute(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW "
            f"WHEN ({condition}) EXECUTE FUNCTION {name}()",
            params=None,
        )
    else:
        editor.execute(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW "
            f"WHEN {condition} BEGIN SELECT RAISE(ABORT, '{sentence}'); END",
            params=None,
        )


def _allow(editor: BaseDatabaseSchemaEditor, *, table: str, name: str) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(f"DROP TRIGGER {name} ON {table}", params=None)
        editor.execute(f"DROP FUNCTION {name}()", params=None)
    else:
        editor.execute(f"DROP TRIGGER {name}", params=None)


def forbid_changes(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for table in _NEVER_CHANGED:
        _forbid(editor, table=table, name=f"{table}_never_changes", condition="1 = 1",
                sentence=f"{table} rows never change")
    _forbid(editor, table="ledger_reward", name="ledger_reward_stays_earned", condition=_TAKEN_BACK,
            sentence="an earned reward is never taken back")


def allow_changes(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for table in _NEVER_CHANGED:
        _allow(editor, table=table, name=f"{table}_never_changes")
    _allow(editor, table="ledger_reward", name="ledger_reward_stays_earned")


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [migrations.RunPython(forbid_changes, allow_changes)]
