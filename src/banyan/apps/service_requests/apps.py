from django.apps import AppConfig


class ServiceRequestsConfig(AppConfig):
    name = "banyan.apps.service_requests"
    label = "service_requests"
    default_auto_field = "django.db.models.BigAutoField"
