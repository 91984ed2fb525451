"""The addresses of GeoReport v2 inside a town."""

from __future__ import annotations

from django.urls import URLPattern, re_path

from banyan.faces.open311 import views, writing
from banyan.faces.open311.door import door, nothing_here

_FORM = r"\.(?P<form>xml|json)\Z"

urlpatterns: list[URLPattern] = [
    re_path(rf"^discovery{_FORM}", door(get=views.discovery)),
    re_path(rf"^v2/services{_FORM}", door(get=views.services)),
    re_path(rf"^v2/services/(?P<service_code>[^/]+){_FORM}", door(get=views.service_definition)),
    re_path(rf"^v2/requests{_FORM}", door(get=views.requests, post=writing.received)),
    re_path(rf"^v2/requests/(?P<service_request_id>[^/]+){_FORM}", door(get=views.one_request)),
    re_path(rf"^v2/tokens/(?P<token>[^/]+){_FORM}", door(get=views.token)),
    re_path(rf"^v2/servicerequestupdates{_FORM}", door(get=views.updates, post=writing.update_received)),
    re_path("", nothing_here),
]
