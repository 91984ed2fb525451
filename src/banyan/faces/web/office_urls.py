"""Paths of the town office inside a town."""

from django.urls import path

from banyan.faces.web import office

urlpatterns = [
    path("office/", office.overview, name="administration"),
    path("office/roles/", office.roles, name="office_roles"),
    path("office/roles/<uuid:membership_id>/end/", office.end_role, name="office_role_end"),
    path("office/calendar/", office.calendar, name="office_calendar"),
    path("office/history/", office.history, name="office_history"),
]
