from django.db import migrations, models

KINDS = ["due", "unreached", "vouchers"]


class Migration(migrations.Migration):

    dependencies = [("payouts", "0003_keep_the_banks_word")]

    operations = [
        migrations.RemoveConstraint(model_name="alarm", name="payouts_alarm_once"),
        migrations.RenameField(model_name="alarm", old_name="country", new_name="place"),
        migrations.AlterField(model_name="alarm", name="place", field=models.CharField(max_length=3)),
        # What was told until now was told of payments that were due.
        migrations.AddField(
            model_name="alarm",
            name="kind",
            field=models.CharField(default="due", max_length=12),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="alarm",
            constraint=models.UniqueConstraint(fields=("kind", "place", "day"), name="payouts_alarm_once"),
        ),
        migrations.AddConstraint(
            model_name="alarm",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", KINDS)), name="payouts_alarm_kind_is_known"
            ),
        ),
        migrations.CreateModel(
            name="YearNote",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("participant_id", models.UUIDField(editable=False)),
                ("year", models.PositiveSmallIntegerField()),
                ("told_at", models.DateTimeField()),
            ],
            options={
                "db_table": "payouts_year_note",
                "constraints": [
                    models.UniqueConstraint(fields=("participant_id", "year"), name="payouts_year_note_once")
                ],
            },
        ),
    ]
