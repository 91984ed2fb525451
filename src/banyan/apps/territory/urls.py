"""Paths of this app's pages inside a town."""

from __future__ import annotations

from django.urls import URLPattern, path

from banyan.apps.territory.pages import layers

urlpatterns: list[URLPattern] = [
    path("map/<slug:name>.json", layers.layer, name="map_layer"),
]
