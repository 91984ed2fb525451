"""Pages of one town.  Every name here takes the slug of the town first."""

from django.urls import include, path

from banyan.faces.web import start

urlpatterns = [
    path("", start.town_home, name="town_home"),
    path("", include("banyan.apps.service_requests.urls")),
    path("", include("banyan.apps.notices.urls")),
    path("", include("banyan.apps.accounts.urls")),
    path("", include("banyan.apps.people.urls")),
    path("", include("banyan.apps.parties.urls")),
    path("", include("banyan.apps.territory.urls")),
    path("", include("banyan.faces.web.office_urls")),
]
