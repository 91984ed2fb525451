"""Paths of this app's pages inside a town."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
