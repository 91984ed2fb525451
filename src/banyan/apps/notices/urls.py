"""Paths of this app's pages inside a town."""

from __future__ import annotations

from django.urls import URLPattern, path

from banyan.apps.notices.pages import inbox

urlpatterns: list[URLPattern] = [
    path("news/", inbox.inbox, name="inbox"),
    path("news/read/", inbox.read_all, name="read_all"),
]
