"""Every path of the house: pages of towns, sign-in, the API, files."""

from django.urls import include, path

from banyan.apps.accounts import urls as accounts
from banyan.faces.api import api
from banyan.faces.open311 import urls as open311
from banyan.faces.web import admin, start

admin.furnish()

urlpatterns = [
    path("", start.towns, name="home"),
    path("health", start.health, name="health"),
    path("language", start.set_language, name="set_language"),
    path("accounts/", include(accounts.outside)),
    path("t/<slug:town>/", include("banyan.faces.web.town_urls")),
    path("api/v1/", api.urls),
    path("open311/", include(open311.of_all_towns)),
    path("open311/<str:town>/", include("banyan.faces.open311.urls")),
    path("ogc/<slug:town>/", include("banyan.faces.ogc.urls")),
    path("admin/", admin.records.urls),
]
