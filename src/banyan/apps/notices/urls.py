"""Paths of this app's pages inside a town."""

from __future__ import annotations

from django.urls import URLPattern, path

from banyan.apps.notices import pages

urlpatterns: list[URLPattern] = [
    path("news/", pages.inbox, name="inbox"),
    path("news/read/", pages.read_all, name="read_all"),
]
