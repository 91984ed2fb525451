"""Paths of this app's pages inside a town."""

from __future__ import annotations

from django.urls import URLPattern, path

from banyan.apps.territory.pages import layers, places

urlpatterns: list[URLPattern] = [
    path("map/<slug:name>.json", layers.layer, name="map_layer"),
    path("office/places/", places.places, name="office_places"),
    path("office/places/export.<slug:form>", places.export, name="office_places_export"),
]
