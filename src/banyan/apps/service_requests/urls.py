"""Paths of this app's pages inside a town."""

from __future__ import annotations

from django.urls import URLPattern, path

from banyan.apps.service_requests.pages import (
    answer_words,
    incidents,
    lists,
    near,
    one,
    preview,
    public,
    residents,
    same,
    staff,
)

_ONE = "requests/<uuid:service_request_id>/"

urlpatterns: list[URLPattern] = [
    # residents and everybody
    path("report/", residents.report, name="report"),
    path("report/sent/", residents.received, name="received"),
    path("report/buildings/", residents.buildings, name="report_buildings"),
    path("report/about/<str:code>/", residents.report_details, name="report_details"),
    path("follow/", residents.follow, name="follow"),
    path("follow/forget/", residents.forget, name="forget_numbers"),
    path("requests/", public.public_list, name="public_list"),
    path("requests/points.json", public.public_points, name="public_points"),
    path("requests/mine/", residents.my_requests, name="my_requests"),
    path(_ONE, one.one_request, name="one_request"),
    path("report/about/<str:code>/near/", near.report_near, name="report_near"),
    path("report/about/<str:code>/preview/", preview.report_preview, name="report_preview"),
    path("incidents/", incidents.listed, name="incidents"),
    path("incidents/new/", incidents.new, name="new_incident"),
    path("incidents/<uuid:incident_id>/", incidents.one, name="one_incident"),
    path("incidents/<uuid:incident_id>/change/", incidents.change, name="change_incident"),
    path("incidents/<uuid:incident_id>/<slug:deed>/", incidents.act, name="incident_act"),
    path("lists/<slug:name>/", lists.one_list, name="public_items"),
    path("lists/<slug:name>.csv", lists.export, name="public_items_csv"),
    path("lists/<slug:name>.xlsx", lists.export, {"form": "xlsx"}, name="public_items_xlsx"),
    path(f"{_ONE}follow/", near.follow, name="follow_request"),
    path(f"{_ONE}unfollow/", near.unfollow, name="unfollow_request"),
    path(f"{_ONE}own/<slug:act>/", one.own_act, name="own_act"),
    path(f"{_ONE}photos/<uuid:photo_id>.jpg", one.photo, name="photo"),
    path(f"{_ONE}photos/<uuid:photo_id>.thumb.jpg", one.photo, {"size": "thumb.jpg"}, name="photo_small"),
    # the staff
    path(f"{_ONE}staff/same/", same.panel, name="staff_same"),
    path(f"{_ONE}staff/merge/<uuid:into_id>/", same.merge, name="merge_request"),
    path(f"{_ONE}staff/unmerge/", same.unmerge, name="unmerge_request"),
    path(f"{_ONE}staff/answer/", same.answer, name="answer_request"),
    path("office/answers/", answer_words.keep, name="office_answers"),
    *staff.paths,
]
