from django.apps import AppConfig


class TerritoryConfig(AppConfig):
    name = "banyan.apps.territory"
    label = "territory"
    default_auto_field = "django.db.models.BigAutoField"
