from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('service_requests', '0006_search_words'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='servicerequest',
            index=models.Index(condition=models.Q(('retain_until__isnull', False)), fields=['town', 'retain_until', 'status', 'id'], name='requests_by_retention'),
        ),
    ]
