from django.db import migrations, models

CONSENT = "UPDATE uses_use SET basis = 'consent' WHERE allowed"


class Migration(migrations.Migration):
    dependencies = [("uses", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="use", name="uses_use_rests_on_a_consent_or_has_a_reason"),
        migrations.AddField(
            model_name="use", name="basis", field=models.CharField(default="", max_length=20), preserve_default=False
        ),
        migrations.AddField(
            model_name="use", name="is_copy", field=models.BooleanField(default=False), preserve_default=False
        ),
        migrations.AddField(model_name="use", name="ended_at", field=models.DateTimeField(null=True)),
        migrations.RunSQL(CONSENT, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="use",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("allowed", True), ("basis", "consent"), ("consent_number__isnull", False), ("reason", "")
                )
                | models.Q(
                    ("allowed", True),
                    ("basis__in", ["contract", "legal_obligation", "legitimate_interest"]),
                    ("consent_number__isnull", True),
                    ("reason", ""),
                )
                | models.Q(
                    ("allowed", False), ("basis", ""), ("consent_number__isnull", True), ("reason__startswith", "D-")
                ),
                name="uses_use_rests_on_a_basis_or_has_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="use",
            constraint=models.CheckConstraint(
                condition=models.Q(("ended_at__isnull", True))
                | models.Q(("allowed", True), ("ended_at__gte", models.F("decided_at"))),
                name="uses_use_ends_after_it_began",
            ),
        ),
    ]
