"""The cell of the grid in which near reports are looked up, filled for the rows that are there; lists by kind."""

from django.db import migrations, models

from banyan.apps.service_requests.rules.likeness import cell

BATCH = 2000


def fill(apps, schema_editor):
    # The rows of every town: the manager of the product would ask for a scope.
    rows = models.Manager.from_queryset(models.QuerySet)()
    rows.model = apps.get_model("service_requests", "ServiceRequest")
    last = None
    while True:
        found = rows.using(schema_editor.connection.alias).filter(lon__isnull=False, cell__isnull=True).order_by("id")
        batch = list((found.filter(id__gt=last) if last else found)[:BATCH])
        if not batch:
            return
        for row in batch:
            row.cell = cell(row.lon, row.lat)
        rows.using(schema_editor.connection.alias).bulk_update(batch, ["cell"], batch_size=200)
        last = batch[-1].id


class Migration(migrations.Migration):

    dependencies = [
        ("service_requests", "0003_complete_desk"),
    ]

    operations = [
        migrations.AddField(
            model_name="servicerequest",
            name="cell",
            field=models.BigIntegerField(null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            model_name="servicerequest",
            index=models.Index(
                condition=models.Q(("cell__isnull", False)),
                fields=["town", "cell", "-requested_at"],
                name="requests_near",
            ),
        ),
        migrations.AddIndex(
            model_name="servicerequest",
            index=models.Index(fields=["town", "kind", "-requested_at", "-id"], name="requests_by_kind"),
        ),
    ]
