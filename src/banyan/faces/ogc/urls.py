"""The addresses of OGC API - Features of one town."""

from __future__ import annotations

from django.urls import URLPattern, path

from banyan.faces.ogc import views

urlpatterns: list[URLPattern] = [
    path("", views.landing, name="ogc_landing"),
    path("api", views.definition),
    path("conformance", views.conformance),
    path("collections", views.collections),
    path("collections/<str:collection_id>", views.collection),
    path("collections/<str:collection_id>/items", views.items),
    path("collections/<str:collection_id>/items/<str:feature_id>", views.item),
]
