"""The API of audit: the newest checkpoint, for anyone to keep outside."""

from __future__ import annotations

from django.http import HttpResponse
from ninja import Router

from banyan.apps.audit.models import Checkpoint
from banyan.apps.audit.schemas import CheckpointOut
from banyan.base.errors import NotFound
from banyan.kit.api import answered
from banyan.kit.asking import TownRequest

router = Router(tags=["audit"])


@router.get(
    "/audit/checkpoint", response=CheckpointOut, operation_id="read_checkpoint", summary="The newest seal of history"
)
def read_checkpoint(request: TownRequest) -> HttpResponse:
    columns = ("number", "length", "merkle_root", "head", "at")
    newest = Checkpoint.objects.order_by("-number").values(*columns).first()
    if newest is None:
        raise NotFound("checkpoint")
    return answered({"town": request.town.slug, **newest})
