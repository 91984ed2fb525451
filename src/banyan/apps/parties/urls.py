"""Paths of this app's pages inside a town."""

from __future__ import annotations

from django.urls import URLPattern, path

from banyan.apps.parties import pages

urlpatterns: list[URLPattern] = [
    path("office/parties/", pages.parties, name="office_parties"),
    path("office/parties/new/", pages.party, {"code": ""}, name="office_party_new"),
    path("office/parties/party/<str:code>/", pages.party, name="office_party"),
    path("office/parties/party/<str:code>/posts/", pages.fill_post, name="fill_post"),
    path("office/parties/party/<str:code>/posts/<uuid:post_id>/end/", pages.end_post, name="end_post"),
]
