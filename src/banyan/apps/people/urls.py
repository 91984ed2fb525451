"""Paths of this app's pages inside a town."""

from __future__ import annotations

from django.urls import URLPattern, path

from banyan.apps.people import pages

urlpatterns: list[URLPattern] = [path("my-data/", pages.my_data, name="my_data")]
