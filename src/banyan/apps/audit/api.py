"""The API of audit: the newest checkpoint, for anyone to keep outside."""

from __future__ import annotations

from django.http import HttpResponse
from ninja import Router

from banyan.apps.audit import queries
from banyan.apps.audit.schemas import CheckpointOut
from banyan.base.errors import NotFound
from banyan.kit.api import JSON
from banyan.kit.asking import TownRequest

router = Router(tags=["audit"])


@router.get(
    "/audit/checkpoint", response=CheckpointOut, operation_id="read_checkpoint", summary="The newest seal of history"
)
def read_checkpoint(request: TownRequest) -> HttpResponse:  # noqa: ARG001
    """The answer is the file that `banyan audit verify` takes as a checkpoint kept outside."""
    newest = queries.newest_checkpoint()
    if newest is None:
        raise NotFound("checkpoint")
    return HttpResponse(newest.to_json(), content_type=JSON)
