"""Paths of the staff's pages."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path

from banyan.apps.service_requests.pages import board, catalogue, rates, steps, tasks

_ONE: Final = "requests/<uuid:service_request_id>/staff/"

paths: Final[list[URLPattern]] = [
    path("board/", board.board, name="board"),
    path("board/points.json", board.points, name="board_points"),
    path("board/requests.csv", board.export, name="board_csv"),
    path(f"{_ONE}quick/", steps.quick, name="quick_step"),
    path(f"{_ONE}note/", steps.note, name="staff_note"),
    path(f"{_ONE}contact/", steps.contact, name="staff_contact"),
    path(f"{_ONE}proof/", steps.proof, name="staff_proof"),
    path(f"{_ONE}steps/<slug:step>/", steps.take, name="staff_step"),
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/<uuid:service_request_id>/", tasks.take, name="task_step"),
    path("rates/", rates.rates, name="rates"),
    path("rates/list/", rates.behind, name="rates_list"),
    path("rates/public/", rates.public, name="rates_public"),
    path("rates/rates.<slug:form>", rates.export, name="rates_file"),
    path("rates/exclusions/<uuid:exclusion_id>/lift/", rates.lift, name="rates_lift"),
    path(f"{_ONE}rates/", rates.exclude, name="rates_exclude"),
    path("office/catalogue/", catalogue.services, name="office_catalogue"),
    path("office/catalogue/exchange/", catalogue.exchange, name="office_catalogue_exchange"),
    path("office/catalogue/export.<slug:form>", catalogue.export, name="office_catalogue_export"),
    path("office/catalogue/new/", catalogue.service, {"code": ""}, name="office_service_new"),
    path("office/catalogue/service/<str:code>/", catalogue.service, name="office_service"),
]
