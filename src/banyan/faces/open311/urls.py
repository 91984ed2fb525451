"""The addresses of GeoReport v2: inside a town, and for all towns at once."""

from __future__ import annotations

from django.urls import URLPattern, re_path

from banyan.faces.open311 import bulk, views, writing
from banyan.faces.open311.door import door, nothing_here

_FORM = r"\.(?P<form>xml|json)\Z"

#: The resources below an endpoint, which ends in v2.
_RESOURCES: list[URLPattern] = [
    re_path(rf"^v2/services{_FORM}", door(get=views.services)),
    re_path(rf"^v2/services/(?P<service_code>[^/]+){_FORM}", door(get=views.service_definition)),
    re_path(rf"^v2/requests{_FORM}", door(get=views.requests, post=writing.received)),
    re_path(r"^v2/requests\.(?P<form>csv)\Z", door(get=bulk.requests)),
    re_path(rf"^v2/requests/(?P<service_request_id>[^/]+){_FORM}", door(get=views.one_request)),
    re_path(rf"^v2/tokens/(?P<token>[^/]+){_FORM}", door(get=views.token)),
    re_path(rf"^v2/servicerequestupdates{_FORM}", door(get=views.updates, post=writing.update_received)),
]
#: In a town: discovery beside the endpoint, and inside it for clients that look for it there.
urlpatterns: list[URLPattern] = [
    re_path(rf"^(?:v2/)?discovery{_FORM}", door(get=views.discovery)),
    *_RESOURCES,
    re_path("", nothing_here),
]
#: For all towns at once: `jurisdiction_id` says which.  What is not here may be the address of a town.
of_all_towns: list[URLPattern] = [re_path(rf"^discovery{_FORM}", views.discovery_of_all), *_RESOURCES]
