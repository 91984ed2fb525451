"""The service catalogue."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Router
from pydantic import Field

from banyan.apps.service_requests import queries
from banyan.apps.service_requests.rules import Kind
from banyan.apps.service_requests.schemas import ServiceOut, ServicesOut
from banyan.base.errors import NotFound
from banyan.kit import guard
from banyan.kit.api import TEXT_PATTERN, answered, whole
from banyan.kit.asking import TownRequest

router = Router(tags=["catalogue"])
_COLUMNS = tuple(ServiceOut.model_fields)
Group = Annotated[str, Field(max_length=40, pattern=TEXT_PATTERN, description="Only services of this group.")]


@router.get("/services", response=ServicesOut, operation_id="list_services", summary="Services on offer")
def list_services(request: TownRequest, kind: Kind | None = None, group: Group = "") -> HttpResponse:
    guard.authorise(request.actor, "service_requests.read_public")
    offered = queries.catalogue(request.town).offered.values()
    return whole([_shown(one) for one in offered if kind in (None, one.kind) and group in ("", one.group)])


@router.get("/services/{str:code}", response=ServiceOut, operation_id="read_service", summary="One service")
def read_service(
    request: TownRequest, code: Annotated[str, Field(max_length=60, description="Code of the service.")]
) -> HttpResponse:
    guard.authorise(request.actor, "service_requests.read_public")
    service = queries.catalogue(request.town).offered.get(code)
    if service is None:
        raise NotFound("service")
    return answered(_shown(service))


def _shown(service: queries.ServiceView) -> dict[str, Any]:
    return {name: getattr(service, name) for name in _COLUMNS}
