from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('people', '0002_payee'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='participant',
            name='people_participant_by_market',
        ),
        migrations.AddIndex(
            model_name='participant',
            index=models.Index(fields=['market_id', 'joined_at'], name='people_participant_by_market'),
        ),
    ]
