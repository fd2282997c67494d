"""Where earned money goes after it is earned: payments that come back, cash taken as a voucher, vouchers that are
held, spent, rolled back and end. And what finance keeps: pledges, a pool's days, its alarms.

Changing a constraint rebuilds the table on SQLite, which loses its triggers: they are made again here.
"""

from importlib import import_module

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

hold = import_module("onloan.ledger.migrations.0002_hold_the_books")

# As before; and what was taken as a voucher stays one, and no payment is forgotten.
_TAKEN_BACK = (
    f"{hold._TAKEN_BACK} OR OLD.payment_count > NEW.payment_count"
    " OR OLD.taken_as IS NOT NULL AND (NEW.taken_as IS NULL OR NEW.taken_as <> OLD.taken_as)"
)


def lift_triggers(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    hold.allow_changes(apps, editor)


def lower_triggers(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for table in hold._NEVER_CHANGED:
        hold._forbid(editor, table=table, name=f"{table}_never_changes", condition="1 = 1",
                     sentence=f"{table} rows never change")
    hold._forbid(editor, table="ledger_reward", name="ledger_reward_stays_earned", condition=_TAKEN_BACK,
                 sentence="an earned reward is never taken back")


def lower_first_triggers(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    hold.forbid_changes(apps, editor)




class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0003_list_what_is_to_confirm'),
    ]

    operations = [
        migrations.RunPython(lift_triggers, lower_first_triggers),
        migrations.CreateModel(
            name='Pledge',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('draft_id', models.UUIDField()),
                ('file_hash', models.CharField(max_length=64)),
                ('user_id', models.UUIDField()),
                ('pledged_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'ledger_pledge',
            },
        ),
        migrations.CreateModel(
            name='PoolAlarm',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('market_id', models.UUIDField()),
                ('level_percent', models.PositiveSmallIntegerField()),
                ('raised_at', models.DateTimeField()),
            ],
            options={
                'db_table': 'ledger_pool_alarm',
            },
        ),
        migrations.CreateModel(
            name='PoolDay',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('market_id', models.UUIDField()),
                ('day', models.DateField()),
                ('currency', models.CharField(max_length=3)),
                ('funded_minor', models.BigIntegerField()),
                ('free_minor', models.BigIntegerField()),
                ('reserved_minor', models.BigIntegerField()),
                ('owed_minor', models.BigIntegerField()),
                ('vouchers_minor', models.BigIntegerField()),
                ('paid_minor', models.BigIntegerField()),
                ('redeemed_minor', models.BigIntegerField()),
                ('expired_minor', models.BigIntegerField()),
            ],
            options={
                'db_table': 'ledger_pool_day',
            },
        ),
        migrations.RemoveConstraint(
            model_name='transfer',
            name='ledger_transfer_route_is_known',
        ),
        migrations.AddField(
            model_name='reward',
            name='payment_count',
            field=models.PositiveSmallIntegerField(default=0),
            preserve_default=False,
        ),
        migrations.RunSQL("UPDATE ledger_reward SET payment_count = 1 WHERE state = 'paid'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name='reward',
            name='taken_as',
            field=models.CharField(max_length=8, null=True),
        ),
        migrations.AddConstraint(
            model_name='reward',
            constraint=models.CheckConstraint(condition=models.Q(('taken_as__isnull', True), models.Q(('reward_kind', 'cash'), ('state', 'earned'), ('taken_as', 'voucher')), _connector='OR'), name='ledger_reward_taken_as_is_known'),
        ),
        migrations.AddConstraint(
            model_name='reward',
            constraint=models.CheckConstraint(condition=models.Q(('payment_count__gte', 1), models.Q(('state', 'paid'), _negated=True), _connector='OR'), name='ledger_reward_paid_is_counted'),
        ),
        migrations.AddConstraint(
            model_name='transfer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('cause', 'joined'), ('credit_kind', 'reserved'), ('debit_kind', 'pool'), ('kind', 'posted')), models.Q(('cause', 'window_ended'), ('credit_kind', 'pool'), ('debit_kind', 'reserved'), ('kind', 'posted')), models.Q(('cause', 'paid_out'), ('credit_kind', 'paid'), ('debit_kind', 'owed'), ('kind', 'posted')), models.Q(('cause', 'slip_redeemed'), ('credit_kind', 'paid'), ('debit_kind', 'owed'), ('kind', 'posted')), models.Q(('cause', 'fulfilled'), ('credit_kind', 'paid'), ('debit_kind', 'owed'), ('kind', 'posted')), models.Q(('cause', 'payment_returned'), ('credit_kind', 'owed'), ('debit_kind', 'paid'), ('kind', 'posted')), models.Q(('cause', 'taken_as_voucher'), ('credit_kind', 'vouchers'), ('debit_kind', 'owed'), ('kind', 'posted')), models.Q(('cause', 'redeemed'), ('credit_kind', 'redeemed'), ('debit_kind', 'vouchers'), ('kind', 'posted')), models.Q(('cause', 'redemption_started'), ('credit_kind', 'redeemed'), ('debit_kind', 'vouchers'), ('kind', 'pending')), models.Q(('cause', 'redeemed'), ('credit_kind', 'redeemed'), ('debit_kind', 'vouchers'), ('kind', 'post')), models.Q(('cause', 'redemption_released'), ('credit_kind', 'redeemed'), ('debit_kind', 'vouchers'), ('kind', 'void')), models.Q(('cause', 'redemption_rolled_back'), ('credit_kind', 'vouchers'), ('debit_kind', 'redeemed'), ('kind', 'posted')), models.Q(('cause', 'expiry_announced'), ('credit_kind', 'expired'), ('debit_kind', 'vouchers'), ('kind', 'posted')), models.Q(('cause', 'qualified'), ('credit_kind', 'owed'), ('debit_kind', 'reserved'), ('kind', 'pending')), models.Q(('cause', 'counted'), ('credit_kind', 'owed'), ('debit_kind', 'reserved'), ('kind', 'post')), models.Q(('cause', 'fraud_decided_by_human'), ('credit_kind', 'owed'), ('debit_kind', 'reserved'), ('kind', 'void')), models.Q(('cause', 'event_undone_before_earned'), ('credit_kind', 'owed'), ('debit_kind', 'reserved'), ('kind', 'void')), models.Q(('cause', 'expiry_announced'), ('credit_kind', 'owed'), ('debit_kind', 'reserved'), ('kind', 'void')), models.Q(('cause', 'qualified'), ('credit_kind', 'vouchers'), ('debit_kind', 'reserved'), ('kind', 'pending')), models.Q(('cause', 'counted'), ('credit_kind', 'vouchers'), ('debit_kind', 'reserved'), ('kind', 'post')), models.Q(('cause', 'fraud_decided_by_human'), ('credit_kind', 'vouchers'), ('debit_kind', 'reserved'), ('kind', 'void')), models.Q(('cause', 'event_undone_before_earned'), ('credit_kind', 'vouchers'), ('debit_kind', 'reserved'), ('kind', 'void')), models.Q(('cause', 'expiry_announced'), ('credit_kind', 'vouchers'), ('debit_kind', 'reserved'), ('kind', 'void')), _connector='OR'), name='ledger_transfer_route_is_known'),
        ),
        migrations.AddConstraint(
            model_name='pledge',
            constraint=models.UniqueConstraint(fields=('draft_id', 'file_hash'), name='ledger_pledge_once'),
        ),
        migrations.AddConstraint(
            model_name='poolalarm',
            constraint=models.UniqueConstraint(fields=('market_id', 'level_percent'), name='ledger_pool_alarm_once'),
        ),
        migrations.AddConstraint(
            model_name='poolalarm',
            constraint=models.CheckConstraint(condition=models.Q(('level_percent__in', (80, 100))), name='ledger_pool_alarm_level_is_known'),
        ),
        migrations.AddConstraint(
            model_name='poolday',
            constraint=models.UniqueConstraint(fields=('market_id', 'day'), name='ledger_pool_day_once'),
        ),
        migrations.RunPython(lower_triggers, lift_triggers),
    ]
