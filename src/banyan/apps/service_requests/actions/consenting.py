"""What happens when nobody speaks up in time about work that is reported as done."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from banyan.apps.audit import actions as audit
from banyan.apps.service_requests.actions.dispatching import BY_RULE
from banyan.apps.service_requests.actions.steps import take_step
from banyan.apps.service_requests.models import ServiceRequest
from banyan.apps.service_requests.rules import Status, Step
from banyan.apps.service_requests.rules.verification import Because, How, Policy
from banyan.apps.territory.queries import Town
from banyan.base.errors import BanyanError
from banyan.kit import scopes

BATCH: Final = 200
#: How long what could not be settled waits before it is tried again.
_LATER: Final = timedelta(days=1)
_log = logging.getLogger(__name__)


def settle_silence(*, town: Town, at: datetime, limit: int = BATCH) -> int:
    """Settle what nobody spoke up about in time, by the policy it was resolved under; return how many.

    Silence: it counts as verified, and the label says that nobody has looked.  Not drawn for the sample: it is closed
    as such.  Waiting for the reporter: somebody of the town may look from now on.  Run again it changes nothing.
    """
    due = ServiceRequest.objects.filter(verify_by_at__lte=at).order_by("verify_by_at", "id")
    ids = list(due.values_list("id", flat=True)[:limit])
    return sum(_settled_or_later(request_id, town=town, at=at) for request_id in ids)


def _settled_or_later(request_id: UUID, *, town: Town, at: datetime) -> bool:
    try:
        with scopes.action_transaction():
            return _settled(request_id, town=town, at=at)
    except BanyanError as error:  # a part of joint work is not verified yet: one case must not stop the others
        _log.warning("Request %s could not be settled: %s", request_id, error.code)
        ServiceRequest.objects.filter(id=request_id).update(verify_by_at=at + _LATER)
        return False


def _settled(request_id: UUID, *, town: Town, at: datetime) -> bool:
    rows = ServiceRequest.objects.select_for_update(of=("self",))
    request = rows.filter(id=request_id, verify_by_at__lte=at).first()
    if request is None:
        return False
    if request.status != Status.RESOLVED:
        request.verify_by_at = None
        request.save(update_fields=["verify_by_at"])
        return False
    if request.verification == Policy.RESIDENT:
        _opened_to_staff(request, at=at)
        return True
    how = How.UNSAMPLED if request.verification == Policy.SAMPLE else How.SILENCE
    words: dict[str, Any] = {"actor": BY_RULE, "town": town, "service_request_id": request.id, "at": at}
    because = Because(verified_how=str(how))
    take_step(**words, step=Step.VERIFY, because=because)
    if how is How.UNSAMPLED:
        take_step(**words, step=Step.CLOSE, because=because)
    return True


def _opened_to_staff(request: ServiceRequest, *, at: datetime) -> None:
    request.verify_by_at, request.version, request.updated_at = None, request.version + 1, at
    request.save(update_fields=["verify_by_at", "version", "updated_at"])
    audit.record(
        actor=BY_RULE,
        verb="service_requests.left_to_staff",
        subject=("service_request", request.id),
        at=at,
        person_id=request.reporter_id,
    )
