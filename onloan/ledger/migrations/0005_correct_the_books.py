"""Corrections in a person's favour: proposed by one member, booked by another, under a cause of their own.

Changing a constraint rebuilds the table on SQLite, which loses its triggers: they are made again here.
"""

from importlib import import_module

from django.db import migrations, models

follow = import_module("onloan.ledger.migrations.0004_follow_money_to_its_end")


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0004_follow_money_to_its_end'),
    ]

    operations = [
        migrations.RunPython(follow.lift_triggers, follow.lower_triggers),
        migrations.CreateModel(
            name='Correction',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('participant_id', models.UUIDField(editable=False)),
                ('market_id', models.UUIDField()),
                ('rule_id', models.CharField(max_length=64)),
                ('reward_kind', models.CharField(max_length=16)),
                ('cause_key', models.CharField(max_length=64)),
                ('amount_minor', models.BigIntegerField()),
                ('currency', models.CharField(max_length=3)),
                ('sealed_reason', models.BinaryField()),
                ('state', models.CharField(max_length=8)),
                ('proposed_by_user_id', models.UUIDField()),
                ('proposed_at', models.DateTimeField()),
                ('decided_by_user_id', models.UUIDField(null=True)),
                ('decided_at', models.DateTimeField(null=True)),
                ('reward_id', models.UUIDField(null=True)),
            ],
            options={
                'db_table': 'ledger_correction',
            },
        ),
        migrations.RemoveConstraint(
            model_name='transfer',
            name='ledger_transfer_route_is_known',
        ),
        migrations.AddConstraint(
            model_name='transfer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('cause', 'joined'), ('credit_kind', 'reserved'), ('debit_kind', 'pool'), ('kind', 'posted')), models.Q(('cause', 'correction'), ('credit_kind', 'reserved'), ('debit_kind', 'pool'), ('kind', 'posted')), models.Q(('cause', 'window_ended'), ('credit_kind', 'pool'), ('debit_kind', 'reserved'), ('kind', 'posted')), models.Q(('cause', 'paid_out'), ('credit_kind', 'paid'), ('debit_kind', 'owed'), ('kind', 'posted')), models.Q(('cause', 'slip_redeemed'), ('credit_kind', 'paid'), ('debit_kind', 'owed'), ('kind', 'posted')), models.Q(('cause', 'fulfilled'), ('credit_kind', 'paid'), ('debit_kind', 'owed'), ('kind', 'posted')), models.Q(('cause', 'payment_returned'), ('credit_kind', 'owed'), ('debit_kind', 'paid'), ('kind', 'posted')), models.Q(('cause', 'taken_as_voucher'), ('credit_kind', 'vouchers'), ('debit_kind', 'owed'), ('kind', 'posted')), models.Q(('cause', 'redeemed'), ('credit_kind', 'redeemed'), ('debit_kind', 'vouchers'), ('kind', 'posted')), models.Q(('cause', 'redemption_started'), ('credit_kind', 'redeemed'), ('debit_kind', 'vouchers'), ('kind', 'pending')), models.Q(('cause', 'redeemed'), ('credit_kind', 'redeemed'), ('debit_kind', 'vouchers'), ('kind', 'post')), models.Q(('cause', 'redemption_released'), ('credit_kind', 'redeemed'), ('debit_kind', 'vouchers'), ('kind', 'void')), models.Q(('cause', 'redemption_rolled_back'), ('credit_kind', 'vouchers'), ('debit_kind', 'redeemed'), ('kind', 'posted')), models.Q(('cause', 'expiry_announced'), ('credit_kind', 'expired'), ('debit_kind', 'vouchers'), ('kind', 'posted')), models.Q(('cause', 'qualified'), ('credit_kind', 'owed'), ('debit_kind', 'reserved'), ('kind', 'pending')), models.Q(('cause', 'correction'), ('credit_kind', 'owed'), ('debit_kind', 'reserved'), ('kind', 'pending')), models.Q(('cause', 'counted'), ('credit_kind', 'owed'), ('debit_kind', 'reserved'), ('kind', 'post')), models.Q(('cause', 'fraud_decided_by_human'), ('credit_kind', 'owed'), ('debit_kind', 'reserved'), ('kind', 'void')), models.Q(('cause', 'event_undone_before_earned'), ('credit_kind', 'owed'), ('debit_kind', 'reserved'), ('kind', 'void')), models.Q(('cause', 'expiry_announced'), ('credit_kind', 'owed'), ('debit_kind', 'reserved'), ('kind', 'void')), models.Q(('cause', 'qualified'), ('credit_kind', 'vouchers'), ('debit_kind', 'reserved'), ('kind', 'pending')), models.Q(('cause', 'correction'), ('credit_kind', 'vouchers'), ('debit_kind', 'reserved'), ('kind', 'pending')), models.Q(('cause', 'counted'), ('credit_kind', 'vouchers'), ('debit_kind', 'reserved'), ('kind', 'post')), models.Q(('cause', 'fraud_decided_by_human'), ('credit_kind', 'vouchers'), ('debit_kind', 'reserved'), ('kind', 'void')), models.Q(('cause', 'event_undone_before_earned'), ('credit_kind', 'vouchers'), ('debit_kind', 'reserved'), ('kind', 'void')), models.Q(('cause', 'expiry_announced'), ('credit_kind', 'vouchers'), ('debit_kind', 'reserved'), ('kind', 'void')), _connector='OR'), name='ledger_transfer_route_is_known'),
        ),
        migrations.AddIndex(
            model_name='correction',
            index=models.Index(condition=models.Q(('state', 'proposed')), fields=['market_id', 'proposed_at'], name='ledger_correction_to_decide'),
        ),
        migrations.AddIndex(
            model_name='correction',
            index=models.Index(fields=['participant_id', 'proposed_at'], name='ledger_correction_of_person'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='ledger_correction_only_gives'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by_user_id__isnull', True), ('reward_id__isnull', True), ('state', 'proposed')), models.Q(('decided_at__isnull', False), ('decided_by_user_id__isnull', False), ('reward_id__isnull', True), ('state', 'refused')), models.Q(('decided_at__isnull', False), ('decided_by_user_id__isnull', False), ('reward_id__isnull', False), ('state', 'approved')), _connector='OR'), name='ledger_correction_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'approved'), _negated=True), models.Q(('decided_by_user_id', models.F('proposed_by_user_id')), _negated=True), _connector='OR'), name='ledger_correction_needs_two_people'),
        ),
        migrations.AddConstraint(
            model_name='correction',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'proposed')), fields=('participant_id', 'rule_id', 'cause_key'), name='ledger_correction_proposed_once'),
        ),
        migrations.RunPython(follow.lower_triggers, follow.lift_triggers),
    ]
