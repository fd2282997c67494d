"""A real sequence for consent numbers, and triggers that keep the log append-only.

The triggers stop mistakes, not an attacker: who may drop them may change the log, and the tree then shows it.
"""

from django.db import migrations

POSTGRESQL_FORWARD = [
    "CREATE SEQUENCE consent_number_seq AS bigint MINVALUE 1",
    """CREATE FUNCTION evidence_log_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'evidence_log only grows'; END $$""",
    """CREATE TRIGGER evidence_log_only_grows BEFORE UPDATE OR DELETE ON evidence_log
       FOR EACH ROW EXECUTE FUNCTION evidence_log_refuses()""",
    # Each row of the queue is deleted within a second: without this its dead rows slow the gate's look at it.
    """ALTER TABLE evidence_queue SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)""",
]
POSTGRESQL_BACKWARD = [
    "DROP TRIGGER evidence_log_only_grows ON evidence_log",
    "DROP FUNCTION evidence_log_refuses()",
    "DROP SEQUENCE consent_number_seq",
]
SQLITE_FORWARD = [
    f"""CREATE TRIGGER evidence_log_only_grows_{verb.lower()} BEFORE {verb} ON evidence_log
        BEGIN SELECT RAISE(ABORT, 'evidence_log only grows'); END"""
    for verb in ("UPDATE", "DELETE")
]
SQLITE_BACKWARD = [f"DROP TRIGGER evidence_log_only_grows_{verb}" for verb in ("update", "delete")]


def run(statements_by_vendor):
    def apply(apps, schema_editor):
        for statement in statements_by_vendor[schema_editor.connection.vendor]:
            schema_editor.execute(statement)

    return apply


class Migration(migrations.Migration):
    dependencies = [("evidence", "0001_initial")]

    operations = [
        migrations.RunPython(
            run({"postgresql": POSTGRESQL_FORWARD, "sqlite": SQLITE_FORWARD}),
            run({"postgresql": POSTGRESQL_BACKWARD, "sqlite": SQLITE_BACKWARD}),
        )
    ]
