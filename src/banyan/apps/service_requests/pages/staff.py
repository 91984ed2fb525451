"""Paths of the staff's pages."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path

from banyan.apps.service_requests.pages import (
    board,
    bulk,
    calls,
    catalogue,
    imports,
    joint,
    rates,
    routing,
    rulesets,
    rulings,
    steps,
    supervision,
    tasks,
    tickets,
)
from banyan.apps.service_requests.pages.redacting import redact

_ONE: Final = "requests/<uuid:service_request_id>/staff/"

paths: Final[list[URLPattern]] = [
    path("board/", board.board, name="board"),
    path("board/bulk/", bulk.bulk, name="bulk"),
    path("supervision/", supervision.tickets, name="supervision"),
    path(f"{_ONE}supervise/", supervision.supervise, name="supervise"),
    path(f"{_ONE}supervision/<uuid:supervision_id>/", supervision.answer, name="supervision_answer"),
    path("office/rules/", rulesets.overview, name="office_rules"),
    path("office/rules/routing/", routing.rules, name="office_routing"),
    path("office/rules/routing/new/", routing.rule, name="office_routing_new"),
    path("office/rules/routing/trial/", routing.trial, name="office_routing_trial"),
    path("office/rules/routing/rule/<str:code>/", routing.rule, name="office_routing_rule"),
    path("office/rules/routing/rule/<str:code>/do/", routing.deed, name="office_routing_deed"),
    path("office/rules/<slug:subject>/", rulesets.table, name="office_rules_table"),
    path("office/rules/<slug:subject>/versions/", rulesets.versions, name="office_rules_versions"),
    path("office/rules/<slug:subject>/exchange/", rulesets.exchange, name="office_rules_exchange"),
    path("office/rules/<slug:subject>.json", rulesets.export, name="office_rules_file"),
    path("board/points.json", board.points, name="board_points"),
    path("board/requests.csv", board.export, name="board_csv"),
    path("board/requests.xlsx", board.export, {"form": "xlsx"}, name="board_xlsx"),
    path(f"{_ONE}quick/", steps.quick, name="quick_step"),
    path(f"{_ONE}note/", steps.note, name="staff_note"),
    path(f"{_ONE}words/", redact, name="staff_redact"),
    path(f"{_ONE}contact/", steps.contact, name="staff_contact"),
    path(f"{_ONE}proof/", steps.proof, name="staff_proof"),
    path(f"{_ONE}steps/<slug:step>/", steps.take, name="staff_step"),
    path(f"{_ONE}summons/", joint.summon, name="staff_summon"),
    path(f"{_ONE}parts/<uuid:part_id>/<slug:step>/", joint.part_step, name="staff_part_step"),
    path(f"{_ONE}rulings/", rulings.ask, name="staff_ask"),
    path(f"{_ONE}calls/", calls.record, name="staff_call"),
    path("rulings/", rulings.open_rulings, name="rulings"),
    path("rulings/<uuid:ruling_id>/decision/", rulings.decide, name="ruling_decide"),
    path("rulings/<uuid:ruling_id>/withdrawal/", rulings.withdraw, name="ruling_withdraw"),
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/<uuid:service_request_id>/", tasks.take, name="task_step"),
    path("rates/", rates.rates, name="rates"),
    path("rates/list/", rates.behind, name="rates_list"),
    path("rates/public/", rates.public, name="rates_public"),
    path("rates/rates.<slug:form>", rates.export, name="rates_file"),
    path("rates/exclusions/<uuid:exclusion_id>/lift/", rates.lift, name="rates_lift"),
    path(f"{_ONE}rates/", rates.exclude, name="rates_exclude"),
    path("tickets/", tickets.exchange, name="tickets"),
    path("tickets/tickets.<slug:form>", tickets.export, name="tickets_export"),
    path("office/imports/", imports.imports, name="office_imports"),
    path("office/imports/<uuid:run_id>/", imports.one_import, name="office_import"),
    path("office/imports/<uuid:run_id>/report.<slug:form>", imports.import_report, name="office_import_report"),
    path("office/imports/<uuid:run_id>/undo/", imports.undo, name="office_import_undo"),
    path("office/catalogue/", catalogue.services, name="office_catalogue"),
    path("office/catalogue/exchange/", catalogue.exchange, name="office_catalogue_exchange"),
    path("office/catalogue/export.<slug:form>", catalogue.export, name="office_catalogue_export"),
    path("office/catalogue/new/", catalogue.service, {"code": ""}, name="office_service_new"),
    path("office/catalogue/service/<str:code>/", catalogue.service, name="office_service"),
]
