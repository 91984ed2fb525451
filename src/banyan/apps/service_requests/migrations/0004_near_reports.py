"""The cell of the grid in which near reports are looked up, filled for the rows that are there; lists by kind."""

from django.db import migrations, models

from banyan.apps.service_requests.rules.likeness import cell

BATCH = 2000


def fill(apps, schema_editor):
    connection = schema_editor.connection
    for town_id in plain(apps.get_model("territory", "Town"), connection).values_list("id", flat=True):
        if connection.vendor == "postgresql":  # row security shows even the owner one town at a time
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('banyan.town', %s, true)", [str(town_id)])
        fill_town(plain(apps.get_model("service_requests", "ServiceRequest"), connection).filter(town_id=town_id))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('banyan.town', '', true)")


def plain(model, connection):
    """Return all rows of a model: the manager of the product would ask for a scope."""
    return models.QuerySet(model, using=connection.alias)


def fill_town(rows):
    waiting = rows.filter(lon__isnull=False, cell__isnull=True).order_by("id")
    while batch := list(waiting[:BATCH]):
        for row in batch:
            row.cell = cell(row.lon, row.lat)
        rows.bulk_update(batch, ["cell"], batch_size=200)


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
