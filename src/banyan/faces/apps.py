"""Start of the house: the wiring is read once, when everything is there."""

from django.apps import AppConfig


class FacesConfig(AppConfig):
    name = "banyan.faces"
    label = "faces"

    def ready(self) -> None:
        from banyan.faces import wiring

        wiring.connect()
